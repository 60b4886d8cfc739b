"""From an approved address to the page it leads to: every redirect is checked as the first was."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from daemon.config import InternetSettings
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.sources.internet import curl, urls
from daemon.sources.internet.addresses import Resolver, public_addresses
from daemon.sources.internet.curl import Answer, Head, Limits
from daemon.sources.internet.urls import Url
from prompts import Phrase

OnHop = Callable[[str, str], Awaitable[None]]
"""Told from where to where, before a redirect is followed."""

_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_TEXT: Final = frozenset(
    (
        *("text/html", "application/xhtml+xml", "text/plain", "text/markdown", "text/x-markdown"),
        *("application/json", "application/xml", "text/xml"),
    )
)
_MEDIA: Final = re.compile(r"(text|application)/[a-z0-9.+-]{1,80}")
_CHARSET: Final = re.compile(r';\s*charset\s*=\s*"?([\w.:+-]{1,40})"?', re.IGNORECASE)
_LEAST_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a page, and what their server says they are. `hops`: as of a `Page`."""

    final_url: str
    hops: tuple[str, ...]
    media: str
    charset: str
    body: bytes


class Fetcher:
    """Reads pages by curl, within the limits that are set."""

    def __init__(self, program: str, settings: InternetSettings, resolver: Resolver) -> None:
        self._program = program
        self._settings = settings
        self._resolver = resolver

    async def fetch(self, start: Url, on_hop: OnHop) -> Fetched:
        """Raises `FETCH_*`, `URL_REFUSED`, `ADDRESS_REFUSED`; their `url` is the hop in question."""
        deadline = asyncio.get_running_loop().time() + self._settings.timeout_s
        url, hops = start, list[str]()
        while True:
            answer = await self._ask(url, deadline)
            if answer.head.status not in _REDIRECTS:
                return _fetched(url, hops, answer)
            if len(hops) >= self._settings.max_redirects:
                limit = self._settings.max_redirects
                raise AlvoError(errors.FETCH_REDIRECTS, url=start.text, limit=limit)
            hops.append(url.text)
            next_ = urls.follow(url, _location(url, answer.head))
            await on_hop(url.text, next_.text)
            url = next_

    async def _ask(self, url: Url, deadline: float) -> Answer:
        loop = asyncio.get_running_loop()
        pins: tuple[str, ...] = ()
        if not url.is_literal:
            left = max(deadline - loop.time(), _LEAST_S)
            pins = await public_addresses(url.text, url.host, self._resolver, left)
        left = max(deadline - loop.time(), _LEAST_S)
        limits = Limits(left, self._settings.max_bytes)
        return await curl.ask(self._program, url, pins, limits, _is_text)


def media_of(head: Head) -> str:
    """The media type in lower case; empty where there is none or it makes no sense."""
    media = head.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media if _MEDIA.fullmatch(media) else ""


def charset_of(head: Head) -> str:
    """What the server says that the encoding is."""
    found = _CHARSET.search(head.headers.get("content-type", ""))
    return found[1].lower() if found else ""


def _is_text(head: Head) -> bool:
    """Whether the body is worth its bytes: that of a redirect, an error or a film is not."""
    media = media_of(head)
    kind = media in _TEXT or media.endswith(("+xml", "+json"))
    return kind and 200 <= head.status < 300


def _location(url: Url, head: Head) -> str:
    location = head.headers.get("location", "")
    if not location:
        reason = Phrase("fetch_status", status=head.status)
        raise AlvoError(errors.FETCH_FAILED, url=url.text, reason=reason)
    return location


def _fetched(url: Url, hops: list[str], answer: Answer) -> Fetched:
    head = answer.head
    if not 200 <= head.status < 300:
        reason = Phrase("fetch_status", status=head.status)
        raise AlvoError(errors.FETCH_FAILED, url=url.text, reason=reason)
    media = media_of(head)
    if not _is_text(head):
        said = head.headers.get("content-type", "").partition(";")[0].strip()[:80]
        kind = said or Phrase("fetch_no_type")
        raise AlvoError(errors.FETCH_KIND_REFUSED, url=url.text, kind=kind)
    return Fetched(url.text, tuple(hops), media, charset_of(head), answer.body)
