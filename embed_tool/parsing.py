"""The parent's side of parsing: children that are started, fed, timed, replaced, never trusted."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from typing import Final

from daemon.config import IndexSettings
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from embed_tool.blocks import MAX_HEADING, Block, Extract, Kind, one_line
from embed_tool.reasons import Reason
from embed_tool.sandbox import Guards
from embed_tool.wire import LENGTH, MAX_REPLY, Ready, Refusal, Reply, Request

_START_S: Final = 30.0
_MAX_BLOCKS: Final = 500_000
_MAX_DEPTH: Final = 20
_FILES_OF_A_CHILD: Final = 2000
"""After so many files a child is replaced, so that what a library leaks does not add up."""
_OUT_OF_MEMORY: Final = 3
"""The child's exit status when it ran out of memory."""

_COMMAND: Final = (sys.executable, "-I", "-X", "utf8", "-m", "embed_tool.parser_child")


class _Gone(Exception):
    """The child ended in the middle of a file."""


class _Late(Exception):
    """The child did not answer in time."""


class _Garbled(Exception):
    """The child's reply is not one."""


@dataclass(frozen=True, slots=True)
class ParseLimits:
    timeout_s: float
    memory_bytes: int

    @staticmethod
    def of(settings: IndexSettings) -> "ParseLimits":
        return ParseLimits(settings.parse_timeout_s, settings.parse_memory_bytes)


class Parsers:
    """At most `count` children; each call of `parse` has one to itself. Safe to use from threads."""

    def __init__(self, limits: ParseLimits, count: int = 2) -> None:
        self._limits = limits
        self._free: list[_Child] = []
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(count)

    def parse(self, kind: Kind, path: str, content: bytes, charset: str = "") -> Extract:
        """What is in the file; raises `DOCUMENT_*` with `path` for whatever goes wrong."""
        request = Request(kind, self._limits.timeout_s, charset)
        with self._slots:
            reply = self._asked(request, path, content)
        return _accepted(reply, path)

    def guards(self) -> Guards:
        """How the children are confined here; starts one if none is there."""
        with self._slots:
            child = self._take()
            self._give_back(child)
            return child.guards

    def close(self) -> None:
        for child in self._free:
            child.kill()
        self._free.clear()

    def _take(self) -> "_Child":
        with self._lock:
            if self._free:
                return self._free.pop()
        return _Child(self._limits)

    def _give_back(self, child: "_Child") -> None:
        if child.files >= _FILES_OF_A_CHILD:
            child.kill()
            return
        with self._lock:
            self._free.append(child)

    def _asked(self, request: Request, path: str, content: bytes) -> Reply:
        child = self._take()
        while True:
            try:
                reply = self._ask(child, request, content)
            except (_Gone, _Late, _Garbled) as error:
                child.kill()
                # Perhaps it was worn by the files before: one that is fresh decides.
                if isinstance(error, _Gone) and child.files:
                    child = _Child(self._limits)
                    continue
                raise self._failure(child, path, error) from None
            except BaseException:
                child.kill()
                raise
            self._give_back(child)
            return reply

    def _ask(self, child: "_Child", request: Request, content: bytes) -> Reply:
        answer = child.exchange(codec.encode(request), content, self._limits.timeout_s)
        try:
            return codec.decode(answer, Reply)
        except codec.Malformed:
            raise _Garbled from None

    def _failure(self, child: "_Child", path: str, error: Exception) -> AlvoError:
        late = isinstance(error, _Late) or child.status == -signal.SIGXCPU
        if late:
            limit = round(self._limits.timeout_s)
            return AlvoError(errors.DOCUMENT_TIMEOUT, path=path, limit=limit)
        if isinstance(error, _Garbled):
            reason = Reason.GARBAGE
        elif child.status in (_OUT_OF_MEMORY, -signal.SIGKILL):
            reason = Reason.MEMORY
        else:
            reason = Reason.CRASHED
        return AlvoError(errors.DOCUMENT_UNREADABLE, path=path, reason=reason)


