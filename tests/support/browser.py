"""A real headless Chromium, the distribution's own, and tabs that notice what a page does wrong."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    sync_playwright,
)

ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_INSIDE = ("about:", "blob:", "data:")


def chromium() -> str | None:
    """The browser that is installed here; never one that would have to be fetched."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Chromium:
    """One browser process; what is opened in one context knows nothing of another."""

    def __init__(self) -> None:
        program = chromium()
        assert program is not None
        self._playwright: Playwright = sync_playwright().start()
        try:
            self.browser: Browser = self._playwright.chromium.launch(
                executable_path=program,
                args=list(ARGUMENTS),
                # Chromium's sandbox refuses to work for root.
                chromium_sandbox=os.geteuid() != 0,
            )
        except BaseException:
            self._playwright.stop()
            raise

    def close(self) -> None:
        # As long as it lasts, an event loop counts as running in this thread.
        self.browser.close()
        self._playwright.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Tab:
    """A page of the bridge's. What it must never do is noted, and `check` fails for it.

    That is: an error on the console (a breach of the content security policy is one), an
    exception that nobody caught, a request that leaves the bridge's origin, a dialog.
    """

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.origin = origin
        self.context = context
        self.faults: list[str] = []
        self.requests: list[str] = []
        self._forgiven: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        context.on("request", self._request)

    def __getattr__(self, name: str) -> Any:
        """All that a page of Playwright's can do."""
        return getattr(self.page, name)

    def go(self, path: str) -> Self:
        self.page.goto(self.origin + path)
        return self

    def forgive(self, *forms: str) -> None:
        """Errors that this test brings about: a line of the console that has one of these in it."""
        self._forgiven += forms

    def check(self) -> None:
        left = [f for f in self.faults if not any(re.search(form, f) for form in self._forgiven)]
        assert not left, "\n".join(left)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        if request.url.startswith(_INSIDE):
            return
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.faults.append(f"a request that leaves the page: {request.url}")


@contextlib.contextmanager
def a_context(chromium: Chromium, **options: Any) -> Iterator[BrowserContext]:
    """A browser without history: no cookies, no storage, English, a desktop's size."""
    given = {"viewport": DESKTOP, "locale": "en-US", "reduced_motion": "reduce", **options}
    context = chromium.browser.new_context(**given)
    try:
        yield context
    finally:
        context.close()
