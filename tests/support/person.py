"""A person with a daemon, a bridge and a browser, for the stories that are told in pages."""

import contextlib
from collections.abc import Iterator
from typing import Any, Self

from playwright.sync_api import TimeoutError as PlaywrightTimeout

from client.logins import Logins
from tests.support.browser import Chromium, Tab, a_context
from tests.support.daemon import Home, Rpc, a_home
from tests.support.web import Web

ENDED = {"executed", "failed", "denied", "interrupted", "cancelled", "answered"}
_CALM_MS = 600
"""A little more than the pages want to pass before a yes counts."""


class Person:
    """One imagined person at this machine."""

    def __init__(self, home: Home, chromium: Chromium, rpc: Rpc) -> None:
        self.home = home
        self.bridge = Web(home)
        self.chromium = chromium
        self.rpc = rpc

    @contextlib.contextmanager
    def tab(self, path: str = "/", *, before: str = "", **options: Any) -> Iterator["Place"]:
        """A browser of its own that is logged in, at an address; what it does wrong fails.

        `before`: a script that runs in every page before the page's own.
        """
        with a_context(self.chromium, **options) as context:
            if before:
                context.add_init_script(before)
            place = Place(context, self.bridge.origin)
            place.go(f"/login?code={Logins(self.bridge.files).offer()}")
            if path != "/":
                place.go(path)
            yield place
            place.check()

    def restart_bridge(self) -> None:
        """Killed, as a power cut would, and begun again at the same port."""
        self.bridge.process.kill()
        self.bridge.process.wait(10)
        self.bridge = Web(self.home, "--port", str(self.bridge.port))

    def asked(self, question: str, **more: Any) -> dict[str, Any]:
        """A flow that another client has just started."""
        started: dict[str, Any] = self.rpc(
            "flow.start", question=question, cwd=str(self.home.home), **more
        )
        return started

    def ended(self, flow_id: str) -> dict[str, Any]:
        return self.rpc.follow(flow_id, ENDED)

    def waiting(self, script: str) -> dict[str, Any]:
        """The inquiry of a task that another client has just set."""
        return self.rpc.inquiry(self.asked(f"!{script}")["id"])


class Place(Tab):
    """A tab of Alvo's own pages, and what a person does there."""

    def go(self, path: str) -> Self:
        super().go(path)
        return self.ready()

    def ready(self) -> Self:
        try:
            self.page.wait_for_selector("html[data-ready]", state="attached")
        except PlaywrightTimeout:
            self.check()
            raise
        return self

    def another(self) -> "Place":
        """A second tab of the same browser."""
        return Place(self.context, self.origin)

    def ask(self, question: str) -> Self:
        self.page.fill("textarea.ask", question)
        self.page.keyboard.press("Enter")
        return self

    def answer(self, kind: str, within: str = "section.inquiry") -> Self:
        """Presses one of an inquiry's buttons (allow, apply, deny), having looked at it."""
        button = self.page.locator(f"{within} [data-answer={kind}]").last
        button.wait_for()
        self.look()
        button.click()
        return self

    def look(self) -> Self:
        """As long as a person needs to see what they are asked."""
        self.page.evaluate(f"new Promise((seen) => setTimeout(seen, {_CALM_MS}))")
        return self

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)


@contextlib.contextmanager
def a_person(chromium: Chromium, **environ: str) -> Iterator[Person]:
    with a_home() as home:
        home.start(**environ)
        with home.rpc() as rpc:
            person = Person(home, chromium, rpc)
            try:
                yield person
            finally:
                person.bridge.stop()
