"""One client: cuts its bytes into frames, lets a bounded number run, writes one reply after another."""

import asyncio
import logging
import select
import socket
from typing import Any, Final, Protocol, cast

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.framing import MAX_FRAME_BYTES, NEWLINE
from daemon.protocol.methods import FLOW_WAIT
from daemon.rpc import door, replies
from daemon.rpc.binding import Caller
from daemon.rpc.dispatcher import Dispatcher
from daemon.rpc.door import Message, Refusal

_log: Final = logging.getLogger(__name__)

MAX_OUTSTANDING: Final = 256
"""Requests of one connection that run at once; further ones wait in the socket."""

FRAMES_A_TURN: Final = 64
"""Frames begun before other connections get their turn."""

WRITE_HIGH: Final = 1024 * 1024
"""Unread replies, in bytes, beyond which nothing more is begun for this client."""

WRITE_LIMIT: Final = 4 * MAX_FRAME_BYTES
"""Unread replies beyond which the client is cut off: what ran already may bring it here."""

DRAIN_S: Final = 30.0
"""How long a client may leave its replies unread once they pass `WRITE_HIGH`."""

LINGER_S: Final = 2.0
"""How long we go on reading, unheard, after a farewell: closing at once would lose it."""

_GONE_LOOK_S: Final = 1.0


class Owner(Protocol):
    """What a connection asks of its server."""

    dispatcher: Dispatcher
    language: str
    drain_s: float

    def admit(self, connection: "Connection", peer: socket.socket) -> Caller:
        """Who it is; raises an `AlvoError` for whom there is no place."""

    def left(self, connection: "Connection") -> None:
        """The connection is no more."""


class Connection(asyncio.Protocol):
    """Reads, runs and answers for one client; nothing it does or leaves undone holds up another."""

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self._loop = loop
        self._transport: asyncio.Transport
        self._caller: Caller | None = None
        self._buffer = bytearray()
        self._searched = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._full = False
        self._paused = False
        self._turn_due = False
        self._ended = False
        self._leaving = False
        self._drain: asyncio.TimerHandle | None = None

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_HIGH)
        try:
            self._caller = self._owner.admit(self, transport.get_extra_info("socket"))
        except AlvoError as error:
            self._farewell(error)
        except OSError:
            self.abort()

    def data_received(self, data: bytes) -> None:
        if self._leaving:
            return
        self._buffer += data
        if not self._turn_due:
            self._turn()

    def eof_received(self) -> bool:
        """Half-closed: what was asked is answered still."""
        self._ended = True
        if self._leaving:
            return False
        if self._buffer and not self._buffer.endswith(NEWLINE):
            self._buffer += NEWLINE
        self._turn()
        self._look_whether_gone()
        return True

    def pause_writing(self) -> None:
        self._full = True
        self._drain = self._loop.call_later(self._owner.drain_s, self._too_slow)

    def resume_writing(self) -> None:
        self._full = False
        if self._drain is not None:
            self._drain.cancel()
            self._drain = None
        self._turn()

    def connection_lost(self, _error: Exception | None) -> None:
        self._leaving = True
        self._buffer.clear()
        if self._drain is not None:
            self._drain.cancel()
        caller = self._caller
        if caller is not None:
            # Waiting changes nothing, so it need not go on; what else has begun is finished.
            self._owner.dispatcher.cancel(
                lambda c, method: c is caller and method == FLOW_WAIT.name
            )
        self._owner.left(self)

    # What the server asks.

    @property
    def busy(self) -> bool:
        """Whether anything of this client runs."""
        return bool(self._tasks)

    def close(self) -> None:
        """Takes no more, and closes once what was written is read."""
        self._leaving = True
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    # Frames.

    def _turn(self) -> None:
        """Begins what may begin now; goes on in the loop's next round if there is more."""
        self._turn_due = False
        begun = 0
        while self._may_begin():
            end = self._buffer.find(NEWLINE, self._searched)
            if end < 0:
                self._searched = len(self._buffer)
                break
            if end >= MAX_FRAME_BYTES:
                return self._oversized()
            if begun == FRAMES_A_TURN:
                self._turn_due = True
                self._loop.call_soon(self._turn)
                break
            frame = self._buffer[:end]
            del self._buffer[: end + 1]
            self._searched = 0
            begun += 1
            self._begin(door.read(frame))
        if self._searched >= MAX_FRAME_BYTES:
            return self._oversized()
        self._steer()
        return None

    def _may_begin(self) -> bool:
        return not (self._full or self._leaving) and len(self._tasks) < MAX_OUTSTANDING

    def _begin(self, message: Message) -> None:
        assert self._caller is not None
        if isinstance(message, Refusal):
            self._write(replies.refusal_reply(message, self._caller.language))
            return
        task = self._loop.create_task(self._run(message, self._caller))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def _run(self, message: Message, caller: Caller) -> None:
        reply = await self._owner.dispatcher.answer(message, caller)
        if reply is not None:
            self._write(reply)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a reply was lost", exc_info=error)
        if not self._leaving and not self._turn_due and (self._paused or self._ended):
            self._turn()

    def _steer(self) -> None:
        """Stops reading while nothing can begin; closes when a half-closed client has its replies."""
        if self._leaving:
            return
        if self._ended:
            if not self._tasks and not self._buffer:
                self.close()
            return
        hold = self._turn_due or not self._may_begin()
        if hold != self._paused:
            self._paused = hold
            if hold:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _write(self, reply: bytes) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(reply + NEWLINE)
        if self._full and self._transport.get_write_buffer_size() > WRITE_LIMIT:
            self._too_slow()

    # Endings.

    def _oversized(self) -> None:
        self._farewell(AlvoError(errors.FRAME_TOO_LARGE, limit=MAX_FRAME_BYTES))

    def _farewell(self, error: AlvoError) -> None:
        """Says why, ends our half, and drops what still comes until the client has closed."""
        self._leaving = True
        self._buffer.clear()
        language = self._caller.language if self._caller else self._owner.language
        self._transport.write(replies.error_reply(error, language) + NEWLINE)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        if self._paused:
            self._transport.resume_reading()
        self._loop.call_later(LINGER_S, self._transport.abort)

    def _too_slow(self) -> None:
        _log.warning("cut off a client that does not read (process %s)", self._pid())
        self._transport.abort()

    def _pid(self) -> Any:
        return self._caller.pid if self._caller else "?"

    def _look_whether_gone(self) -> None:
        """A client that has closed altogether looks half-closed at first; its place is freed."""
        if self._transport.is_closing():
            return
        if self._buffer:  # it may have sent and closed: what it sent is done
            self._loop.call_later(_GONE_LOOK_S, self._look_whether_gone)
            return
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), 0)
        if any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0)):
            self._transport.abort()
        else:
            self._loop.call_later(_GONE_LOOK_S, self._look_whether_gone)
