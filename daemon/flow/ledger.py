"""Commits what happens to flows, and rings for those who wait: durable before visible (P2)."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from daemon.flow.bell import Bell
from daemon.protocol import errors
from daemon.protocol.calls import FlowEvents, WaitFlow
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    EventKind,
    FlowId,
    Json,
    Seconds,
)
from daemon.store import Database, Worker
from daemon.store.audit_head import AuditHead
from daemon.store.events import append_event, events_since
from daemon.store.flows import ENDED

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)

STORE_FAILURES: Final = (
    errors.STORE_FULL,
    errors.STORE_BUSY,
    errors.STORE_READONLY,
    errors.STORE_DAMAGED,
    errors.STORE_FAILED,
)
"""A person can mend these while the daemon runs."""
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 15.0
_FOLLOW_S: Final = 0.02


class Ledger:
    """The state database as the flow engine sees it.

    `reader`: a connection of its own, so that who looks does not queue behind who writes.
    `head`: follows the audit log; a crash leaves it behind, which is no misfit.
    """

    def __init__(self, writer: Worker, reader: Worker, head: AuditHead | None = None) -> None:
        self._writer = writer
        self._reader = reader
        self._head = head
        self._following = False
        self.bell = Bell()

    async def read(self, work: Callable[[Database], T]) -> T:
        """Sees every commit that has returned."""
        return await self._reader.run(work)

    async def record(self, work: Callable[[Database], T]) -> T:
        """One IMMEDIATE transaction that nobody waits for."""
        done = await self._writer.run(partial(_in_transaction, work))
        self._follow_soon()
        return done

    async def commit(self, flow_id: FlowId, work: Callable[[Database], T]) -> T:
        """One IMMEDIATE transaction; who waits for this flow is woken once it is on disk."""
        # Shielded: a caller that goes away must not leave us without the ringing.
        done = asyncio.ensure_future(self._writer.run(partial(_in_transaction, work)))
        done.add_done_callback(lambda done: self._ring(flow_id, done))
        return await asyncio.shield(done)

    async def insist(self, flow_id: FlowId, work: Callable[[Database], T]) -> T:
        """As `commit`, for what has happened already: tried until the disk takes it."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                return await self.commit(flow_id, work)
            except AlvoError as error:
                if error.type not in STORE_FAILURES:
                    raise
                _log.warning("flow %s waits for the store: %s", flow_id, error)
            await self._pause(flow_id, pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _pause(self, flow_id: FlowId, pause: float) -> None:
        """Shorter where something of this flow reached the disk meanwhile."""
        waiter = self.bell.listen(flow_id)
        try:
            await asyncio.wait([waiter], timeout=pause)
        finally:
            self.bell.leave(flow_id, waiter)

    async def say(self, flow_id: FlowId, kind: EventKind, data: Json) -> None:
        await self.commit(flow_id, lambda db: append_event(db, flow_id, kind, data))

    async def wait(
        self, wanted: WaitFlow, timeout_s: Seconds, *, person: bool = False
    ) -> FlowEvents:
        """What there is after `after`; waits for it as long as `timeout_s`, and for no ended flow.

        `person`: somebody sees what comes.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while True:
            waiter = self.bell.listen(wanted.flow_id, person=person)
            try:
                told = await self.read(partial(events_since, wanted=wanted))
                left = end - loop.time()
                ended = told.flow is not None and told.flow.status in ENDED
                if told.events or ended or left <= 0:
                    return told
                if told.flow is None or told.flow.id == wanted.flow_id:
                    await asyncio.wait([waiter], timeout=left)
            finally:
                self.bell.leave(wanted.flow_id, waiter)
            if told.flow is not None:
                # It may have been named by the beginning of its id, which nobody rings for.
                wanted = replace(wanted, flow_id=told.flow.id)

    def _ring(self, flow_id: FlowId, done: "asyncio.Future[T]") -> None:
        if not done.cancelled() and done.exception() is None:
            self.bell.ring(flow_id)
            self._follow_soon()

    def _follow_soon(self) -> None:
        """The head of the audit log, a moment behind it: nobody waits for that file's writing."""
        if self._head is not None and not self._following:
            self._following = True
            asyncio.get_running_loop().call_later(_FOLLOW_S, self._follow, self._head)

    def _follow(self, head: AuditHead) -> None:
        self._following = False
        following = asyncio.ensure_future(self._writer.run(head.follow))
        # The end of the daemon may be quicker; it lets the head follow once more itself.
        following.add_done_callback(lambda done: done.cancelled() or done.exception())


def _in_transaction(work: Callable[[Database], T], db: Database) -> T:
    with db.transaction():
        return work(db)
