"""Who waits for events gets each of them, knows when there are more, and sees one moment at a time."""

import asyncio
from pathlib import Path

from daemon.protocol.calls import FlowEvents, WaitFlow
from daemon.protocol.values import EventKind, Flow, FlowId, FlowStatus, Seconds
from daemon.store.events import append_event
from tests.support.engine import Held, an_engine

NOW = Seconds(0.0)


async def ended(held: Held, script: str) -> Flow:
    flow = await held.start(f"!{script}")
    await held.allow(await held.inquiry(flow.id))
    return await held.reaches(flow.id)


def test_a_reply_that_its_size_cuts_off_says_that_there_is_more(tmp_path: Path) -> None:
    """The flow has ended in it already: without that word its reader would leave."""

    async def main() -> None:
        async with an_engine(tmp_path) as held:
            flow = await ended(held, "head -c 3000000 /dev/zero | tr '\\0' x")
            replies, after = list[FlowEvents](), 0
            while not replies or replies[-1].more:
                replies.append(await held.engine.wait(WaitFlow(after, NOW, flow.id)))
                after = replies[-1].events[-1].seq
            assert len(replies) > 2
            assert {told.flow.status for told in replies if told.flow} == {FlowStatus.EXECUTED}
            events = [event for told in replies for event in told.events]
            output = "".join(e.data["text"] for e in events if e.kind is EventKind.OUTPUT)
            assert len(output) == 3_000_000
            assert events[-1].data["status"] == "executed"

    asyncio.run(main())


def test_as_many_as_asked_for_and_no_more_left_is_told_apart(tmp_path: Path) -> None:
    async def main() -> None:
        async with an_engine(tmp_path) as held:
            flow = await ended(held, "true")
            events = (await held.engine.wait(WaitFlow(0, NOW, flow.id))).events
            for limit in range(1, len(events) + 2):
                told = await held.engine.wait(WaitFlow(0, NOW, flow.id, limit))
                assert told.events == events[:limit]
                assert told.more == (limit < len(events))

    asyncio.run(main())


def test_a_flow_named_by_the_beginning_of_its_id_is_waited_for(tmp_path: Path) -> None:
    async def main() -> None:
        async with an_engine(tmp_path) as held:
            flow = await held.start("!true", flow_id=FlowId("a-flow-with-a-long-id"))
            await held.inquiry(flow.id)
            seen = (await held.engine.wait(WaitFlow(0, NOW, flow.id))).events[-1].seq
            waiting = asyncio.ensure_future(
                held.engine.wait(WaitFlow(seen, Seconds(20.0), FlowId("a-flow")))
            )
            # Long enough for it to have looked, and to wait for the bell now.
            await asyncio.sleep(0.2)
            data = {"message": "said"}
            await held.ledger.commit(
                flow.id, lambda db: append_event(db, flow.id, EventKind.NOTICE, data)
            )
            told = await asyncio.wait_for(waiting, 10)
            assert [event.data for event in told.events] == [data]

    asyncio.run(main())
