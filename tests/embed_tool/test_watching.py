"""`alvo-embed watch`: what changes is found, without anyone asking for a refresh."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.embed_cli import EmbedTool
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def tool(tmp_path):
    return EmbedTool(tmp_path)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "notes"
    made.mkdir()
    (made / "one.md").write_text("# One\n\nAbout pelicans.\n")
    return made


@contextmanager
def watching(tool: EmbedTool, *sources: str) -> Iterator["subprocess.Popen[str]"]:
    running = tool.start("watch", *sources)
    try:
        assert running.stderr is not None
        assert "Watching" in running.stderr.readline()
        yield running
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=20)


def test_a_file_that_is_written_moved_or_deleted_is_followed(tool, folder):
    tool.json("add", folder)
    with watching(tool):
        (folder / "two.md").write_text("# Two\n\nAbout walruses.\n")
        wait_until(lambda: tool.found("walruses") == ["two.md"], within=30)
        (folder / "two.md").rename(folder / "three.md")
        wait_until(lambda: tool.found("walruses") == ["three.md"], within=30)
        (folder / "three.md").unlink()
        wait_until(lambda: tool.found("walruses") == [], within=30)


def test_a_source_that_is_added_meanwhile_is_watched_too(tool, folder, tmp_path):
    tool.json("add", folder)
    single = tmp_path / "single.txt"
    single.write_text("About zebras.\n")
    with watching(tool):
        tool.json("add", single)
        replaced = tmp_path / "new"
        replaced.write_text("About giraffes.\n")
        replaced.rename(single)
        wait_until(lambda: tool.found("giraffes") == ["single.txt"], within=40)


def test_it_waits_while_another_writes_and_ends_at_an_interrupt(tool, folder):
    tool.json("add", folder)
    with watching(tool) as running:
        for n in range(3):
            (folder / f"more{n}.md").write_text(f"About badger{n}.\n")
            tool.run("refresh")
        wait_until(lambda: tool.found("badger2") == ["more2.md"], within=30)
        assert running.poll() is None
    assert running.returncode == 130


def test_a_source_that_is_not_there_is_named(tool, folder):
    tool.json("add", folder)
    ran = tool.run("watch", "nothing", "--json")
    assert (ran.status, ran.result["name"]) == (1, "SOURCE_NOT_FOUND")
