"""The state database as the training of agents sees it."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from daemon.store import Database, Worker

T = TypeVar("T")


class Records:
    """`writer` and `reader` are those of the flows: one connection each for the whole daemon."""

    def __init__(self, writer: Worker, reader: Worker) -> None:
        self._writer = writer
        self._reader = reader

    async def read(self, work: Callable[[Database], T]) -> T:
        """Sees every commit that has returned."""
        return await self._reader.run(work)

    async def record(self, work: Callable[[Database], T]) -> T:
        """One IMMEDIATE transaction; it is done whole even where who asked for it goes away."""
        return await asyncio.shield(self._writer.run(partial(_in_transaction, work)))

    async def write_through(self) -> None:
        """What was deleted is nowhere any more."""
        await self._writer.run(Database.write_through)


def _in_transaction(work: Callable[[Database], T], db: Database) -> T:
    with db.transaction():
        return work(db)
