"""Whether a process was started by a session: such a one cannot answer for a person (P1)."""

import os
from collections.abc import Collection
from typing import Final

from daemon.shell.marks import incarnation_of, is_marked, mark_of
from daemon.shell.processes import read_process
from daemon.shell.scope import scope_of

_ANCESTORS_MAX: Final = 10_000


def descends(pid: int, bashes: Collection[int]) -> bool:
    """True also where it cannot be told: the process has vanished, or cannot be read."""
    return pid != os.getpid() and (_bears_mark(pid) or _has_ancestor(pid, bashes))


def in_session() -> bool:
    """Whether this process itself was started by a session."""
    own = os.getpid()
    return mark_of(own) is not None or incarnation_of(own) is not None or scope_of(own) is not None


def _bears_mark(pid: int) -> bool:
    if pid <= 0:  # a process of another pid namespace
        return True
    try:
        return is_marked(pid) or incarnation_of(pid) is not None or scope_of(pid) is not None
    except OSError:
        return True


def _has_ancestor(pid: int, bashes: Collection[int]) -> bool:
    """A bash of a session, or this process, to which the orphans of sessions fall."""
    ancestor = pid
    for _ in range(_ANCESTORS_MAX):
        if ancestor == os.getpid() or ancestor in bashes:
            return True
        if ancestor <= 1:
            return False
        process = read_process(ancestor)
        if process is None:
            return True
        ancestor = process.parent
    return True
