"""The typed asynchronous connection: `await call(FLOW_START, StartFlow(…))` gives a `Flow`.

For clients that live long: it finds the daemon again after a restart, and asks again what may be
asked twice. What may not (a deletion, a new source) fails, and the caller looks what became of it.
"""

import asyncio
import contextlib
import json
import time
from typing import Any, Final, TypeVar

from client.connection import VERSION, refuse_foreign, unreachable
from client.remote import RemoteError, from_wire
from client.words import Words
from daemon.protocol import codec, methods
from daemon.protocol.calls import Hello
from daemon.protocol.framing import MAX_FRAME_BYTES
from daemon.protocol.methods import Method

P = TypeVar("P")
R = TypeVar("R")

PATIENCE_S: Final = 10.0
"""How long a daemon that went away is waited for."""

_PAUSE_S: Final = 0.1
_REPEATABLE: Final = frozenset(
    {
        methods.DAEMON_PING,
        methods.DAEMON_HELLO,
        methods.DAEMON_STATUS,
        methods.FLOW_START,  # with a flow_id of the caller's own
        methods.FLOW_GET,
        methods.FLOW_LIST,
        methods.FLOW_WAIT,
        methods.INQUIRY_LIST,
        methods.INQUIRY_GET,
        methods.INQUIRY_ANSWER,  # the first one counts, and the second is told so
        methods.TERMINAL_RESIZE,
        methods.INDEX_SEARCH,
        methods.INDEX_STATUS,
        methods.SOURCE_LIST,
    }
)


class _Lost(Exception):
    """The connection ended. `sent`: the request may have arrived."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__()
        self.sent = sent


class TypedConnection:
    """Many calls at once on one connection, which is opened when it is first needed."""

    def __init__(
        self, path: str, words: Words, client: str, patience_s: float = PATIENCE_S
    ) -> None:
        self._path = path
        self._words = words
        self._client = client
        self._patience_s = patience_s
        self._last_id = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()

    async def call(self, method: Method[P, R], params: P) -> R:
        """The result; RemoteError with the daemon's sentence, or DAEMON_UNREACHABLE."""
        give_up = time.monotonic() + self._patience_s
        while True:
            try:
                result = await self._once(method, params)
            except _Lost as lost:
                final = lost.sent and method not in _REPEATABLE
                if final or time.monotonic() > give_up:
                    raise unreachable(self._path, self._words) from None
                await asyncio.sleep(_PAUSE_S)
            else:
                return codec.from_builtins(result, method.result)

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        await self._drop()

    async def _once(self, method: Method[P, R], params: P) -> Any:
        await self._open()
        return await self._send(method.name, codec.to_builtins(params))

    async def _open(self) -> None:
        async with self._opening:
            if self._writer is not None:
                return
            try:
                reader, self._writer = await asyncio.open_unix_connection(
                    self._path, limit=MAX_FRAME_BYTES
                )
            except OSError:
                raise _Lost(sent=False) from None
            try:
                refuse_foreign(self._writer.get_extra_info("socket"), self._words)
            except RemoteError:
                await self._drop()
                raise
            self._reading = asyncio.create_task(self._read(reader, self._writer))
            hello = Hello(self._client, VERSION, self._words.language)
            await self._send(methods.DAEMON_HELLO.name, codec.to_builtins(hello))

    async def _send(self, method: str, params: dict[str, Any]) -> Any:
        writer = self._writer
        if writer is None:
            raise _Lost(sent=False)
        self._last_id += 1
        id_ = self._last_id
        given = {name: value for name, value in params.items() if value is not None}
        body = {"jsonrpc": "2.0", "id": id_, "method": method, "params": given}
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[id_] = future
        try:
            writer.write(codec.encode(body) + b"\n")
            await writer.drain()
            reply = await future
        except ConnectionError:
            raise _Lost(sent=True) from None
        finally:
            self._waiting.pop(id_, None)
        if "error" in reply:
            raise from_wire(reply["error"])
        return reply["result"]

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                reply = json.loads(line)
                future = self._waiting.get(reply.get("id"))
                if future is not None and not future.done():
                    future.set_result(reply)
        except (OSError, ValueError):
            pass  # The daemon went away, or sent what is no line of ours: both end here.
        finally:
            if self._writer is writer:
                await self._drop()

    async def _drop(self) -> None:
        writer, self._writer = self._writer, None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(_Lost(sent=True))
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def is_unreachable(error: RemoteError) -> bool:
    return error.name == "DAEMON_UNREACHABLE"
