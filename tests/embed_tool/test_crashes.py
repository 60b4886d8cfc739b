"""Killed anywhere, the index holds each file as before or as after, and the next run completes it."""

import pytest

from tests.support.embed_cli import EmbedTool


@pytest.fixture
def tool(tmp_path):
    return EmbedTool(tmp_path)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "notes"
    made.mkdir()
    for n in range(150):
        (made / f"{n:03}.md").write_text(f"# Note {n}\n\nThis is about topic{n} and others.\n")
    return made


def whole(tool: EmbedTool, documents: int) -> None:
    result = tool.json("refresh")
    assert result["sources"][0]["documents"] == documents
    assert result["sources"][0]["passages"] == documents
    assert result["sources"][0]["state"] == "ready"
    assert tool.json("verify")["different"] == []


@pytest.mark.parametrize("point", ["embed.read", "embed.stored"])
def test_adding_that_was_killed_goes_on_where_it_stopped(tool, folder, point):
    tool.crash(point, "add", folder)
    whole(tool, 150)
    assert tool.found("topic149") == ["149.md"]


@pytest.mark.parametrize("point", ["embed.read", "embed.stored", "embed.removed"])
def test_a_refresh_that_was_killed_is_completed_by_the_next(tool, folder, point):
    tool.json("add", folder)
    (folder / "000.md").write_text("# Note\n\nIt became another thing.\n")
    (folder / "001.md").unlink()
    (folder / "002.md").unlink()
    (folder / "003.md").rename(folder / "moved.md")
    tool.crash(point, "refresh")
    whole(tool, 148)
    assert tool.found("topic1") == []
    assert tool.found("topic3") == ["moved.md"]


def test_a_killed_rebuild_leaves_the_index_as_it_was(tool, folder):
    tool.json("add", folder)
    tool.crash("embed.stored", "rebuild")
    assert tool.found("topic77") == ["077.md"]
    assert tool.json("rebuild")["sources"][0]["documents"] == 150


def test_killed_at_any_moment_it_completes_and_is_never_torn(tool, folder):
    for lines in (1, 2, 3):
        running = tool.start("add", folder, "--json")
        assert running.stdout is not None
        for _ in range(lines):
            running.stdout.readline()
        running.kill()
        running.communicate()
        listed = tool.json("list")["sources"]
        if listed:
            assert listed[0]["documents"] == listed[0]["passages"]
    whole(tool, 150)
