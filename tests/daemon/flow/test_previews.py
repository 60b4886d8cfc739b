"""Previews in a flow: asked for, applied exactly, undone, and never half after a crash."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.flow.permitting import add_permission
from daemon.protocol import errors
from daemon.protocol.calls import AddPermission, AnswerInquiry, ListInquiries, WaitFlow
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    AnswerDecision,
    EventKind,
    FlowId,
    FlowStatus,
    InquiryStatus,
    Seconds,
)
from daemon.store.audit import list_audit
from tests.support.engine import BY, Held, an_engine
from tests.support.preview import apply, everything, is_possible, needs_preview, previewed
from tests.support.waiting import until

PLAN = (
    "!sed -i s/one/two/ notes.txt; rm -r folder; mkdir -p new/deep; echo made > new/deep/file;"
    " chmod 600 kept.txt; ln -s notes.txt link; echo a bit"
)


def fill(home: Path) -> None:
    (home / "folder/deeper").mkdir(parents=True)
    (home / "folder/deeper/b.txt").write_text("b\n")
    (home / "notes.txt").write_text("one\n")
    (home / "kept.txt").write_text("kept\n")
    (home / "kept.txt").chmod(0o644)


def bash(script: str, cwd: Path) -> None:
    subprocess.run(["/bin/bash", "-c", script], cwd=cwd, check=True)


async def undone(held: Held, flow_id: FlowId) -> bool:
    try:
        await held.undo(flow_id)
    except AlvoError as error:
        if error.type is not errors.UNDO_UNAVAILABLE:
            raise
        return False
    return True


@needs_preview
def test_a_preview_is_a_new_inquiry_and_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        fill(tmp_path)
        async with an_engine(tmp_path) as held:
            before = everything(tmp_path)
            flow = await held.start(PLAN)
            asked = await held.inquiry(flow.id)
            new = await held.engine.preview(asked.id)
            assert everything(tmp_path) == before
            assert (await held.engine.inquiry(asked.id)).status is InquiryStatus.CLOSED
            assert (await held.engine.get(flow.id)).inquiry == new.id
            assert new.digest == asked.digest
            assert new.preview is not None
            assert (await held.engine.inquiry(new.id)).preview == new.preview
            kinds = {change["path"]: change["kind"] for change in new.preview["changes"]}
            assert kinds == {
                "folder": "deleted",
                "folder/deeper": "deleted",
                "folder/deeper/b.txt": "deleted",
                "kept.txt": "mode",
                "link": "created",
                "new": "created",
                "new/deep": "created",
                "new/deep/file": "created",
                "notes.txt": "changed",
            }
            diffs = {change["path"]: change["diff"] for change in new.preview["changes"]}
            assert diffs["notes.txt"] == "@@ -1 +1 @@\n-one\n+two"
            assert diffs["folder/deeper/b.txt"] == "@@ -1 +0,0 @@\n-b"
            assert (new.preview["output"], new.preview["exit_status"]) == ("a bit\n", 0)
            assert new.preview["unseen"]

    asyncio.run(story())


@needs_preview
def test_apply_writes_what_was_shown_and_undo_takes_it_back(tmp_path: Path) -> None:
    async def story() -> None:
        fill(tmp_path)
        async with an_engine(tmp_path) as held:
            before = everything(tmp_path)
            new = await previewed(held, PLAN)
            await held.engine.answer(apply(new), BY)
            flow = await held.reaches(new.flow_id)
            assert flow.status is FlowStatus.EXECUTED
            assert "new/deep/file" in (flow.answer or "")
            assert (tmp_path / "notes.txt").read_text() == "two\n"
            assert not (tmp_path / "folder").exists()
            assert (tmp_path / "new/deep/file").read_text() == "made\n"
            assert (tmp_path / "kept.txt").stat().st_mode & 0o777 == 0o600
            assert (tmp_path / "link").readlink() == Path("notes.txt")

            told = await held.undo(flow.id)
            assert len(told.paths) == 9
            assert everything(tmp_path) == before
            with pytest.raises(AlvoError) as refused:
                await held.undo(flow.id)
            assert refused.value.type is errors.UNDO_UNAVAILABLE

    asyncio.run(story())


@needs_preview
@pytest.mark.parametrize(
    ("meanwhile", "named"),
    [
        ("echo mine >> notes.txt", "~/notes.txt"),
        ("chmod 640 kept.txt", "~/kept.txt"),
        ("touch folder/deeper/mine", "~/folder/deeper/mine"),
        ("mkdir new", "~/new"),
        ("mv folder elsewhere; ln -s elsewhere folder", "~/folder"),
    ],
)
def test_apply_refuses_where_a_file_has_changed_and_names_it(
    tmp_path: Path, meanwhile: str, named: str
) -> None:
    async def story() -> None:
        fill(tmp_path)
        async with an_engine(tmp_path) as held:
            new = await previewed(held, PLAN)
            bash(meanwhile, tmp_path)
            before = everything(tmp_path)
            with pytest.raises(AlvoError) as refused:
                await held.engine.answer(apply(new), BY)
            assert refused.value.type is errors.PREVIEW_CONFLICT
            assert refused.value.blanks["path"] == named
            assert everything(tmp_path) == before
            assert (await held.engine.inquiry(new.id)).status is InquiryStatus.WAITING

    asyncio.run(story())


@needs_preview
@pytest.mark.parametrize("meanwhile", ["echo mine >> notes.txt", "touch new/deep/mine"])
def test_undo_refuses_where_a_file_has_changed_since(tmp_path: Path, meanwhile: str) -> None:
    async def story() -> None:
        fill(tmp_path)
        async with an_engine(tmp_path) as held:
            new = await previewed(held, PLAN)
            await held.engine.answer(apply(new), BY)
            await held.reaches(new.flow_id)
            bash(meanwhile, tmp_path)
            before = everything(tmp_path)
            with pytest.raises(AlvoError) as refused:
                await held.undo(new.flow_id)
            assert refused.value.type is errors.PREVIEW_CONFLICT
            assert refused.value.blanks["path"] == "~/" + meanwhile.rpartition(" ")[2]
            assert everything(tmp_path) == before

    asyncio.run(story())


@needs_preview
def test_a_real_run_that_was_previewed_can_be_undone(tmp_path: Path) -> None:
    async def story() -> None:
        fill(tmp_path)
        async with an_engine(tmp_path) as held:
            before = everything(tmp_path)
            new = await previewed(held, PLAN)
            await held.allow(new)
            flow = await held.reaches(new.flow_id)
            assert flow.status is FlowStatus.EXECUTED
            assert (tmp_path / "notes.txt").read_text() == "two\n"
            # The run is settled after its flow has ended.
            await until(lambda: undone(held, flow.id), 10.0)
            assert everything(tmp_path) == before

    asyncio.run(story())


@needs_preview
def test_the_digest_of_the_command_does_not_apply_nor_that_of_the_preview_allow(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        fill(tmp_path)
        async with an_engine(tmp_path) as held:
            new = await previewed(held, PLAN)
            assert new.preview is not None
            for decision, digest in (
                (AnswerDecision.APPLY, new.digest),
                (AnswerDecision.ALLOW, new.preview["digest"]),
            ):
                with pytest.raises(AlvoError) as refused:
                    await held.engine.answer(AnswerInquiry(new.id, decision, digest), BY)
                assert refused.value.type is errors.INQUIRY_CHANGED

    asyncio.run(story())


def test_what_has_no_preview_cannot_be_applied(tmp_path: Path) -> None:
    async def story() -> None:
        async with an_engine(tmp_path) as held:
            flow = await held.start("!true")
            asked = await held.inquiry(flow.id)
            with pytest.raises(AlvoError) as refused:
                await held.engine.answer(
                    AnswerInquiry(asked.id, AnswerDecision.APPLY, asked.digest), BY
                )
            assert refused.value.type is errors.DECISION_UNFIT

    asyncio.run(story())


@needs_preview
def test_what_is_kept_for_undo_has_a_limit_and_the_oldest_goes_first(tmp_path: Path) -> None:
    async def story() -> None:
        async with an_engine(tmp_path, ALVO_SHELL_UNDO_LIMIT_BYTES="1500") as held:
            flows = []
            for name in ("a", "b"):
                (tmp_path / name).write_text("x" * 1000)
                new = await previewed(held, f"!rm {name}")
                await held.engine.answer(apply(new), BY)
                flows.append((await held.reaches(new.flow_id)).id)

            async def told() -> bool:
                return (await held.engine.undo_counts()).dropped == 1

            await until(told)
            with pytest.raises(AlvoError) as refused:
                await held.undo(flows[0])
            assert refused.value.type is errors.UNDO_UNAVAILABLE
            events = (await held.engine.wait(WaitFlow(0, Seconds(0), flows[0]))).events
            (notice,) = [event for event in events if event.kind is EventKind.NOTICE]
            assert "took too much space" in notice.data["message"]
            await held.undo(flows[1])
            assert (tmp_path / "b").exists()

            (tmp_path / "c").write_text("x" * 2000)
            new = await previewed(held, "!rm c")
            assert new.preview is not None
            assert "could not be undone" in " ".join(new.preview["unseen"])

    asyncio.run(story())


STORY = """
import asyncio, sys
from pathlib import Path
from tests.daemon.flow.test_previews import PLAN
from tests.support.preview import apply, previewed
from tests.support.engine import BY, an_engine
async def story():
    async with an_engine(Path(sys.argv[1])) as held:
        new = await previewed(held, PLAN)
        print(new.flow_id, flush=True)
        await held.engine.answer(apply(new), BY)
        flow = await held.reaches(new.flow_id)
        if sys.argv[2] == "undo":
            await held.undo(flow.id)
