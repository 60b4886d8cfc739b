"""What a plan, a file name or a second client may try on previews: refused, shown, or bounded."""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from client.screens.error import error_lines
from client.screens.preview import preview_lines
from client.terminal import Paint
from client.words import Words
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.escape import is_hidden
from daemon.protocol.values import FlowStatus, InquiryStatus
from daemon.shell.preview_files import ABSENT, Change, look_below
from daemon.shell.preview_replay import carry_out, keep_contents
from tests.support.engine import BY, Held, an_engine
from tests.support.preview import apply, everything, needs_preview, previewed

ODD = "a\n\x1b[2J`b` \u202e"
PLAIN = Paint(colour=False)


def with_engine(place: Path, story: Callable[[Held], Awaitable[None]]) -> None:
    async def run() -> None:
        async with an_engine(place) as held:
            await story(held)

    asyncio.run(run())


@needs_preview
def test_of_two_clients_that_ask_for_a_preview_one_gets_it(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        asked = await held.inquiry((await held.start("!touch made")).id)
        made = await asyncio.gather(
            held.engine.preview(asked.id), held.engine.preview(asked.id), return_exceptions=True
        )
        (refused,) = [one for one in made if isinstance(one, AlvoError)]
        assert refused.type is errors.INQUIRY_CLOSED
        flow = await held.engine.get(asked.flow_id)
        (new,) = [one for one in made if not isinstance(one, BaseException)]
        assert flow.inquiry == new.id
        assert not (tmp_path / "made").exists()

    with_engine(tmp_path, story)


@needs_preview
def test_of_two_clients_that_write_a_preview_one_does(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        new = await previewed(held, "!touch made")
        outcomes = await asyncio.gather(
            *(held.engine.answer(apply(new), BY) for _ in range(3)), return_exceptions=True
        )
        refused = [one.type.name for one in outcomes if isinstance(one, AlvoError)]
        assert len(refused) == 2
        assert {*refused} <= {"INQUIRY_CLOSED", "SESSION_BUSY"}
        assert (await held.reaches(new.flow_id)).status is FlowStatus.EXECUTED

    with_engine(tmp_path, story)


@needs_preview
@pytest.mark.parametrize("taken", ["pipe", "socket", "link to a pipe"])
def test_what_takes_the_place_of_a_file_meanwhile_is_named_and_holds_nothing_up(
    tmp_path: Path, taken: str
) -> None:
    async def story(held: Held) -> None:
        file = tmp_path / "f"
        file.write_text("old\n")
        new = await previewed(held, "!echo more >> f")
        file.unlink()
        os.mkfifo(tmp_path / "pipe")
        if taken == "pipe":
            (tmp_path / "pipe").rename(file)
        elif taken == "socket":
            os.chdir(tmp_path)
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind("f")
        else:
            file.symlink_to("pipe")
        with pytest.raises(AlvoError) as refused:
            await asyncio.wait_for(held.engine.answer(apply(new), BY), 10)
        assert refused.value.blanks["path"] == "~/f"
        assert (await held.engine.inquiry(new.id)).status is InquiryStatus.WAITING

    with_engine(tmp_path, story)


def test_a_folder_that_becomes_a_link_while_files_are_written_leads_nowhere(
    tmp_path: Path,
) -> None:
    home, outside, kept = tmp_path / "home", tmp_path / "outside", tmp_path / "kept"
    for folder in (home / "d", outside):
        folder.mkdir(parents=True)
        for name in ("a", "b"):
            (folder / name).write_text("old\n")
    (tmp_path / "new/d").mkdir(parents=True)
    changes = list[Change]()
    for name in (b"d/a", b"d/b"):
        (tmp_path / "new" / os.fsdecode(name)).write_text("new\n")
        after = look_below(tmp_path / "new", name)
        changes.append(Change(name.decode(), look_below(home, name), after))
    keep_contents(tmp_path / "new", [(c.path, c.after) for c in changes], kept)
    before = everything(outside)

    def swap() -> None:
        (home / "d").rename(home / "elsewhere")
        (home / "d").symlink_to(outside)

    with pytest.raises(AlvoError) as refused:
        carry_out(home, changes, kept, "tag", swap)
    assert refused.value.type is errors.PREVIEW_CONFLICT
    assert everything(outside) == before
    assert look_below(home, b"d/b") == ABSENT


@needs_preview
def test_an_odd_name_is_escaped_wherever_it_is_listed(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        odd = tmp_path / ODD
        odd.write_text("old\n")
        os.link(odd, tmp_path / f"{ODD}2")
        new = await previewed(held, f"!chmod 600 '{ODD}'; touch '{ODD}3'")
        assert new.preview is not None
        shown = "\n".join(preview_lines(new.preview, Words("en"), PLAIN, 80))
        await held.engine.answer(apply(new), BY)
        flow = await held.reaches(new.flow_id)
        answer = flow.answer or ""
        assert answer.count("\n- ") == 2
        assert "`` ~/a<U+000A><U+001B>[2J`b` <U+202E> ``" in answer
        changed = await previewed(held, f"!rm '{ODD}3'")
        (tmp_path / f"{ODD}3").write_text("x")
        with pytest.raises(AlvoError) as refused:
            await held.engine.answer(apply(changed), BY)
        path = str(refused.value.blanks["path"])
        shown += answer + "\n".join(error_lines(path, "", PLAIN, 80))
        assert not [c for c in shown if c != "\n" and is_hidden(c)]

    with_engine(tmp_path, story)


@needs_preview
def test_a_bit_that_runs_as_the_owner_is_seen_and_written(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        (tmp_path / "f").write_text("#!/bin/sh\n")
        (tmp_path / "f").chmod(0o755)
        new = await previewed(held, "!chmod u+s f; cp -p f g")
        assert new.preview is not None
        shown = "\n".join(preview_lines(new.preview, Words("en"), PLAIN, 80))
        assert "0755 → 4755" in shown
        modes = {change["path"]: change["after"]["mode"] for change in new.preview["changes"]}
        assert modes == {"f": 0o4755, "g": 0o4755}
        await held.engine.answer(apply(new), BY)
        await held.reaches(new.flow_id)
        assert (tmp_path / "g").stat().st_mode & 0o7777 == 0o4755

    with_engine(tmp_path, story)


@needs_preview
@pytest.mark.slow
def test_differences_without_end_are_given_up_and_the_files_still_listed(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        for n in range(120):
            (tmp_path / f"f{n}").write_text("\n".join(str(i * 7 % 97) for i in range(3900)))
        begun = time.monotonic()
        new = await previewed(held, "!for f in f*; do sort -o $f $f; done")
        assert time.monotonic() - begun < 25
        assert new.preview is not None
        changes = new.preview["changes"]
        assert len(changes) == 120
        assert sum(len(change["diff"] or "") for change in changes) <= 1024**2

    with_engine(tmp_path, story)
