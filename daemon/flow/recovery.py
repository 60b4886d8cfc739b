"""After a start: what a crash cut off is ended, told, or taken up again (P2, P3)."""

import logging
from collections.abc import Sequence
from typing import Final

from daemon.flow.ledger import STORE_FAILURES, Ledger
from daemon.flow.plan import ended_plan
from daemon.flow.sentences import error_value
from daemon.flow.transitions import AFTER_A_CRASH, advance
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Flow,
    FlowId,
    FlowStatus,
    StepStatus,
)
from daemon.shell.session import SessionMarker, sweep
from daemon.store import Database
from daemon.store.flows import StoredFlow, flows_with, uncount_attempts
from daemon.store.sessions import forget_sessions, recorded_sessions

_log: Final = logging.getLogger(__name__)

MAX_ATTEMPTS: Final = 3


async def recover(ledger: Ledger) -> list[FlowId]:
    """Those flows that go on running. What is left of old sessions is ended first."""
    left = await _end_sessions(ledger)
    for stored in await ledger.read(lambda db: flows_with(db, FlowStatus.EXECUTING)):
        await _interrupt(ledger, stored.flow, left)
    running = await ledger.read(lambda db: flows_with(db, FlowStatus.RUNNING))
    return [stored.flow.id for stored in running if await _take_up(ledger, stored)]


async def forgive_attempts(ledger: Ledger) -> None:
    """At an orderly end: what it cuts off is taken up again, and was no failed attempt."""
    try:
        await ledger.record(uncount_attempts)
    except AlvoError as error:
        if error.type not in STORE_FAILURES:
            raise
        _log.warning("the flows that run count this stop as an attempt: %s", error)


async def _end_sessions(ledger: Ledger) -> Sequence[str]:
    markers = await ledger.read(lambda db: recorded_sessions(db, SessionMarker))
    if not markers:
        return ()
    swept = await sweep(markers)
    for line in swept.ended:
        _log.warning("ended what a crash had left running: %s", line.name)
    await ledger.record(forget_sessions)
    return [line.name for line in swept.left]


async def _interrupt(ledger: Ledger, flow: Flow, left: Sequence[str]) -> None:
    running = [n for n, c in enumerate(flow.plan, 1) if c.status is StepStatus.RUNNING]
    error = AlvoError(
        errors.COMMAND_INTERRUPTED,
        n=running[0] if running else sum(c.status is StepStatus.DONE for c in flow.plan) + 1,
        of=len(flow.plan),
        left=" " + "; ".join(left) if left else "",
    )

    def interrupt(db: Database) -> None:
        advance(
            db,
            flow.id,
            AFTER_A_CRASH[FlowStatus.EXECUTING],
            frozenset({FlowStatus.EXECUTING}),
            terminal=None,
            error=error_value(error, flow),
            plan=ended_plan(flow, StepStatus.INTERRUPTED),
        )

    await ledger.commit(flow.id, interrupt)


async def _take_up(ledger: Ledger, stored: StoredFlow) -> bool:
    """Counts the attempt before it is made, so that a block that kills us cannot do so for ever."""
    flow, attempts = stored.flow, stored.attempts + 1
    again = attempts < MAX_ATTEMPTS

    def count(db: Database) -> None:
        error = AlvoError(errors.FLOW_ATTEMPTS, attempts=attempts)
        advance(
            db,
            flow.id,
            FlowStatus.RUNNING if again else FlowStatus.FAILED,
            frozenset({FlowStatus.RUNNING}),
            attempts=attempts,
            error=None if again else error_value(error, flow),
        )

    await ledger.commit(flow.id, count)
    return again
