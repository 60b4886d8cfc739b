"""What the store knows of sessions: those that may have left something behind, no others."""

import asyncio
from pathlib import Path

from daemon.protocol.values import FlowStatus
from daemon.shell.session import SessionMarker
from daemon.store.sessions import recorded_sessions
from tests.support.engine import Held, an_engine
from tests.support.waiting import until


def test_a_session_that_has_ended_is_not_looked_for_at_the_next_start(tmp_path: Path) -> None:
    async def main() -> None:
        async with an_engine(tmp_path) as held:
            for _ in range(3):
                await run(held, "!true")
            await until(lambda: nobody_is_recorded(held))
            await run(held, "!sleep 60 > /dev/null 2>&1 &")
            await until(lambda: not held.engine._working)
            assert not await nobody_is_recorded(held)

    asyncio.run(main())


async def run(held: Held, question: str) -> None:
    flow = await held.start(question)
    await held.allow(await held.inquiry(flow.id))
    assert (await held.reaches(flow.id)).status is FlowStatus.EXECUTED


async def nobody_is_recorded(held: Held) -> bool:
    return await held.ledger.read(lambda db: recorded_sessions(db, SessionMarker)) == []
