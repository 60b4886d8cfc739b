"""Which file the index is: a pointer of one line, and the lock of who may write."""

import contextlib
import fcntl
import os
import re
import time
from pathlib import Path
from typing import Final

from daemon.protocol.errors import INDEX_BUSY, AlvoError

_POINTER: Final = "index"
_LOCK: Final = "index.lock"
_NAME: Final = re.compile(r"index-(\d+)\.db")
_SIDE_FILES: Final = ("", "-wal", "-shm", "-journal")
_LOOK_S: Final = 0.02


def current(directory: Path) -> Path | None:
    """The database that the pointer names; none while there is no index."""
    try:
        name = (directory / _POINTER).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return directory / name if _NAME.fullmatch(name) else None


def point_to(database: Path) -> None:
    """Moves the pointer by rename: who reads it gets the old name or the new one.

    The database itself is never renamed: its write-ahead log goes by its name.
    """
    temporary = database.parent / f".{_POINTER}-{os.getpid()}"
    with temporary.open("w", encoding="ascii") as file:
        file.write(f"{database.name}\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(database.parent / _POINTER)
    directory = os.open(database.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def next_database(directory: Path) -> Path:
    """A name that no database here has."""
    numbers = [int(match[1]) for match in map(_NAME.fullmatch, _names(directory)) if match]
    return directory / f"index-{max(numbers, default=0) + 1}.db"


def remove_others(directory: Path) -> None:
    """Deletes what an interrupted rebuild left, and what a finished one replaced.

    Only for who holds the lock. A reader that still has one of them open keeps it until it closes.
    """
    keep = current(directory)
    for name in _names(directory):
        database = directory / name
        if _NAME.fullmatch(name) and database != keep:
            for suffix in _SIDE_FILES:
                Path(f"{database}{suffix}").unlink(missing_ok=True)


class WriterLock:
    """Held by one process at a time; the kernel lets go of it when that process ends."""

    def __init__(self, directory: Path) -> None:
        """Raises INDEX_BUSY with the process that holds it."""
        self._file = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip()
            os.close(self._file)
            raise AlvoError(INDEX_BUSY, pid=holder or "?") from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._file)


def wait_for_lock(directory: Path, wait_s: float) -> WriterLock:
    """Most writers need it for a moment only; raises INDEX_BUSY after `wait_s`."""
    end = time.monotonic() + wait_s
    while True:
        try:
            return WriterLock(directory)
        except AlvoError:
            if time.monotonic() >= end:
                raise
        time.sleep(_LOOK_S)


def _names(directory: Path) -> list[str]:
    try:
        return [path.name for path in directory.iterdir()]
    except OSError:
        return []
