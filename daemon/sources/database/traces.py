"""What a database's files show from outside, without SQLite: a fingerprint of them."""

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = 100
_WAL_VERSION: Final = 2


def fingerprint(location: str) -> str:
    """Changes whenever a commit has changed the file, and not when it was merely touched."""
    path = os.path.realpath(location)
    try:
        described = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        raise AlvoError(errors.DATABASE_GONE, database=location, location=location) from None
    except OSError as error:
        raise _unreadable(location, error.strerror or "?") from None
    try:
        facts = os.fstat(described)
        if not stat.S_ISREG(facts.st_mode):
            raise _unreadable(location, "not a regular file")
        header = os.pread(described, _HEADER, 0)
    except OSError as error:
        raise _unreadable(location, error.strerror or "?") from None
    finally:
        os.close(described)
    parts: list[object] = [facts.st_size, header]
    if not header.startswith(MAGIC):
        parts.append(facts.st_mtime_ns)
    elif header[18:19] == bytes((_WAL_VERSION,)):
        # Only a rollback journal's commits count themselves in the header.
        parts += [facts.st_mtime_ns, _size_and_time(path + "-wal")]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _size_and_time(path: str) -> tuple[int, int] | None:
    try:
        facts = Path(path).stat()
    except OSError:
        return None
    # An empty one is as none: the last program to close the database takes it away.
    return (facts.st_size, facts.st_mtime_ns) if facts.st_size else None


def _unreadable(location: str, reason: str) -> AlvoError:
    return AlvoError(
        errors.DATABASE_NOT_READABLE, database=location, location=location, reason=reason
    )
