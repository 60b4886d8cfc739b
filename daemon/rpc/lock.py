"""A lock that a living process holds: gone with it, however it ends, and it says who that is."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

_ENOUGH = 4096


class Lock:
    """On a file beside what it guards; the file stays, for removing it would be a race."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._held = -1

    def take(self, socket: Path) -> None:
        """`DAEMON_RUNNING` names the process that holds it, and its socket."""
        if self._held >= 0:
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            held = os.open(self._file, flags, 0o600)
        except OSError as error:
            reason = error.strerror or str(error)
            raise AlvoError(errors.CONFIG_INVALID, where=str(self._file), reason=reason) from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(held, _ENOUGH, 0).decode("utf-8", "replace").split("\n")
            os.close(held)
            pid, other = holder[0] or "?", holder[1] if len(holder) > 1 else str(socket)
            raise AlvoError(errors.DAEMON_RUNNING, pid=pid, socket=other) from None
        os.ftruncate(held, 0)
        os.pwrite(held, f"{os.getpid()}\n{socket}\n".encode("utf-8", "replace"), 0)
        self._held = held

    def release(self) -> None:
        if self._held >= 0:
            with suppress(OSError):
                os.close(self._held)
            self._held = -1
