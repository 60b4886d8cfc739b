"""How a database's files are, looked at without a lock: before it is opened, and afterwards."""

import fcntl
import os
import stat
import struct
import time

from daemon.sources.database.child.clock import Clock
from daemon.sources.database.child.refusals import Refused

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_COUNTER = slice(24, 28)
_WAL_HEADER = 32
_NEWEST_VERSION = 2
_WAL_VERSION = 2

_BUSY_S = 0.5
"""How long a writer is waited for before the database is said to be busy."""
_TICK_S = 0.02
"""Two writes within one tick of the kernel's clock leave one modification time."""

_FLOCK = "hhqqi4x"
_RESERVED = 0x40000001
_SHARED = 0x40000002
_SHARED_SIZE = 510
"""Where SQLite's locks lie in the file: the reserved one says that a transaction is being made, a
write lock on the shared ones that the file itself is being written."""


class Look:
    """The state of the files at one moment. `wal`: there is a log, whose commits count too."""

    def __init__(self, path: bytes) -> None:
        self.path = path
        # Never closed: closing a file drops every lock that this process has on it.
        self._file = _opened(path)
        facts = os.fstat(self._file)
        if not stat.S_ISREG(facts.st_mode):
            raise Refused("DATABASE_NOT_READABLE", "not a regular file")
        self._header = os.pread(self._file, _HEADER, 0)
        self._facts = _facts(facts)
        self._log = _head(path + b"-wal")
        self.wal = self._header[19:20] == bytes((_WAL_VERSION,)) and len(self._log) == _WAL_HEADER
        self.modified = facts.st_mtime

    def check(self) -> None:
        """Raises what the header of the file says against reading it."""
        if not self._header:
            raise Refused("DATABASE_EMPTY")
        if not self._header.startswith(_MAGIC[: len(self._header)]):
            raise Refused("DATABASE_NOT_READABLE", "encrypted, or not an SQLite file")
        if len(self._header) < _HEADER:
            raise Refused("DATABASE_DAMAGED", "it ends within its header")
        if self._header[19] > _NEWEST_VERSION:
            raise Refused("DATABASE_NOT_READABLE", "written by a newer SQLite")

    def busy(self) -> bool:
        """The file is being written, or was when its writer ended."""
        if self.wal:
            return False
        if self._locked(_SHARED, _SHARED_SIZE):
            return True
        # A transaction that is being made has not reached the file while nobody may write that.
        return bool(_head(self.path + b"-journal", 1).strip(b"\0")) and not self._locked(_RESERVED)

    def changed(self) -> bool:
        """Something has been written to the file since; what is in the log alone is no matter."""
        try:
            now = Look(self.path)
        except Refused:
            return True
        return (
            now._facts != self._facts
            or now._header[_COUNTER] != self._header[_COUNTER]
            or (self.wal and now._log != self._log)
            or now.busy()
        )

    def files(self) -> list[bytes]:
        """All that opening it reads."""
        return [self.path, *(self.path + end for end in (b"-wal", b"-journal", b"-shm"))]

    def _locked(self, start: int, size: int = 1) -> bool:
        """Another process holds a write lock there; asks without taking one."""
        asked = struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, start, size, 0)
        try:
            answer = fcntl.fcntl(self._file, fcntl.F_GETLK, asked)
        except OSError:
            return False  # a file system without locks: the times and the counter remain
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)


def look(location: str, clock: Clock) -> Look:
    """Waits a moment for a writer; raises `DATABASE_*`."""
    path = os.path.realpath(os.fsencode(location))
    end = min(clock.end, time.monotonic() + _BUSY_S)
    while True:
        seen = Look(path)
        seen.check()
        age = time.time() - seen.modified
        if 0 <= age < _TICK_S:
            time.sleep(_TICK_S - age)
            continue
        if not seen.busy():
            return seen
        if time.monotonic() > end:
            raise Refused("DATABASE_BUSY")
        time.sleep(0.02)


def _opened(path: bytes) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        raise Refused("DATABASE_GONE") from None
    except OSError as error:
        raise Refused("DATABASE_NOT_READABLE", error.strerror or "") from None


def _head(path: bytes, size: int = _WAL_HEADER) -> bytes:
    """The first bytes of a file beside it; none if there is no such file."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        regular = stat.S_ISREG(os.fstat(file).st_mode)
        return os.pread(file, size, 0) if regular else b""
    except OSError:
        return b""


def _facts(facts: os.stat_result) -> tuple[int, ...]:
    return (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)
