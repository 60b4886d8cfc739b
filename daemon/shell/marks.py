"""How a process is known to belong to a session, wherever it went.

Two marks are put on the bash of a session, and every child inherits both. The variable
ALVO_SESSION names the incarnation, but `env -i` and `sudo` wash it off. So there is a second one in
a place that nobody cleans: the limit on real-time CPU time (RLIMIT_RTTIME). It is unlimited
everywhere; set to a number of some 146,000 years it limits nothing, survives fork, exec, setsid and
changes of user, can be read of any process, dead ones too, and cannot be raised again.
"""

import contextlib
import hashlib
import resource
from typing import Final

from daemon.shell.processes import PROC

VARIABLE: Final = "ALVO_SESSION"
_FLOOR: Final = 1 << 62
_LINE: Final = b"Max realtime timeout"


def mark_number(incarnation: str) -> int:
    """The limit that stands for an incarnation, in microseconds."""
    digest = hashlib.sha256(incarnation.encode()).digest()
    return _FLOOR | int.from_bytes(digest[:7], "big")


def put_mark(pid: int, incarnation: str) -> None:
    """On a bash that has run nothing yet.

    Where a lower limit is set already it cannot be raised; the variable must do then.
    """
    number = mark_number(incarnation)
    with contextlib.suppress(OSError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_RTTIME, (number, number))


def mark_of(pid: int) -> int | None:
    """The mark that a process bears, of whichever session; OSError if it has vanished."""
    text = (PROC / str(pid) / "limits").read_bytes()
    start = text.find(_LINE)
    hard = text[start + len(_LINE) :].split(None, 2)[1] if start >= 0 else b"unlimited"
    number = int(hard) if hard.isdigit() else 0
    return number if _FLOOR <= number < 2 * _FLOOR else None


def incarnation_of(pid: int) -> str | None:
    """What ALVO_SESSION was when the process began its program; OSError if that cannot be read."""
    prefix = VARIABLE.encode() + b"="
    for entry in (PROC / str(pid) / "environ").read_bytes().split(b"\0"):
        if entry.startswith(prefix):
            return entry[len(prefix) :].decode(errors="replace")
    return None
