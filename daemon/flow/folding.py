"""Folds the events of ended flows in the background: by age, and sooner where there are too many."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from daemon.config import FlowSettings
from daemon.flow.ledger import Ledger
from daemon.protocol.values import FlowId, FlowStatus, Timestamp
from daemon.store import Database, crash
from daemon.store.clock import timestamp
from daemon.store.flows import count_flows
from daemon.store.folding import (
    finish_fold,
    fold_run,
    plan_fold,
    shrink,
    unfolded,
    used_bytes,
)

_LOOK_S: Final = 600.0
_BUSY_LOOK_S: Final = 5.0
_BREATH_S: Final = 0.02
"""Between two transactions: who has something to write comes first."""
_GRACE: Final = timedelta(minutes=10)
"""However many events there are: somebody may be following a flow to its end."""
_log: Final = logging.getLogger(__name__)


class Folding:
    """Works while no flow does, in small transactions."""

    def __init__(self, ledger: Ledger, settings: FlowSettings) -> None:
        self._ledger = ledger
        self._settings = settings
        self._working: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._working = asyncio.create_task(self._work(), name="folding")

    async def close(self) -> None:
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait([self._working])

    async def fold_now(self, grace: timedelta = _GRACE) -> None:
        """Everything that is due; returns early where a flow begins to work."""
        settings = self._settings
        if settings.fold_after_days > 0:
            await self._fold_before(_ago(timedelta(days=settings.fold_after_days)), 0)
        if settings.fold_above_bytes > 0:
            await self._fold_before(_ago(grace), settings.fold_above_bytes)
        while await self._ledger.record(shrink):
            await asyncio.sleep(_BREATH_S)
            if await self._busy():
                return

    async def _work(self) -> None:
        while True:
            try:
                await self.fold_now()
            except Exception:  # noqa: BLE001  (whatever it was, it is tried again)
                _log.exception("folding the events of old flows failed")
            await asyncio.sleep(_BUSY_LOOK_S if await self._busy() else _LOOK_S)

    async def _fold_before(self, before: Timestamp, enough: int) -> None:
        """The oldest first, until no more than `enough` bytes are used."""
        while flows := await self._ledger.read(lambda db: unfolded(db, before)):
            for flow_id in flows:
                if await self._ledger.read(used_bytes) <= enough or await self._busy():
                    return
                await self._fold(flow_id)

    async def _fold(self, flow_id: FlowId) -> None:
        fold = await self._ledger.read(lambda db: plan_fold(db, flow_id))
        if fold is None:
            return
        for run in fold.runs:
            if not await self._ledger.record(partial(fold_run, fold=fold, run=run)):
                return
            crash.point("folding")
            await asyncio.sleep(_BREATH_S)
        await self._ledger.record(lambda db: finish_fold(db, fold))
        await asyncio.sleep(_BREATH_S)

    async def _busy(self) -> bool:
        return await self._ledger.read(_is_busy)


def _is_busy(db: Database) -> bool:
    return any(count_flows(db, status) for status in (FlowStatus.RUNNING, FlowStatus.EXECUTING))


def _ago(age: timedelta) -> Timestamp:
    return timestamp(datetime.now(UTC) - age)
