"""The daemon's one door to the internet: an approval goes in, a page comes out."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from weakref import WeakKeyDictionary

from daemon.config import InternetSettings, Paths
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.sources.internet import curl, urls
from daemon.sources.internet.addresses import Resolver, system_resolver
from daemon.sources.internet.cache import PageCache
from daemon.sources.internet.hops import Fetcher, OnHop
from daemon.sources.internet.pages import Page, page_of
from daemon.sources.internet.urls import Url
from daemon.store.approvals import UsedApproval
from daemon.store.clock import now

_CACHE_FILE: Final = "pages.db"
_AT_ONCE: Final = 4
"""Pages that are read side by side; each takes a curl and a parser."""
_QUERY: Final = "{query}"


class Internet:
    """Fetches what a person said yes to, and nothing else."""

    def __init__(
        self,
        settings: InternetSettings,
        paths: Paths,
        environ: Mapping[str, str],
        resolver: Resolver = system_resolver,
    ) -> None:
        """`CONFIG_INVALID` for a search address that is none. curl is looked for in PATH."""
        self._settings = settings
        self._environ = environ
        self._resolver = resolver
        self._cache = PageCache(paths.cache_dir / _CACHE_FILE, settings.cache_s)
        self._used = WeakKeyDictionary[UsedApproval, set[int]]()
        self._running = set[asyncio.Task[Page]]()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._closed = False
        _check_search_url(settings.search_url)

    def addresses(self, given: Sequence[str], query: str) -> tuple[str, ...]:
        """What to ask the person for, as it would be fetched: those given, else the search.

        Empty where there is neither. Raises `URL_REFUSED` for the first that must not be fetched.
        """
        if given:
            return tuple(dict.fromkeys(urls.parse(url).text for url in given))
        if self._settings.search_url and query.strip():
            return (urls.search(self._settings.search_url, query.strip()).text,)
        return ()

    def cached(self, url: str) -> Page | None:
        """The page if it was read a short while ago; nothing is fetched."""
        return self._cache.get(urls.parse(url).text)

    async def fetch(self, approval: UsedApproval, n: int, on_hop: OnHop) -> Page:
        """Reads `approval.urls[n]`, once ever, and keeps it for `cached`.

        Raises `APPROVAL_MISMATCH`, `CURL_MISSING`, `FETCH_*`, `URL_REFUSED`, `ADDRESS_REFUSED`,
        `DOCUMENT_*`.
        """
        if self._closed:
            raise AlvoError(errors.DAEMON_STOPPING)
        url = self._use_up(approval, n)
        task = asyncio.create_task(self._fetch(url, on_hop))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await task

    async def close(self) -> None:
        """Every curl that runs is ended."""
        self._closed = True
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        await asyncio.to_thread(self._cache.close)

    def _use_up(self, approval: UsedApproval, n: int) -> Url:
        """Before anything is awaited: two calls at the same moment are one too many."""
        used = self._used.setdefault(approval, set())
        if not 0 <= n < len(approval.urls) or n in used:
            raise AlvoError(errors.APPROVAL_MISMATCH, flow=approval.flow_id)
        used.add(n)
        url = urls.parse(approval.urls[n])
        if url.text != approval.urls[n]:
            # The person saw another spelling than the one that would be fetched.
            raise AlvoError(errors.APPROVAL_MISMATCH, flow=approval.flow_id)
        return url

    async def _fetch(self, url: Url, on_hop: OnHop) -> Page:
        async with self._slots:
            fetcher = Fetcher(curl.find(self._environ), self._settings, self._resolver)
            fetched = await fetcher.fetch(url, on_hop)
            page = await page_of(url.text, fetched, now(), self._settings.timeout_s)
        await asyncio.to_thread(self._cache.put, page)
        return page


def _check_search_url(template: str) -> None:
    if not template:
        return
    try:
        urls.search(template, "a")
        reason = "" if _QUERY in template.partition("://")[2].partition("/")[2] else _QUERY
    except AlvoError as error:
        reason = str(error.blanks["reason"])
    if reason:
        raise AlvoError(errors.CONFIG_INVALID, where="internet.search_url", reason=reason)
