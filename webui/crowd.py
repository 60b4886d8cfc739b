"""The processes of this machine, and of which of them the daemon has said that no session started them.

A process does not change its descent. So it need not be looked into at each call what those hold:
whoever else there is, new ones and those that a session did start, is all that can make a
connection no person's. They are few, and that makes it some fifty times as cheap.
"""

import os
from collections.abc import Collection, Mapping
from typing import Final

from webui.peers import holders

Identity = tuple[int, int]
"""The inode that /proc gave a process, and when: what comes later under its number has another."""

_MOST_NEAR: Final = 64


def present(pids: Collection[int] | None = None) -> dict[int, Identity]:
    """All that there are, or those of `pids` that are there."""
    if pids is None:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  (iterdir is slow)
    found = {}
    for pid in pids:
        try:
            told = os.stat(f"/proc/{pid}")  # noqa: PTH116  (as above)
        except OSError:
            continue  # It has ended.
        found[pid] = (told.st_ino, told.st_ctime_ns)
    return found


class Crowd:
    """Its tables are replaced and never changed, so that threads may look while others learn."""

    def __init__(self) -> None:
        self._persons: Mapping[int, Identity] = {}
        self._others: Mapping[int, Identity] = {}
        self._near: frozenset[int] = frozenset()

    def holds_alone(self, inode: int) -> bool:
        """Whether somebody holds this socket, and nobody but whom no session started.

        False where that is not known: then all have to be looked into, and asked about.
        """
        persons, near = self._persons, self._near
        held = holders(inode, near)
        if not held:
            return False
        strangers = {pid for pid, identity in present().items() if persons.get(pid) != identity}
        if not strangers.isdisjoint(held) or holders(inode, strangers):
            return False
        # Those that were looked into are still those that are known.
        return present(held) == {pid: persons.get(pid) for pid in held}

    def new(self) -> dict[int, Identity]:
        """Those that nobody has asked about, and that can hold anything as far as we can see."""
        asked = {**self._others, **self._persons}
        return {
            pid: identity
            for pid, identity in present().items()
            if asked.get(pid) != identity and os.access(f"/proc/{pid}/fd", os.R_OK)
        }

    def meet(self, processes: Mapping[int, Identity], *, from_session: bool) -> None:
        """What the daemon has said of them, while each of them was there."""
        if from_session:
            self._others = {**self._others, **processes}
        else:
            self._persons = {**self._persons, **processes}

    def approach(self, processes: Collection[int]) -> None:
        """These have held connections of a person's: they are where one looks first."""
        near = self._near if len(self._near) < _MOST_NEAR else frozenset()
        self._near = near.union(processes)

    def forget(self, there: Mapping[int, Identity]) -> None:
        """All but those that are there."""
        self._persons = _still(self._persons, there)
        self._others = _still(self._others, there)
        self._near &= self._persons.keys()


def _still(known: Mapping[int, Identity], there: Mapping[int, Identity]) -> dict[int, Identity]:
    return {pid: identity for pid, identity in known.items() if there.get(pid) == identity}
