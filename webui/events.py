"""`GET /api/v1/events`: what happens to flows, as server-sent events.

Each event has its `seq` as id, so that a browser that comes again (`Last-Event-ID`) misses none and
gets none twice. A page that does not read is let go: it comes again where it was.
"""

import asyncio
import time
from typing import Any, Final, Never

from aiohttp import web

from client.remote import RemoteError
from daemon.protocol import codec, errors
from daemon.protocol.calls import ByFlow
from daemon.protocol.errors import AlvoError
from daemon.protocol.methods import FLOW_GET
from daemon.protocol.values import FlowId
from webui.feed import PAUSE_S, Encoded, Feed
from webui.replies import FENCES
from webui.upstream import Upstream

MAX_PAGES: Final = 200
HEARTBEAT_S: Final = 15.0
SLOW_S: Final = 20.0
"""How long a page may leave what it was sent unread."""

_PIECE_BYTES: Final = 64 * 1024
_HEADERS: Final = {
    **FENCES,
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


class Events:
    """Streams to each page what comes after the event that it names."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self.feed = Feed(upstream)
        self._pages: set[asyncio.Task[Any]] = set()

    async def answer(self, request: web.BaseRequest, language: str) -> Never:
        """`flow_id`: of one flow only. `after`: from there on; left out, all of one flow, or news only.

        Streams until the page or the bridge goes; then raises ConnectionResetError.
        """
        if self.feed.readers >= MAX_PAGES:
            raise AlvoError(errors.WEB_BUSY)
        flow_id = await self._flow(request.query.get("flow_id"), language)
        after = _after(request)
        self.feed.join()
        page = asyncio.current_task()
        assert page is not None
        self._pages.add(page)
        try:
            if after is None:
                after = 0 if flow_id else await self.feed.latest()
            response = web.StreamResponse(headers=_HEADERS)
            response.force_close()
            await response.prepare(request)
            await self._stream(response, after, flow_id)
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError from None
        finally:
            self._pages.discard(page)
            await self.feed.leave()

    async def close(self) -> None:
        """Ends every stream: the pages come again when there is a bridge again."""
        for page in self._pages:
            page.cancel()
        await self.feed.close()

    async def _flow(self, given: str | None, language: str) -> str | None:
        """The whole id; FLOW_NOT_FOUND before anything is streamed."""
        if given is None:
            return None
        flow = await self._upstream.call(FLOW_GET, ByFlow(FlowId(given)), language)
        return flow.id

    async def _stream(
        self, response: web.StreamResponse, cursor: int, flow_id: str | None
    ) -> Never:
        await _write(response, b"retry: 1000\n\n")
        reachable, beat = True, time.monotonic()
        while True:
            found, cursor = await self._news(cursor, flow_id)
            await _write_all(response, found)
            if reachable != self.feed.reachable:
                reachable = self.feed.reachable
                told = codec.encode({"reachable": reachable})
                await _write(response, b"event: daemon\ndata: " + told + b"\n\n")
            if found:
                beat = time.monotonic()
            elif time.monotonic() - beat >= HEARTBEAT_S:
                await _write(response, b": still here\n\n")
                beat = time.monotonic()

    async def _news(self, cursor: int, flow_id: str | None) -> tuple[list[Encoded], int]:
        try:
            return await self.feed.news(cursor, flow_id, HEARTBEAT_S)
        except AlvoError:
            await asyncio.sleep(PAUSE_S)
        except RemoteError as error:
            if error.name == "FLOW_NOT_FOUND":  # deleted: there will be no more
                raise ConnectionResetError from None
            await asyncio.sleep(PAUSE_S)
        return [], cursor


def _after(request: web.BaseRequest) -> int | None:
    """A browser that comes again says what it saw last; its address is still the first one."""
    given = request.headers.get("Last-Event-ID") or request.query.get("after")
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise AlvoError(errors.INVALID_PARAMS, method="events", field="after", reason="after")
    return int(given)


async def _write_all(response: web.StreamResponse, events: list[Encoded]) -> None:
    """Piece by piece: what a page has not read is never more than one of them."""
    piece = bytearray()
    for event in events:
        piece += event.text
        if len(piece) >= _PIECE_BYTES:
            await _write(response, bytes(piece))
            piece.clear()
    if piece:
        await _write(response, bytes(piece))


async def _write(response: web.StreamResponse, text: bytes) -> None:
    async with asyncio.timeout(SLOW_S):
        await response.write(text)
