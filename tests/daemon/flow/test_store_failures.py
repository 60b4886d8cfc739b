"""A disk that has no room for a while leaves no flow stuck, and nothing that happened is lost."""

import asyncio
from pathlib import Path

import pytest

from daemon.protocol import errors
from daemon.protocol.calls import WaitFlow
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Event, FlowId, FlowStatus, Seconds
from daemon.store import Database
from tests.support.engine import Held, an_engine
from tests.support.waiting import until


def test_a_flow_that_found_no_room_has_failed_once_there_is_some(tmp_path: Path) -> None:
    async def main() -> None:
        async with an_engine(tmp_path) as held:
            flow = await held.start("What is it?", context="x" * 900_000)
            await held.fill_disk()
            try:
                found = await _settled(held, flow.id, 1.0)
                # Either it was through before the disk was full, or it still tries.
                assert found is None or found is FlowStatus.WAITING
            finally:
                await held.free_disk()
            ended = await held.reaches(flow.id, FlowStatus.FAILED, FlowStatus.WAITING)
            if ended.status is FlowStatus.FAILED:
                assert ended.error is not None
                assert ended.error.name == "STORE_FULL"

    asyncio.run(main())


async def _settled(held: Held, flow_id: str, within: float) -> FlowStatus | None:
    try:
        return (await held.reaches(flow_id, within=within)).status
    except AssertionError:
        return None


def test_a_command_waits_with_its_output_for_room_on_the_disk(tmp_path: Path) -> None:
    async def main() -> None:
        async with an_engine(tmp_path) as held:
            go = tmp_path / "go"
            script = (
                "echo one; until test -e go; do sleep 0.01; done; printf '%0100000d' 7; echo end"
            )
            flow = await held.start(f"!{script}")
            await held.allow(await held.inquiry(flow.id))
            await until(lambda: _printed(held, flow.id, "one"))
            await held.fill_disk()
            go.touch()
            assert await _settled(held, flow.id, 0.5) is None
            await held.free_disk()
            ended = await held.reaches(flow.id)
            assert (ended.status, ended.plan[0].exit_status) == (FlowStatus.EXECUTED, 0)
            text = await _output(held, flow.id)
            assert text.count("end") == 1
            assert len(text) > 100_000

    asyncio.run(main())


def test_a_command_that_fills_the_disk_can_be_ended(tmp_path: Path) -> None:
    async def main() -> None:
        async with an_engine(tmp_path) as held:
            flow = await held.start("!echo $$ > pid; echo one; sleep 300")
            await held.allow(await held.inquiry(flow.id))
            await until(lambda: _printed(held, flow.id, "one"))
            await held.fill_disk()
            with pytest.raises(AlvoError) as caught:
                while True:  # the last page may have room for a few events more
                    await held.engine.cancel(flow.id)
            assert caught.value.type in (errors.STORE_FULL, errors.FLOW_ENDED)
            pid = int((tmp_path / "pid").read_text())
            await until(lambda: not Path(f"/proc/{pid}").exists())
            await held.free_disk()
            ended = await held.reaches(flow.id)
            assert ended.status in (FlowStatus.FAILED, FlowStatus.CANCELLED)

    asyncio.run(main())


def test_inquiries_still_expire_after_the_store_has_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with an_engine(tmp_path, ALVO_FLOW_INQUIRY_EXPIRES_S="1.0") as held:
            flow = await held.start("!true")
            await held.reaches(flow.id, FlowStatus.WAITING)
            await held.writer.run(_hide_inquiries)
            await until(lambda: "looking for expired inquiries failed" in caplog.text)
            await held.writer.run(_show_inquiries)
            ended = await held.reaches(flow.id)
            assert ended.error is not None
            assert ended.error.name == "INQUIRY_EXPIRED"

    asyncio.run(main())


def _hide_inquiries(db: Database) -> None:
    db.run("ALTER TABLE inquiry RENAME TO hidden")


def _show_inquiries(db: Database) -> None:
    db.run("ALTER TABLE hidden RENAME TO inquiry")


async def _output(held: Held, flow_id: str) -> str:
    events = list[Event]()
    while found := (await held.ledger.wait(_asked(events, flow_id), Seconds(0.0))).events:
        events += found
    return "".join(str(event.data["text"]) for event in events if event.kind == "output")


def _asked(events: list[Event], flow_id: str) -> WaitFlow:
    return WaitFlow(events[-1].seq if events else 0, flow_id=FlowId(flow_id))


async def _printed(held: Held, flow_id: str, text: str) -> bool:
    return text in await _output(held, flow_id)


def test_a_daemon_ends_although_the_disk_is_full(tmp_path: Path) -> None:
    async def main() -> None:
        async with an_engine(tmp_path) as held:
            flow = await held.start("!echo one; while true; do printf '%01000d' 7; done")
            await held.allow(await held.inquiry(flow.id))
            await until(lambda: _printed(held, flow.id, "one"))
            await held.fill_disk()
            await asyncio.wait_for(held.engine.close(), 20)
            await held.free_disk()
            assert (await held.engine.get(flow.id)).status is FlowStatus.EXECUTING

    asyncio.run(main())


def test_what_a_command_said_before_the_daemon_ended_is_kept(tmp_path: Path) -> None:
    async def main() -> None:
        async with an_engine(tmp_path, ALVO_SHELL_OUTPUT_LIMIT_BYTES="20") as held:
            flow = await held.start(
                "!echo one; echo 1234567890; echo the end; sleep 0.3; touch said; sleep 300"
            )
            await held.allow(await held.inquiry(flow.id))
            await until((tmp_path / "said").exists)
        async with an_engine(tmp_path) as held:
            found = await held.engine.get(flow.id)
            assert found.status is FlowStatus.INTERRUPTED
            assert "the end" in await _output(held, flow.id)

    asyncio.run(main())
