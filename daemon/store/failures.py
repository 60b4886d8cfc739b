"""What SQLite complains of, as an error that a person can do something about."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

import apsw

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

# Contents that are not as they were written; all other input and output is the system's to explain.
_DAMAGE: Final = frozenset(
    {apsw.SQLITE_IOERR_SHORT_READ, apsw.SQLITE_IOERR_DATA, apsw.SQLITE_IOERR_CORRUPTFS}
)
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextlib.contextmanager
def translated(path: Path, connection: apsw.Connection | None = None) -> Iterator[None]:
    """`connection`: knows what the system said of the last input or output that failed."""
    try:
        yield
    except apsw.Error as error:
        _raise(error, path, 0 if connection is None else connection.system_errno)


def of_system(error: OSError, path: Path) -> AlvoError:
    """What the system says of a file of ours, in the words of the store. `path`: where it names none."""
    where = error.filename or path
    if error.errno in _NO_ROOM:
        return AlvoError(errors.STORE_FULL, path=where)
    return AlvoError(errors.STORE_FAILED, path=where, reason=error.strerror or "?")


def _raise(error: apsw.Error, path: Path, system: int) -> NoReturn:
    match error:
        case apsw.FullError():
            raise AlvoError(errors.STORE_FULL, path=path) from error
        case apsw.ReadOnlyError() | apsw.PermissionsError():
            raise AlvoError(errors.STORE_READONLY, path=path) from error
        case apsw.BusyError() | apsw.LockedError():
            raise AlvoError(errors.STORE_BUSY, path=path) from error
        case apsw.CorruptError() | apsw.NotADBError():
            raise AlvoError(errors.STORE_DAMAGED, path=path, reason=str(error)) from error
        case apsw.CantOpenError() | apsw.IOError():
            raise _failed(error, path, system) from error
    raise error


def _failed(error: apsw.Error, path: Path, system: int) -> AlvoError:
    """Not damage, but for what shows it: the file may be whole, and must not be thrown away."""
    if getattr(error, "extendedresult", 0) in _DAMAGE:
        return AlvoError(errors.STORE_DAMAGED, path=path, reason=str(error))
    if system in _NO_ROOM:
        return AlvoError(errors.STORE_FULL, path=path)
    if system in _FORBIDDEN or (isinstance(error, apsw.CantOpenError) and system == 0):
        return AlvoError(errors.STORE_READONLY, path=path)
    return AlvoError(
        errors.STORE_FAILED, path=path, reason=os.strerror(system) if system else str(error)
    )
