"""Whoever comes first, and however close the second: one outcome, one run at most, nothing stuck."""

import asyncio
import random
from collections.abc import Awaitable
from pathlib import Path

import pytest

from daemon.protocol import errors
from daemon.protocol.calls import AnswerInquiry, ListFlows
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import AnswerDecision, FlowStatus, Inquiry
from daemon.store.flows import ENDED
from tests.support.engine import BY, Held, an_engine
from tests.support.waiting import until

TOLD = {
    errors.INQUIRY_CLOSED,
    errors.FLOW_ENDED,
    errors.FLOW_ACTIVE,
    errors.FLOW_NOT_FOUND,
    errors.FLOW_CONFLICT,
    errors.INQUIRY_NOT_FOUND,
    errors.SESSION_BUSY,
    errors.INQUIRY_CHANGED,
}


async def attempt(work: Awaitable[object]) -> bool:
    """Whether it was done; if not, its error is one that a person understands."""
    try:
        await work
    except AlvoError as error:
        if error.type not in TOLD:
            raise
        return False
    return True


async def deny(held: Held, inquiry: Inquiry) -> None:
    await held.engine.answer(AnswerInquiry(inquiry.id, AnswerDecision.DENY), BY)


@pytest.mark.parametrize("seed", range(4))
def test_a_storm_of_answers_cancellations_retries_and_deletions(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)

    async def later(work: Awaitable[object]) -> bool:
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(0)
        await asyncio.sleep(chance.choice((0, 0, 0.001, 0.01)))
        return await attempt(work)

    async def one(held: Held, n: int) -> int:
        """How many times the command was allowed."""
        flow = await held.start(f"!echo {n} >> ran-{n}; sleep 0.0{n % 3}")
        inquiry = await held.inquiry(flow.id)
        engine = held.engine
        yes, second, *_ = await asyncio.gather(
            later(held.allow(inquiry)),
            later(held.allow(inquiry)),
            later(deny(held, inquiry)),
            later(engine.cancel(flow.id)),
            later(engine.retry(flow.id)),
            later(engine.delete(flow.id)),
        )
        assert yes + second <= 1
        return yes + second

    async def main() -> None:
        async with an_engine(tmp_path) as held:
            allowed = await asyncio.gather(*(one(held, n) for n in range(12)))
            await until(lambda: not held.engine._working)
            for flow in await held.engine.flows(ListFlows()):
                assert flow.status in ENDED | {FlowStatus.WAITING}
                assert (flow.inquiry is not None) == (flow.status is FlowStatus.WAITING)
            for n, times in enumerate(allowed):
                ran = tmp_path / f"ran-{n}"
                assert (len(ran.read_text().split()) if ran.exists() else 0) <= times

    asyncio.run(main())
