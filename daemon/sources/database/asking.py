"""The parent's side of a visit: children that are started, fed, timed, ended, never trusted."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final, TypeVar

from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError, ErrorType
from daemon.sources.database.limits import DatabaseLimits
from daemon.sources.database.wire import (
    FindRequest,
    KeysRequest,
    Order,
    QueryRequest,
    Refusal,
    SurveyRequest,
)

R = TypeVar("R")
Request = QueryRequest | SurveyRequest | KeysRequest | FindRequest

_COMMAND: Final = (sys.executable, "-I", "-X", "utf8", "-m", "daemon.sources.database.child")
_START_S: Final = 2.0
"""What a child on a busy machine may take to start, and to stop by itself, beside its time."""
_ROOM: Final = 4 * 1024 * 1024
"""Bytes of a reply beside the rows."""
_LOOKS: Final = 3
"""How often a file that changes under us is looked at without locks before we take them."""
_REFUSALS: Final = frozenset(
    (
        errors.DATABASE_GONE,
        errors.DATABASE_BUSY,
        errors.DATABASE_DAMAGED,
        errors.DATABASE_NOT_READABLE,
        errors.DATABASE_EMPTY,
        errors.DATABASE_CHANGED,
        errors.SQL_REFUSED,
        errors.SQL_INVALID,
        errors.SQL_TIMEOUT,
        errors.SQL_TOO_LARGE,
    )
)
_OUT_OF_MEMORY: Final = 3
"""The child's exit status when it ran out of memory."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Asks children about one database; raises `DATABASE_*` and `SQL_*`."""

    location: str
    name: str
    limits: DatabaseLimits

    def ask(self, request: Request, reply_type: type[R], seconds: float) -> R:
        """The reply of a child that saw the database in one state from start to end."""
        end = time.monotonic() + seconds
        for attempt in range(_LOOKS + 1):
            left = max(0.05, end - time.monotonic())
            order = Order(self.location, left, self.limits.memory_bytes, attempt == _LOOKS, request)
            reply = self._exchange(order, seconds)
            refusal = self._refusal(reply)
            if refusal is None:
                return self._decoded(reply, reply_type)
            type_ = errors.ALL[refusal.error]
            # The last look takes locks and cannot be disturbed, if there is somebody to share with.
            again = type_ is errors.DATABASE_CHANGED and attempt < _LOOKS
            if not again or time.monotonic() > end:
                raise self._error(type_, refusal.reason, seconds)
        raise AssertionError("the last look ends the loop")

    def _exchange(self, order: Order, seconds: float) -> bytes:
        limit = self.limits.bytes * 2 + _ROOM
        try:
            status, reply = _run(codec.encode(order), order.seconds + _START_S, limit)
        except TimeoutError:
            raise self._error(errors.SQL_TIMEOUT, "", seconds) from None
        if reply:
            return reply
        if status == -signal.SIGALRM:
            raise self._error(errors.SQL_TIMEOUT, "", seconds)
        if status == _OUT_OF_MEMORY:
            raise self._error(errors.SQL_TOO_LARGE, "memory", seconds)
        raise self._error(errors.DATABASE_DAMAGED, f"its reader ended with {status}", seconds)

    def _refusal(self, reply: bytes) -> Refusal | None:
        with contextlib.suppress(codec.Malformed):
            refusal = codec.decode(reply, Refusal)
            if errors.ALL.get(refusal.error) in _REFUSALS:
                return refusal
        return None

    def _decoded(self, reply: bytes, reply_type: type[R]) -> R:
        try:
            return codec.decode(reply, reply_type)
        except codec.Malformed as error:
            raise self._error(errors.DATABASE_DAMAGED, "its reader gave no reply", 0) from error

    def _error(self, type_: ErrorType, reason: str, seconds: float) -> AlvoError:
        return AlvoError(
            type_,
            database=self.name,
            location=self.location,
            reason=reason[:300],
            limit=f"{seconds:g}",
        )


def _run(order: bytes, seconds: float, limit: int) -> tuple[int, bytes]:
    """The exit status and the reply of one child; `TimeoutError` once it had to be killed."""
    # No environment, so no keys; its own session, so that Ctrl-C reaches the parent alone.
    process = subprocess.Popen(
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
        bufsize=0,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        try:
            reply = _talk(process.stdin.fileno(), process.stdout.fileno(), order, seconds, limit)
            # Its reply is whole: nothing that it still does is of use.
            if reply:
                process.kill()
            return process.wait(_START_S), reply
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        finally:
            process.kill()
            process.wait()


def _talk(sink: int, source: int, order: bytes, seconds: float, limit: int) -> bytes:
    """Sends while it receives, so that neither side waits for the other for ever."""
    end = time.monotonic() + seconds
    poll = select.poll()
    poll.register(source, select.POLLIN)
    poll.register(sink, select.POLLOUT)
    os.set_blocking(sink, False)
    unsent, received = memoryview(order + b"\n"), bytearray()
    while not received.endswith(b"\n"):
        left = end - time.monotonic()
        ready = dict(poll.poll(left * 1000)) if left > 0 else {}
        if not ready:
            raise TimeoutError
        if sink in ready:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                unsent = unsent[os.write(sink, unsent) :]
            if not unsent or ready[sink] & (select.POLLERR | select.POLLHUP):
                poll.unregister(sink)
        if source in ready:
            chunk = os.read(source, 1 << 20)
            received += chunk
            if not chunk or len(received) > limit:
                return b""
    return bytes(received)
