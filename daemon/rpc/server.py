"""The daemon's socket: takes clients in, sees them out."""

import asyncio
import logging
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.methods import FLOW_WAIT
from daemon.rpc import builtin
from daemon.rpc.binding import Bindings, Caller
from daemon.rpc.connection import DRAIN_S, Connection
from daemon.rpc.dispatcher import Dispatcher
from daemon.rpc.peer import Peers
from daemon.rpc.place import BACKLOG, Place

_log: Final = logging.getLogger(__name__)

GRACE_S: Final = 2.0
"""How long `close` lets begun requests end by themselves."""

_EXTRA_FAREWELLS: Final = 64
"""Refused clients that may still be reading why; beyond that they are cut off unheard."""


class RpcServer:
    """Serves `bindings` (and the builtin methods) at one socket, to one user.

    `descends`: whether a process comes from a session of ours; asked when a client connects and
    again before each guarded method. `language`: of callers that have not said theirs. `place` is
    taken before any state is opened and left after it is closed, so it belongs to the caller.
    """

    def __init__(
        self,
        bindings: Bindings,
        place: Place,
        *,
        max_connections: int = 1024,
        descends: Callable[[int], bool],
        language: str = "en",
        log_file: str = "",
        uid: int | None = None,
        drain_s: float = DRAIN_S,
    ) -> None:
        self._bindings = bindings
        self._place = place
        self._peers = Peers(descends, uid)
        self._max_connections = max_connections
        self._server: asyncio.Server | None = None
        self._open: set[Connection] = set()
        self._admitted: set[Connection] = set()
        self._log_file = log_file
        self.dispatcher: Dispatcher
        self.language = language
        self.drain_s = drain_s

    async def serve(self, listening: socket.socket | None = None) -> None:
        """Takes clients from now on; `listening`: the socket that systemd passed on, if it did."""
        builtin.bind_builtin(self._bindings)
        self.dispatcher = Dispatcher(self._bindings, self._peers.from_session, self._log_file)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(
            lambda: Connection(self, loop),
            sock=listening or self._place.listen(),
            backlog=BACKLOG,
            **_keep_socket(),
        )

    async def close(self) -> None:
        """Takes no more clients, lets what has begun end for `GRACE_S`, answers the rest, closes."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._place.unlink()
        self.dispatcher.stopping = True
        self.dispatcher.cancel(lambda _, method: method == FLOW_WAIT.name)
        await self._idle(GRACE_S)
        self.dispatcher.cancel(lambda _caller, _method: True)
        await self._idle(GRACE_S)
        for connection in list(self._open):
            connection.close()
        if not await self._until(lambda: not self._open, GRACE_S):
            for connection in list(self._open):
                connection.abort()
            await self._until(lambda: not self._open, GRACE_S)

    async def _idle(self, within: float) -> None:
        await self._until(lambda: not any(one.busy for one in self._open), within)

    async def _until(self, condition: Callable[[], bool], within: float) -> bool:
        end = time.monotonic() + within
        while not condition():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.01)
        return True

    # What connections ask.

    def admit(self, connection: Connection, peer: socket.socket) -> Caller:
        """`TOO_MANY_CONNECTIONS` or `PEER_REFUSED` for whom there is no place."""
        if len(self._open) >= self._max_connections + _EXTRA_FAREWELLS:
            raise ConnectionAbortedError
        self._open.add(connection)
        if len(self._admitted) >= self._max_connections:
            raise AlvoError(errors.TOO_MANY_CONNECTIONS, limit=self._max_connections)
        caller = self._peers.caller(peer, self.language)
        self._admitted.add(connection)
        return caller

    def left(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._admitted.discard(connection)


def _keep_socket() -> dict[str, Any]:
    """From Python 3.13 on asyncio, and uvloop there, would remove the socket: systemd's too."""
    return {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
