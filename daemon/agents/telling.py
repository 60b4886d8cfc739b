"""How far a stage of a training has come, put down now and then."""

import asyncio
import logging
import time
from typing import Final

from daemon.agents.records import Records
from daemon.protocol.agents import AgentStage, UserId
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Progress
from daemon.store.agents import change_stage

_TOLD_EVERY_S: Final = 0.5

_log: Final = logging.getLogger(__name__)


class Telling:
    """Nobody waits for it, and where the store does not take it, it is told later."""

    def __init__(self, records: Records, user_id: UserId, version: int, stage: AgentStage) -> None:
        self._records = records
        self._of = (user_id, version, stage)
        self._told = 0.0
        self._writing: asyncio.Future[None] | None = None

    def tell(self, progress: Progress) -> None:
        if time.monotonic() - self._told < _TOLD_EVERY_S:
            return
        if self._writing is not None and not self._writing.done():
            return
        self._told = time.monotonic()
        self._writing = asyncio.ensure_future(self._write(progress))

    async def close(self) -> None:
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write(self, progress: Progress) -> None:
        try:
            await self._records.record(lambda db: change_stage(db, *self._of, progress=progress))
        except AlvoError as error:
            _log.info("progress untold: %s", error)
