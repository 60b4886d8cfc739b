"""Old events are folded while nothing else works; a crash in the middle of it does no harm."""

import asyncio
from datetime import timedelta
from pathlib import Path

from daemon.config import Paths, load_config
from daemon.flow.folding import Folding
from daemon.protocol.calls import WaitFlow
from daemon.protocol.values import Event, EventKind, Flow, FlowStatus, Seconds
from daemon.store.folding import HEAD_CHARS, TAIL_CHARS
from tests.support.daemon import Home
from tests.support.engine import Held, an_engine
from tests.support.waiting import wait_until

NOT_YET = timedelta(days=1)
AT_ONCE = timedelta(seconds=-1)


def folding(held: Held, **settings: str) -> Folding:
    environ = {f"ALVO_FLOW_FOLD_{name.upper()}": value for name, value in settings.items()}
    environ |= {"HOME": str(held.home)}
    return Folding(held.ledger, load_config(Paths.from_environment(environ), environ).flow)


async def printed(held: Held, script: str) -> Flow:
    flow = await held.start(f"!{script}")
    await held.allow(await held.inquiry(flow.id))
    return await held.reaches(flow.id)


async def events(held: Held, flow: Flow) -> list[Event]:
    found, more = list[Event](), True
    while more:
        after = found[-1].seq if found else 0
        told = await held.engine.wait(WaitFlow(after, Seconds(0.0), flow.id))
        found += told.events
        more = told.more
    return found


def output(found: list[Event]) -> str:
    return "".join(event.data["text"] for event in found if event.kind is EventKind.OUTPUT)


def test_old_events_are_folded_and_the_flow_still_tells_what_it_came_to(tmp_path: Path) -> None:
    async def main() -> None:
        async with an_engine(tmp_path) as held:
            flow = await printed(held, "seq 50000; false")
            whole = output(await events(held, flow))
            await folding(held, after_days="90").fold_now()
            assert output(await events(held, flow)) == whole
            await folding(held, after_days="0.0000001").fold_now()
            left = await events(held, flow)
            missing = len(whole) - HEAD_CHARS - TAIL_CHARS
            head, tail = whole[:HEAD_CHARS], whole[-TAIL_CHARS:]
            assert output(left) == f"{head}\n… {missing} …\n{tail}"
            assert [e.data["status"] for e in left if e.kind is EventKind.COMMAND] == [
                "running",
                "failed",
            ]
            assert left[-1].data["status"] == "failed"
            assert await held.engine.get(flow.id) == flow

    asyncio.run(main())


def test_the_oldest_are_folded_sooner_where_there_is_too_much(tmp_path: Path) -> None:
    async def main() -> None:
        async with an_engine(tmp_path) as held:
            old = await printed(held, "head -c 900000 /dev/zero | tr '\\0' x")
            new = await printed(held, "head -c 900000 /dev/zero | tr '\\0' y")
            crowded = folding(held, above_bytes="1500000")
            await crowded.fold_now(NOT_YET)
            assert len(output(await events(held, old))) == 900_000
            await crowded.fold_now(AT_ONCE)
            assert len(output(await events(held, old))) < 70_000
            assert len(output(await events(held, new))) == 900_000

    asyncio.run(main())


def test_nothing_is_folded_while_a_flow_works(tmp_path: Path) -> None:
    async def main() -> None:
        async with an_engine(tmp_path) as held:
            old = await printed(held, "seq 50000")
            before = await events(held, old)
            works = await held.start("!read x")
            await held.allow(await held.inquiry(works.id))
            await held.reaches(works.id, FlowStatus.EXECUTING)
            await folding(held, after_days="0.0000001").fold_now()
            assert await events(held, old) == before
            await held.engine.cancel(works.id)
            await folding(held, after_days="0.0000001").fold_now()
            assert await events(held, old) != before

    asyncio.run(main())


def test_a_crash_while_folding_leaves_what_is_true_and_the_next_start_goes_on(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = rpc("flow.start", question="!seq 50000", cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        flow = rpc.follow(flow["id"], {"executed"})
        whole = rpc.output(flow["id"])
    home.stop()
    home.spawn(ALVO_CRASH_AT="folding", ALVO_FLOW_FOLD_AFTER_DAYS="0.0000001")
    home.gone()
    home.start()
    with home.rpc() as rpc:
        half = rpc.output(flow["id"])
        assert (half[:HEAD_CHARS], half[-TAIL_CHARS:]) == (whole[:HEAD_CHARS], whole[-TAIL_CHARS:])
        assert rpc("flow.get", flow_id=flow["id"]) == flow
    home.stop()
    home.start(ALVO_FLOW_FOLD_AFTER_DAYS="0.0000001")
    with home.rpc() as rpc:
        wait_until(lambda: any(e["kind"] == "folded" for e in rpc.events(flow["id"])))
        assert rpc.output(flow["id"]) == half
        assert rpc("flow.get", flow_id=flow["id"]) == flow
