"""Who is at the other end of a socket: user, process, and whether Alvo itself runs it (P1)."""

import errno
import os
import select
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.rpc.binding import Caller

_CREDENTIALS: Final = struct.Struct("3i")
_SO_PEERPIDFD: Final = 77  # since Linux 6.5; Python has no name for it
_STARTED_FIELD: Final = 22
"""Of /proc/PID/stat, counted from 1 (proc(5)); the fields before it include the name in brackets."""


class Peers:
    """Tells callers apart. `descends`: whether a process comes from a session of Alvo's own."""

    def __init__(self, descends: Callable[[int], bool], uid: int | None = None) -> None:
        self._descends = descends
        self._uid = os.geteuid() if uid is None else uid

    def caller(self, connection: socket.socket, language: str) -> Caller:
        """Who has connected; `PEER_REFUSED` if it is another user, the superuser included."""
        pid, uid = credentials(connection)
        if uid != self._uid:
            raise AlvoError(errors.PEER_REFUSED)
        caller = Caller(pid, uid, language=language, started=_beginning(connection, pid))
        caller.from_session = self.from_session(caller)
        return caller

    def from_session(self, caller: Caller) -> bool:
        """True for what Alvo runs, and where it cannot be told: the process is gone, or another.

        Once true it stays so: a process that has left its session behind is still from there.
        """
        if caller.from_session or caller.started is None:
            return True
        # In this order: a number taken over between the two looks would show in the second.
        caller.from_session = self._descends(caller.pid) or started(caller.pid) != caller.started
        return caller.from_session


def credentials(connected: socket.socket) -> tuple[int, int]:
    """Process and user at the other end, as they were when it connected or listened."""
    raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    return pid, uid


def _beginning(connection: socket.socket, pid: int) -> int | None:
    """When the process that connected began; None if it is gone.

    Its number may have been taken over while the connection waited for us. The kernel's own handle
    tells, where there is one; before Linux 6.5 a number taken over in that moment goes unnoticed.
    """
    began = started(pid)
    try:
        handle = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        return began if error.errno == errno.ENOPROTOOPT else None
    try:
        # Alive after the look: so what we looked at was this very process.
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return None if poll.poll(0) else began
    finally:
        os.close(handle)


def started(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; None if there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    after_name = stat[stat.rindex(b")") + 2 :].split()
    if after_name[0] in b"ZX":
        return None
    return int(after_name[_STARTED_FIELD - 3])
