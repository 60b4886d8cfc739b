"""aiohttp's connections with limits of ours: how many, how long, and what a broken request gets."""

import asyncio
import logging
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from webui.peers import Owner, is_here, owner

_log: Final = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 512
HEADER_S: Final = 10.0
"""How long a new connection may take for its first request's head."""

KEEP_ALIVE_S: Final = 60.0
"""How long a connection may take for each further one."""

WRITE_S: Final = 60.0
"""How long a reply may be left unread."""

MAX_LINE_BYTES: Final = 8190
MAX_HEADERS: Final = 64


class Connection(RequestHandler):
    """One client. What is learned of its other end is kept as long as it lasts."""

    __slots__ = ("_head_timer", "_looked", "_owner", "_server")

    def __init__(self, manager: "Server", **given: Any) -> None:
        super().__init__(manager, **given)
        self._server = manager
        self._head_timer: asyncio.TimerHandle | None = None
        self._looked = False
        self._owner: Owner | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if len(self._server.connections) > MAX_CONNECTIONS:
            _log.warning("more than %d connections: one is cut off", MAX_CONNECTIONS)
            self.force_close()
            return
        loop = asyncio.get_running_loop()
        self._head_timer = loop.call_later(HEADER_S, self._too_slow)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What aiohttp's own parser refuses, and what went wrong in a way not foreseen."""
        del message
        if isinstance(exc, ConnectionError):
            raise exc  # The client is gone: there is nobody to answer, and nothing to log.
        response: web.StreamResponse = self._server.broken(request, status, exc)
        response.force_close()
        return response

    def owner(self) -> Owner | None:
        """The other end's user and socket, where it is on this machine; looked up once."""
        if not self._looked and self.transport is not None:
            theirs = self.transport.get_extra_info("peername")
            ours = self.transport.get_extra_info("sockname")
            self._owner = owner(theirs[:2], ours[:2])
            self._looked = True
        return self._owner

    @property
    def is_local(self) -> bool:
        """Whether the other end is on this machine."""
        if self.transport is None:
            return True
        return is_here(self.transport.get_extra_info("peername"))

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """A client that leaves its reply unread holds it in our memory only so long."""
        try:
            async with asyncio.timeout(WRITE_S):
                return await super().finish_response(request, resp, start_time)
        except TimeoutError:
            if self.transport is not None:
                self.transport.abort()
            raise ConnectionResetError from None

    def _too_slow(self) -> None:
        if self._request_count == 0:
            self.force_close()


class Server(web.Server):
    """Makes a `Connection` for each client."""

    def __init__(self, handler: Any, broken: Any) -> None:
        super().__init__(handler, handler_cancellation=True)
        self.broken = broken

    def __call__(self) -> Connection:
        return Connection(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,
            keepalive_timeout=KEEP_ALIVE_S,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
            max_headers=MAX_HEADERS,
            lingering_time=2.0,
            auto_decompress=False,
        )
