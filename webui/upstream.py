"""The connections to the daemon: one frame out, one line back, as bytes.

A connection carries one question at a time, so that neither ids nor replies need to be read here;
there are as many as there are questions at once. One that the daemon has closed is replaced when it
is next needed: that is all it takes to outlive the daemon.
"""

import asyncio
from typing import Any, Final, TypeVar, cast

from client.connection import VERSION, refuse_foreign
from client.remote import from_wire
from client.words import Words
from daemon.protocol import codec, errors
from daemon.protocol.calls import Hello
from daemon.protocol.errors import AlvoError
from daemon.protocol.framing import MAX_FRAME_BYTES, NEWLINE
from daemon.protocol.methods import DAEMON_HELLO, Method

P = TypeVar("P")
R = TypeVar("R")

MAX_CONNECTIONS: Final = 256
"""At once; who comes later waits for one that gets free."""

_FULL_S: Final = 5.0
_REPLY_S: Final = 120.0
"""Longer than anything that the daemon is asked to wait for."""


class _Lost(Exception):
    """The daemon has closed the connection."""


class Upstream:
    """`ask` passes a frame on and gives the reply's line; `call` does the same for one method."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: dict[str, list[_Line]] = {}
        self._places = asyncio.Semaphore(MAX_CONNECTIONS)

    async def ask(self, frame: bytes, language: str) -> bytes:
        """`frame`: one JSON-RPC message that will be answered, without newlines.

        Raises DAEMON_UNREACHABLE; whether what was sent was still done is then not known.
        """
        try:
            async with asyncio.timeout(_FULL_S):
                await self._places.acquire()
        except TimeoutError:
            raise AlvoError(errors.WEB_BUSY) from None
        try:
            return await self._asked(frame, language)
        except (_Lost, OSError, TimeoutError):
            raise AlvoError(errors.DAEMON_UNREACHABLE, socket=self._path) from None
        finally:
            self._places.release()

    async def call(self, method: Method[P, R], params: P | dict[str, Any], language: str) -> R:
        """The result as the method's type; RemoteError with the daemon's sentence."""
        return codec.from_builtins(await self.result(method, params, language), method.result)

    async def result(self, method: Method[P, R], params: P | dict[str, Any], language: str) -> Any:
        """The result as it came."""
        given = codec.to_builtins(params)
        given = {name: value for name, value in given.items() if value is not None}
        frame = codec.encode({"jsonrpc": "2.0", "id": 1, "method": method.name, "params": given})
        if len(frame) >= MAX_FRAME_BYTES:
            raise AlvoError(errors.FRAME_TOO_LARGE, limit=MAX_FRAME_BYTES)
        reply = codec.decode(await self.ask(frame, language), dict)
        if "error" in reply:
            raise from_wire(reply["error"])
        return reply["result"]

    async def close(self) -> None:
        for lines in self._idle.values():
            for line in lines:
                line.close()
        self._idle.clear()

    async def _asked(self, frame: bytes, language: str) -> bytes:
        idle = self._idle.setdefault(language, [])
        line = None
        while idle and line is None:
            last = idle.pop()
            line = None if last.lost else last
        line = line or await self._open(language)
        try:
            reply = await line.ask(frame)
        except BaseException:
            # Its reply may still come; nobody else may take it for theirs.
            line.close()
            raise
        idle.append(line)
        return reply

    async def _open(self, language: str) -> "_Line":
        loop = asyncio.get_running_loop()
        _, line = await loop.create_unix_connection(_Line, self._path)
        try:
            line.check(language)
            hello = codec.to_builtins(Hello("web", VERSION, language))
            frame = {"jsonrpc": "2.0", "id": 0, "method": DAEMON_HELLO.name, "params": hello}
            reply = codec.decode(await line.ask(codec.encode(frame)), dict)
            if "error" in reply:
                raise from_wire(reply["error"])
        except BaseException:
            line.close()
            raise
        return line


class _Line(asyncio.Protocol):
    """One connection, with at most one question under way."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._reply: asyncio.Future[bytes] | None = None
        self.lost = False

    def check(self, language: str) -> None:
        """Raises `RemoteError` for a daemon of another user."""
        refuse_foreign(self._transport.get_extra_info("socket"), Words(language))

    async def ask(self, frame: bytes) -> bytes:
        if self.lost:
            raise _Lost
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(frame + NEWLINE)
        async with asyncio.timeout(_REPLY_S):
            return await self._reply

    def close(self) -> None:
        self.lost = True
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not data.endswith(NEWLINE):
            if len(self._received) > MAX_FRAME_BYTES:
                self.close()
            return
        line = bytes(self._received[:-1])
        self._received.clear()
        if self._reply is None or self._reply.done():
            self.close()  # A farewell that nobody asked for.
            return
        self._reply.set_result(line)

    def connection_lost(self, _error: Exception | None) -> None:
        self.lost = True
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(_Lost())