class _Child:
    """One parsing process and the two pipes to it."""

    def __init__(self, limits: ParseLimits) -> None:
        # No environment, so no keys; its own session, so that Ctrl-C reaches the parent alone.
        self._process = subprocess.Popen(
            [*_COMMAND, str(limits.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self.files = 0
        self.status: int | None = None
        try:
            ready = codec.decode(self._exchange(b"", time.monotonic() + _START_S), Ready)
        except (_Gone, _Late, _Garbled, codec.Malformed) as error:
            self.kill()
            raise RuntimeError(f"the parsing child did not start (status {self.status})") from error
        self.guards = ready.guards

    def exchange(self, head: bytes, content: bytes, timeout_s: float) -> bytes:
        frame = LENGTH.pack(len(head), len(content)) + head + content
        reply = self._exchange(frame, time.monotonic() + timeout_s)
        self.files += 1
        return reply

    def kill(self) -> None:
        """Ends it for sure; `status` then says how it had ended."""
        if self.status is not None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            # One that is dying already keeps the status of what it dies of.
            self._process.wait(0.05 if self._process.poll() is None else 0)
        self._process.kill()
        self.status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _exchange(self, frame: bytes, deadline: float) -> bytes:
        """Sends while it receives, so that neither side waits for the other for ever."""
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        if frame:
            poll.register(self._in, select.POLLOUT)
        unsent, received, wanted = memoryview(frame), bytearray(), LENGTH.size
        while len(received) < wanted:
            left = deadline - time.monotonic()
            ready = dict(poll.poll(left * 1000)) if left > 0 else {}
            if not ready:
                raise _Late
            if self._in in ready:
                unsent = self._send(unsent)
                if not unsent:
                    poll.unregister(self._in)
            if self._out in ready:
                wanted = self._receive(received, wanted)
        return bytes(received[LENGTH.size :])

    def _send(self, unsent: memoryview) -> memoryview:
        try:
            return unsent[os.write(self._in, unsent) :]
        except BlockingIOError:
            return unsent
        except BrokenPipeError:
            raise _Gone from None

    def _receive(self, received: bytearray, wanted: int) -> int:
        chunk = os.read(self._out, min(wanted - len(received), 1 << 20))
        if not chunk:
            raise _Gone
        received += chunk
        if len(received) == wanted == LENGTH.size:
            _, size = LENGTH.unpack(received)
            if size > MAX_REPLY:
                raise _Garbled
            return wanted + int(size)
        return wanted


def _accepted(reply: Reply, path: str) -> Extract:
    """The reply, if it keeps its side of the contract; a parser may have been taken over."""
    if reply.refusal is not None:
        raise _refused(reply.refusal, path)
    extract = reply.extract
    if extract is None or len(extract.blocks) > _MAX_BLOCKS or not _sane(extract.blocks):
        raise AlvoError(errors.DOCUMENT_UNREADABLE, path=path, reason=Reason.GARBAGE)
    blocks = [
        block if "\0" not in block.text else replace(block, text=block.text.replace("\0", " "))
        for block in extract.blocks
    ]
    title = one_line(extract.title.replace("\0", " "))[:MAX_HEADING]
    return Extract(title, extract.unit, blocks)


def _sane(blocks: list[Block]) -> bool:
    return all(
        1 <= block.first <= block.last < 2**31
        and len(block.headings) <= _MAX_DEPTH
        and all(len(heading) <= MAX_HEADING and "\0" not in heading for heading in block.headings)
        for block in blocks
    )


def _refused(refusal: Refusal, path: str) -> AlvoError:
    match refusal.error:
        case errors.DOCUMENT_ENCRYPTED.name:
            return AlvoError(errors.DOCUMENT_ENCRYPTED, path=path)
        case errors.DOCUMENT_TOO_LARGE.name:
            return AlvoError(errors.DOCUMENT_TOO_LARGE, path=path, limit=refusal.limit)
    known = {reason.value for reason in Reason}
    reason = Reason(refusal.reason) if refusal.reason in known else refusal.reason[:300]
    return AlvoError(errors.DOCUMENT_UNREADABLE, path=path, reason=reason)
