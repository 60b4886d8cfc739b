"""How a process is known to belong to a session, wherever it went.

Two marks are put on the bash of a session, and every child inherits both. The variable
ALVO_SESSION names the incarnation, but `env -i` and `sudo` wash it off. So there is a second one in
a place that nobody cleans: the limit on file locks (RLIMIT_LOCKS), which no kernel since 2.4.24
heeds, and which is unlimited everywhere. Set to a huge number it survives fork, exec, setsid and
changes of user, and can be read of any process, dead ones too. Only the superuser can raise it
again; who lowers it still has one, and no process outside of a session has.
"""

import contextlib
import hashlib
import resource
from typing import Final

from daemon.shell.processes import PROC

VARIABLE: Final = "ALVO_SESSION"
_RLIMIT_LOCKS: Final = 10  # setrlimit(2); Python has no name for it
_FLOOR: Final = 1 << 62
_LINE: Final = b"Max file locks"


def mark_number(incarnation: str) -> int:
    """The limit that stands for an incarnation."""
    digest = hashlib.sha256(incarnation.encode()).digest()
    return _FLOOR | int.from_bytes(digest[:7], "big")


def put_mark(pid: int, incarnation: str) -> None:
    """On a bash that has run nothing yet.

    Where a lower limit is set already it cannot be raised; the variable must do then.
    """
    number = mark_number(incarnation)
    with contextlib.suppress(OSError, ValueError):
        resource.prlimit(pid, _RLIMIT_LOCKS, (number, number))


def mark_of(pid: int) -> int | None:
    """The mark that a process bears, of whichever session; OSError if it has vanished."""
    number = _limit(pid)
    return number if number is not None and _FLOOR <= number < 2 * _FLOOR else None


def is_marked(pid: int) -> bool:
    """Whether it bears a mark, or what is left of one that was lowered; OSError as above."""
    number = _limit(pid)
    if number is None:
        return False
    own = resource.getrlimit(_RLIMIT_LOCKS)[1]  # a person may have a limit, and we with them
    return number >= _FLOOR or own == resource.RLIM_INFINITY or number < own


def _limit(pid: int) -> int | None:
    text = (PROC / str(pid) / "limits").read_bytes()
    start = text.find(_LINE)
    hard = text[start + len(_LINE) :].split(None, 2)[1] if start >= 0 else b"unlimited"
    return int(hard) if hard.isdigit() else None


def incarnation_of(pid: int) -> str | None:
    """What ALVO_SESSION was when the process began its program; OSError if that cannot be read."""
    prefix = VARIABLE.encode() + b"="
    for entry in (PROC / str(pid) / "environ").read_bytes().split(b"\0"):
        if entry.startswith(prefix):
            return entry[len(prefix) :].decode(errors="replace")
    return None
