"""What is written from a preview is as the command itself would leave it, or nothing is written."""

import asyncio
import os
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Flow, FlowStatus, Inquiry
from tests.support.engine import BY, Held, an_engine
from tests.support.preview import apply, everything, needs_preview, previewed

OLD = 1_000_000_000 * 10**9
pytestmark = needs_preview


def with_engine(place: Path, story: Callable[[Held], Awaitable[None]]) -> None:
    async def run() -> None:
        async with an_engine(place) as held:
            await story(held)

    asyncio.run(run())


async def applied(held: Held, command: str) -> Flow:
    new = await previewed(held, f"!{command}")
    await held.engine.answer(apply(new), BY)
    flow = await held.reaches(new.flow_id)
    assert flow.status is FlowStatus.EXECUTED, flow.error
    return flow


async def refusal(held: Held, command: str) -> tuple[AlvoError, Inquiry]:
    new = await previewed(held, f"!{command}")
    with pytest.raises(AlvoError) as refused:
        await held.engine.answer(apply(new), BY)
    return refused.value, new


def a_file(place: Path, text: str = "old\n", *, attributes: bool = True) -> Path:
    place.write_text(text)
    if attributes:
        os.setxattr(place, "user.tag", b"mine\xff")
    os.utime(place, ns=(OLD, OLD))
    return place


def facts(place: Path) -> tuple[object, ...]:
    found = place.stat()
    tag = os.getxattr(place, "user.tag") if "user.tag" in os.listxattr(place) else None
    return (place.read_bytes(), found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, tag)


def same(one: Path, other: Path) -> bool:
    return one.samefile(other)


