"""Removes from the index what no agent needs any more, once nobody trains or answers from it."""

import asyncio
import contextlib
import logging
from collections import defaultdict
from itertools import groupby
from typing import Final

from daemon.agents.children import ChildEnded, Children
from daemon.agents.records import Records
from daemon.protocol.errors import AlvoError
from daemon.store import Database
from daemon.store.agents import find_agent, forget_leftovers, leftovers, load_agent, versions_of

_AGAIN_S: Final = 60.0

_log: Final = logging.getLogger(__name__)


class Leftovers:
    """`locks`: by agent; what its name stands for in the index is made or removed, never both at once."""

    def __init__(self, records: Records, children: Children) -> None:
        self._records = records
        self._children = children
        self.locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._there_are_some = asyncio.Event()
        self._removing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Removes what there is, and then whatever comes."""
        self._removing = asyncio.create_task(self._remove_always(), name="agents-leftovers")

    async def close(self) -> None:
        """What is not removed by then is removed after the next start."""
        if self._removing is not None:
            self._removing.cancel()
            await asyncio.wait([self._removing])

    def notice(self) -> None:
        """There may be some."""
        self._there_are_some.set()

    async def remove(self) -> int:
        """Gives how many passages they had; raises INDEX_BUSY, ChildEnded."""
        removed = 0
        for user_id, owners in groupby(await self._records.read(leftovers), _name_of):
            lock = self.locks[user_id]
            if lock.locked():
                # That agent is being trained; afterwards is soon enough.
                continue
            async with lock:
                removed += await self._removed(user_id, list(owners))
        return removed

    async def _removed(self, user_id: str, owners: list[str]) -> int:
        unneeded, deleted = await self._records.read(
            lambda db: (
                [owner for owner in owners if not _is_needed(db, owner)],
                find_agent(db, user_id) is None,
            )
        )
        if not unneeded:
            return 0
        removed = await self._children.drop(unneeded, thoroughly=deleted)
        await self._records.record(lambda db: forget_leftovers(db, unneeded))
        return removed

    async def _remove_always(self) -> None:
        while True:
            try:
                await self.remove()
            except (AlvoError, ChildEnded) as error:
                _log.info("what is left of agents is removed later: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_S):
                    await self._there_are_some.wait()
            self._there_are_some.clear()


def _name_of(owner: str) -> str:
    return owner.rpartition("@")[0]


def _is_needed(db: Database, owner: str) -> bool:
    """A name that was given anew: its partition is in use."""
    user_id, _, number = owner.rpartition("@")
    return any(
        one.number == int(number)
        and (one.deployed_at is not None or one.number == load_agent(db, user_id).training)
        for one in versions_of(db, user_id)
    )
