"""The daemon's door to documents: what it starts, what it tells, how it ends."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from daemon.config import Paths
from daemon.index import Index, IndexWriter
from daemon.protocol.calls import AddSource
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Source,
    SourceId,
    SourceKind,
    SourceState,
)
from daemon.sources.documents import DocumentSources
from tests.support.embed_cli import EmbedTool
from tests.support.waiting import until


@pytest.fixture
def tool(tmp_path):
    return EmbedTool(tmp_path)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "notes"
    made.mkdir()
    for n in range(20):
        (made / f"{n}.md").write_text(f"# Note {n}\n\nThis is about topic{n}.\n")
    return made


def with_sources(
    tool: EmbedTool, story: Callable[[DocumentSources, Index], Awaitable[None]], **variables: str
) -> None:
    async def run() -> None:
        environment = tool.environment | variables
        paths = Paths.from_environment(environment)
        index = Index.open(paths, None)
        sources = DocumentSources(paths, index, environment)
        try:
            await story(sources, index)
        finally:
            await sources.close()
            index.close()
        assert children() == []

    asyncio.run(run())


def children() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it has just ended
            if "embed_tool" in child.cmdline():
                found.append(child)
    return found


def a_folder(path: Path, **more) -> AddSource:
    return AddSource(SourceKind.DOCUMENTS, str(path), **more)


async def settled(sources: DocumentSources, source_id: SourceId) -> Source:
    async def ended() -> Source | None:
        (source,) = [s for s in await sources.list() if s.id == source_id]
        return None if source.state is SourceState.INDEXING else source

    return await until(ended, within=30)


def test_an_added_folder_is_there_at_once_and_indexed_soon(tool, folder):
    async def story(sources, index):
        added = await sources.add(a_folder(folder, name="--json", private=True))
        assert (added.name, added.private, added.state) == ("--json", True, SourceState.INDEXING)
        ready = await settled(sources, added.id)
        assert (ready.state, ready.documents, ready.progress) == (SourceState.READY, 20, None)
        (hit, *_) = index.search("topic7")
        assert (hit.path, hit.private) == (str(folder / "7.md"), True)

    with_sources(tool, story)


def test_a_refresh_reads_what_changed(tool, folder):
    async def story(sources, index):
        added = await sources.add(a_folder(folder))
        await settled(sources, added.id)
        (folder / "7.md").write_text("# Note 7\n\nNow about marmalade.\n")
        assert (await sources.refresh(added.id[:5])).state is SourceState.INDEXING
        assert (await settled(sources, added.id)).state is SourceState.READY
        assert index.search("marmalade")[0].path == str(folder / "7.md")

    with_sources(tool, story)


def test_sources_added_one_after_the_other_are_all_indexed(tool, tmp_path):
    async def story(sources, index):
        ids = []
        for n in range(3):
            folder = tmp_path / f"folder{n}"
            folder.mkdir()
            for m in range(300):
                (folder / f"{m}.md").write_text(f"# {m}\n\nword{n}x{m}\n")
            ids.append((await sources.add(a_folder(folder))).id)
        for id_ in ids:
            assert (await settled(sources, id_)).documents == 300

    with_sources(tool, story)


def test_a_source_can_be_removed_while_it_is_indexed(tool, folder):
    for n in range(5000):
        (folder / f"more{n}.md").write_text(f"# {n}\n\nword{n}\n")

    async def story(sources, index):
        added = await sources.add(a_folder(folder))

        async def some() -> bool:
            (source,) = await sources.list()
            return source.progress is not None

        await until(some)
        await sources.remove(added.id)
        assert await sources.list() == []
        assert index.search("topic7") == []

    with_sources(tool, story)


def test_what_was_cut_off_with_the_daemon_goes_on_when_somebody_looks(tool, folder):
    tool.crash("embed.read", "add", folder)

    async def story(sources, index):
        (source,) = await sources.list()
        assert source.state is SourceState.INDEXING
        assert (await settled(sources, source.id)).documents == 20

    with_sources(tool, story)


def test_closing_ends_a_refresh_cleanly(tool, folder):
    for n in range(5000):
        (folder / f"more{n}.md").write_text(f"# {n}\n\nword{n}\n")

    async def story(sources, index):
        await sources.add(a_folder(folder))
        await until(children)

    with_sources(tool, story)
    assert tool.json("refresh")["sources"][0]["documents"] == 5020


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (a_folder(Path("/nothing/here")), "SOURCE_UNREADABLE"),
        (a_folder(Path("relative")), "INVALID_PARAMS"),
        (a_folder(Path("/a\0b")), "INVALID_PARAMS"),
        (AddSource(SourceKind.DATABASE, "/x.db"), "INVALID_PARAMS"),
    ],
)
def test_what_cannot_be_added_is_an_error_of_the_call(tool, given, error):
    async def story(sources, index):
        with pytest.raises(AlvoError) as caught:
            await sources.add(given)
        assert caught.value.type.name == error
        assert await sources.list() == []

    with_sources(tool, story)


def test_an_unknown_source_is_an_error_of_the_call(tool):
    async def story(sources, index):
        for call in (sources.remove, sources.refresh):
            with pytest.raises(AlvoError) as caught:
                await call(SourceId("nonsense"))
            assert caught.value.type.name == "SOURCE_NOT_FOUND"

    with_sources(tool, story)


def test_a_source_whose_folder_is_gone_says_so(tool, folder, tmp_path):
    async def story(sources, index):
        added = await sources.add(a_folder(folder))
        await settled(sources, added.id)
        folder.rename(tmp_path / "moved")
        await sources.refresh(added.id)
        failed = await settled(sources, added.id)
        assert failed.state is SourceState.FAILED
        assert "cannot be read" in failed.failures[0]
        assert failed.documents == 20

    with_sources(tool, story)


def test_another_writer_is_named_and_waited_for(tool, folder, tmp_path):
    paths = Paths.from_environment(tool.environment)

    async def story(sources, index):
        added = await sources.add(a_folder(folder))
        await settled(sources, added.id)
        with IndexWriter.open(paths, None):
            with pytest.raises(AlvoError) as caught:
                await sources.add(a_folder(tmp_path))
            assert caught.value.type.name == "INDEX_BUSY"
            assert caught.value.blanks["pid"] == str(os.getpid())
            (folder / "new.md").write_text("marmalade\n")
            await sources.refresh(added.id)
            await until(children)
            await until(lambda: not children())
        assert (await settled(sources, added.id)).documents == 21

    with_sources(tool, story)


def test_the_child_is_told_no_keys(tool, folder):
    async def story(sources, index):
        for n in range(3000):
            (folder / f"more{n}.md").write_text(f"# {n}\n\nword{n}\n")
        await sources.add(a_folder(folder))
        (child,) = await until(children)
        assert "canary" not in str(child.environ())

    with_sources(tool, story, GEMINI_API_KEY="canary", CREDENTIALS_DIRECTORY="/canary")