asyncio.run(story())
"""


def killed_at(home: Path, deed: str, point: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", STORY, str(home), deed],
        env={**os.environ, "ALVO_CRASH_AT": point, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout.strip()


@needs_preview
@pytest.mark.parametrize(
    ("deed", "point", "whole"),
    [
        ("apply", "apply-saved", "before"),
        ("apply", "apply-journalled", "after"),
        ("apply", "apply-written", "after"),
        ("apply", "apply-carried-out", "after"),
        ("undo", "undo-saved", "after"),
        ("undo", "undo-journalled", "before"),
        ("undo", "undo-written", "before"),
        ("undo", "undo-carried-out", "before"),
    ],
)
def test_killed_at_any_point_it_is_never_half(
    tmp_path: Path, deed: str, point: str, whole: str
) -> None:
    fill(tmp_path)
    before = everything(tmp_path)
    flow_id = killed_at(tmp_path, deed, point)

    async def story() -> None:
        async with an_engine(tmp_path) as held:
            flow = await held.engine.get(flow_id)  # type: ignore[arg-type]  # printed by the story
            if whole == "before":
                assert everything(tmp_path) == before
                expected = FlowStatus.WAITING if deed == "apply" else FlowStatus.EXECUTED
                assert flow.status is expected
                return
            assert flow.status is FlowStatus.EXECUTED
            assert (tmp_path / "new/deep/file").read_text() == "made\n"
            await held.undo(flow.id)
            assert everything(tmp_path) == before

    asyncio.run(story())


@needs_preview
def test_a_file_changed_after_the_crash_is_kept_and_the_rest_goes_back(tmp_path: Path) -> None:
    fill(tmp_path)
    before = everything(tmp_path)
    flow_id = killed_at(tmp_path, "apply", "apply-written")
    (tmp_path / "notes.txt").write_text("mine\n")

    async def story() -> None:
        async with an_engine(tmp_path) as held:
            flow = await held.engine.get(flow_id)  # type: ignore[arg-type]  # printed by the story
            assert flow.status is FlowStatus.FAILED
            assert flow.error is not None
            assert flow.error.name == "PREVIEW_CONFLICT"
            after = everything(tmp_path)
            assert (tmp_path / "notes.txt").read_text() == "mine\n"
            assert {**after, b"notes.txt": None} == {**before, b"notes.txt": None}

    asyncio.run(story())


@needs_preview
def test_where_the_configuration_wants_it_every_plan_is_asked_for_with_its_preview(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        fill(tmp_path)
        async with an_engine(tmp_path, ALVO_SHELL_PREVIEW="auto") as held:
            flow = await held.start(PLAN)
            asked = await held.inquiry(flow.id)
            assert asked.preview is not None
            await held.engine.answer(apply(asked), BY)
            assert (await held.reaches(flow.id)).status is FlowStatus.EXECUTED

    asyncio.run(story())


@needs_preview
def test_what_a_standing_permission_covers_runs_at_once_and_only_the_rest_is_previewed(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        fill(tmp_path)
        async with an_engine(tmp_path, ALVO_SHELL_PREVIEW="auto") as held:
            given = AddPermission("wc *", cwd=str(tmp_path))
            await held.ledger.record(lambda db: add_permission(db, given, BY, held.shell.path))
            covered = await held.reaches((await held.start("!wc notes.txt")).id)
            assert covered.status is FlowStatus.EXECUTED
            (inquiry,) = (await held.engine.inquiries(ListInquiries())).inquiries
            assert inquiry.preview is None
            asked = await held.inquiry((await held.start("!wc notes.txt > count")).id)
            assert asked.preview is not None

    asyncio.run(story())


@needs_preview
def test_writing_and_taking_back_are_in_the_audit_log_with_digest_and_number(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        fill(tmp_path)
        async with an_engine(tmp_path) as held:
            new = await previewed(held, PLAN)
            await held.engine.answer(apply(new), BY)
            await held.reaches(new.flow_id)
            await held.undo(new.flow_id)
            entries = await held.ledger.read(lambda db: list_audit(db, 2, None, new.flow_id))
            undone, applied = (entry.data for entry in entries)
            assert new.preview is not None
            assert (applied["digest"], applied["paths"]) == (new.preview["digest"], 9)
            assert applied["inquiry"] == new.id
            assert (undone["set"], undone["paths"]) == (applied["set"], 9)
            assert undone["by"]["client"] == BY.client
            assert [entry.kind for entry in entries] == ["preview_undone", "preview_applied"]

    asyncio.run(story())


@needs_preview
def test_a_real_run_after_its_preview_says_what_it_changed(tmp_path: Path) -> None:
    async def story() -> None:
        fill(tmp_path)
        async with an_engine(tmp_path) as held:
            new = await previewed(held, "!echo made > 'a`b'; rm notes.txt")
            await held.allow(new)
            flow = await held.reaches(new.flow_id)
            assert "- `` ~/a`b ``\n- `~/notes.txt`" in (flow.answer or "")

    asyncio.run(story())


@pytest.mark.skipif(is_possible(), reason="this machine makes previews")
def test_where_none_can_be_made_it_says_so_and_the_question_stays(tmp_path: Path) -> None:
    async def story() -> None:
        async with an_engine(tmp_path) as held:
            flow = await held.start("!true")
            asked = await held.inquiry(flow.id)
            with pytest.raises(AlvoError) as refused:
                await held.engine.preview(asked.id)
            assert refused.value.type is errors.PREVIEW_UNAVAILABLE
            assert (await held.engine.inquiry(asked.id)).status is InquiryStatus.WAITING

    asyncio.run(story())