def test_a_changed_file_keeps_its_attributes_and_undo_brings_back_its_time(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        file = a_file(tmp_path / "f")
        before = facts(file)
        begun = time.time_ns()
        flow = await applied(held, "echo new >> f")
        assert os.getxattr(file, "user.tag") == b"mine\xff"
        assert file.stat().st_mtime_ns > begun - 10**9
        await held.undo(flow.id)
        assert facts(file) == before

    with_engine(tmp_path, story)


def test_a_copied_file_has_the_time_and_the_attributes_that_the_command_gave_it(
    tmp_path: Path,
) -> None:
    async def story(held: Held) -> None:
        file = a_file(tmp_path / "f")
        (tmp_path / "d").mkdir()
        a_file(tmp_path / "d/inner")
        os.utime(tmp_path / "d", ns=(OLD, OLD))
        await applied(held, "cp -a f copy; cp -a d e; mv f moved")
        assert facts(tmp_path / "copy") == facts(tmp_path / "moved")
        assert facts(tmp_path / "e/inner") == facts(tmp_path / "d/inner")
        assert (tmp_path / "e").stat().st_mtime_ns == OLD
        assert (tmp_path / "moved").stat().st_mtime_ns == OLD
        assert not file.exists()

    with_engine(tmp_path, story)


def test_a_change_of_mode_or_attributes_alone_leaves_the_very_file(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        file = a_file(tmp_path / "f")
        os.link(file, tmp_path / "other")
        inode, before = file.stat().st_ino, facts(file)
        flow = await applied(held, "chmod 4751 f; touch x")
        assert (file.stat().st_ino, file.stat().st_mode & 0o7777) == (inode, 0o4751)
        assert (tmp_path / "other").stat().st_mode & 0o7777 == 0o4751
        await held.undo(flow.id)
        assert (file.stat().st_ino, facts(file)) == (inode, before)
        new = await previewed(held, '!python3 -c \'import os; os.setxattr("f", "user.tag", b"x")\'')
        assert new.preview is not None
        (change,) = new.preview["changes"]
        assert (change["kind"], change["after"]["attributes"]) == ("attributes", {"user.tag": "x"})
        await held.engine.answer(apply(new), BY)
        await held.reaches(new.flow_id)
        assert os.getxattr(tmp_path / "other", "user.tag") == b"x"

    with_engine(tmp_path, story)


def test_a_new_name_of_a_file_is_one_and_undo_takes_it_away(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        before_file = a_file(tmp_path / "f")
        before = everything(tmp_path)
        flow = await applied(held, "ln f hard; mkdir d; echo x > d/a; ln d/a d/b; ln d/a c")
        assert same(tmp_path / "hard", before_file)
        assert same(tmp_path / "d/a", tmp_path / "d/b")
        assert same(tmp_path / "d/a", tmp_path / "c")
        await held.undo(flow.id)
        assert everything(tmp_path) == before
        flow = await applied(held, "ln f hard; echo more >> f")
        assert same(tmp_path / "hard", before_file)
        await held.undo(flow.id)
        assert everything(tmp_path) == before

    with_engine(tmp_path, story)


def test_a_deleted_name_comes_back_as_a_name_of_the_same_file(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        file = a_file(tmp_path / "f")
        other = tmp_path / "other"
        os.link(file, other)
        flow = await applied(held, "rm f")
        await held.undo(flow.id)
        assert same(file, other)
        assert file.stat().st_mtime_ns == OLD
        assert file.stat().st_nlink == 2

        flow = await applied(held, "rm f")
        other.write_text("another\n")
        with pytest.raises(AlvoError) as refused:
            await held.undo(flow.id)
        assert refused.value.blanks["path"] == "~/f"
        assert other.read_text() == "another\n"
        assert not file.exists()

    with_engine(tmp_path, story)


@pytest.mark.parametrize(
    "command",
    ["echo x >> f", "sed -i s/old/new/ f", "mv f g", "cp f g; rm f", "mv d e", "rm f; touch f"],
)
def test_where_a_link_would_be_broken_the_file_is_named_and_nothing_is_written(
    tmp_path: Path, command: str
) -> None:
    async def story(held: Held) -> None:
        a_file(tmp_path / "f")
        (tmp_path / "d").mkdir()
        os.link(tmp_path / "f", tmp_path / "d/other")
        before = everything(tmp_path)
        error, asked = await refusal(held, command)
        assert error.type is errors.PREVIEW_NOT_WRITTEN
        assert error.blanks["path"] in ("~/f", "~/d/other")
        assert "hard links" in str(error.blanks["reason"])
        assert everything(tmp_path) == before
        assert same(tmp_path / "f", tmp_path / "d/other")
        assert (await held.engine.inquiry(asked.id)).status == "waiting"

    with_engine(tmp_path, story)


def test_undo_of_a_real_run_joins_what_the_run_parted_or_refuses(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        file, other = a_file(tmp_path / "f"), tmp_path / "other"
        os.link(file, other)
        new = await previewed(held, "!sed -i s/old/new/ f")
        await held.allow(new)
        await held.reaches(new.flow_id)
        assert not same(file, other)
        await held.undo(new.flow_id)
        assert same(file, other)
        new = await previewed(held, "!echo more >> f")
        await held.allow(new)
        await held.reaches(new.flow_id)
        with pytest.raises(AlvoError) as refused:
            await held.undo(new.flow_id)
        assert refused.value.type is errors.PREVIEW_NOT_WRITTEN
        assert other.read_text() == "old\nmore\n"

    with_engine(tmp_path, story)


def test_what_its_owner_cannot_read_is_deleted_and_comes_back(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        file = a_file(tmp_path / "f", attributes=False)
        file.chmod(0)
        flow = await applied(held, "rm -f f")
        assert not file.exists()
        await held.undo(flow.id)
        assert file.stat().st_mode & 0o7777 == 0
        assert file.stat().st_mtime_ns == OLD
        file.chmod(0o600)
        assert file.read_text() == "old\n"

    with_engine(tmp_path, story)


def test_a_very_large_file_is_neither_read_nor_copied(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        with (tmp_path / "large").open("wb") as file:
            file.truncate(600 * 1024**2)
        begun = time.monotonic()
        flow = await applied(held, "rm large")
        await held.undo(flow.id)
        assert time.monotonic() - begun < 5
        assert (tmp_path / "large").stat().st_size == 600 * 1024**2

    with_engine(tmp_path, story)


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give files away")
def test_a_file_of_another_owner_comes_back_with_its_owner(tmp_path: Path) -> None:
    async def story(held: Held) -> None:
        file = a_file(tmp_path / "f")
        os.chown(file, 4321, 1234)
        before = facts(file)
        flow = await applied(held, "rm f")
        await held.undo(flow.id)
        assert facts(file) == before

    with_engine(tmp_path, story)


def test_access_lists_are_kept(tmp_path: Path) -> None:
    """setfacl(1) need not be there: version 2, user::rw- user:4321:r-- group::r-- mask::r-- other::---"""
    entries = [(1, 6, 0xFFFFFFFF), (2, 4, 4321), (4, 4, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF)]  # fmt: skip
    access = b"\x02\0\0\0" + b"".join(
        tag.to_bytes(2, "little") + bits.to_bytes(2, "little") + who.to_bytes(4, "little")
        for tag, bits, who in entries
    )

    async def story(held: Held) -> None:
        file = a_file(tmp_path / "f")
        os.setxattr(file, "system.posix_acl_access", access)
        flow = await applied(held, "rm f")
        await held.undo(flow.id)
        assert os.getxattr(file, "system.posix_acl_access") == access

    try:
        os.setxattr(a_file(tmp_path / "probe"), "system.posix_acl_access", access)
    except OSError:
        pytest.skip("this file system has no access lists")
    with_engine(tmp_path, story)


def test_a_real_run_leaves_the_same_as_writing_its_preview(tmp_path: Path) -> None:
    command = (
        "cd h && echo more >> f && chmod 755 g && cp -a g copy && ln g hard && mkdir -p n/m"
        " && mv d/inner n/m/ && rmdir d && ln -s f link && umask 077 && echo secret > private"
    )
    for place in ("one", "two"):
        home = tmp_path / place / "h"
        (home / "d").mkdir(parents=True)
        for name in ("f", "g", "d/inner"):
            a_file(home / name)

    async def story(held: Held) -> None:
        await applied(held, command)

    with_engine(tmp_path / "one", story)
    subprocess.run(["/bin/bash", "-c", command], cwd=tmp_path / "two", check=True)
    told = everything(tmp_path / "one/h"), everything(tmp_path / "two/h")
    assert told[0] == told[1]
    old = [
        {path for path in found if (home / os.fsdecode(path)).lstat().st_mtime_ns == OLD}
        for found, home in zip(told, (tmp_path / "one/h", tmp_path / "two/h"), strict=True)
    ]
    assert old[0] == old[1]
    assert same(tmp_path / "one/h/hard", tmp_path / "one/h/g")
