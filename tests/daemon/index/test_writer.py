import os
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.index import Index, IndexWriter, KnownFile
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Progress,
    SourceKind,
    SourceState,
)
from tests.support.embedder import WordEmbedder
from tests.support.index import document, paths_in, writing


@pytest.fixture
def paths(tmp_path):
    return paths_in(tmp_path)


def found(paths, query, embedder=None):
    index = Index.open(paths, embedder)
    try:
        return [(hit.path, hit.place) for hit in index.search(query)]
    finally:
        index.close()


def counts(paths, embedder=None):
    index = Index.open(paths, embedder)
    try:
        status = index.status()
        return status.documents, status.passages, status.embedded
    finally:
        index.close()


def test_a_document_put_again_takes_the_place_of_the_old_one(paths):
    with writing(paths, WordEmbedder()) as (writer, source):
        writer.put(source.id, document("/docs/a", "about whales", "about dolphins"))
        writer.put(source.id, document("/docs/a", "about sharks"))

        assert writer.db.value("SELECT count(*) FROM vector") == 1
        assert writer.db.value("SELECT count(*) FROM vocabulary WHERE term = 'whales'") == 0
    assert found(paths, "whales") == []
    assert found(paths, "sharks") == [("/docs/a", "1")]
    assert counts(paths) == (1, 1, 1)


def test_a_moved_document_is_found_at_its_new_path_without_embedding_it_again(paths):
    embedder = WordEmbedder()
    with writing(paths, embedder) as (writer, source):
        writer.put(source.id, document("/docs/a", "about whales"))
        writer.put(source.id, document("/docs/b", "about sharks"))
        embedded = len(embedder.embedded)
        writer.move("/docs/a", "/docs/b")

        assert len(embedder.embedded) == embedded
        assert list(writer.known_files(source.id)) == ["/docs/b"]
    assert found(paths, "whales") == [("/docs/b", "1")]
    assert counts(paths) == (1, 1, 1)


def test_a_removed_document_leaves_nothing(paths):
    with writing(paths, WordEmbedder()) as (writer, source):
        writer.put(source.id, document("/docs/a", "about whales", "more"))
        writer.remove("/docs/a")

        for table in ("document", "passage", "vector", "vocabulary"):
            assert writer.db.value(f"SELECT count(*) FROM {table}") == 0, table
    assert counts(paths) == (0, 0, 0)


def test_known_files_are_what_was_put(paths):
    with writing(paths, None) as (writer, source):
        writer.put(source.id, document("/docs/a", "text", content="abc"))
        assert writer.known_files(source.id) == {"/docs/a": KnownFile(10, 20, "abc")}

        writer.touch(source.id, "/docs/a", KnownFile(10, 99, "abc"))
        assert writer.known_files(source.id)["/docs/a"].mtime_ns == 99


def test_documents_put_without_an_embedder_are_unknown_to_a_writer_that_has_one(paths):
    with writing(paths, None) as (writer, source):
        writer.put(source.id, document("/docs/a", "about whales"))
        assert "/docs/a" in writer.known_files(source.id)
    embedder = WordEmbedder()
    with writing(paths, embedder) as (writer, source):
        assert writer.embeds
        assert writer.known_files(source.id) == {}
        assert writer.known_paths(source.id) == ["/docs/a"]
        writer.put(source.id, document("/docs/a", "about whales"))
        assert "/docs/a" in writer.known_files(source.id)
    assert counts(paths, embedder) == (1, 1, 1)


def test_indexing_the_same_text_again_embeds_nothing(paths):
    embedder = WordEmbedder()
    with writing(paths, embedder) as (writer, source):
        writer.put(source.id, document("/docs/a", "about whales", "about whales"))
    assert len(embedder.embedded) == 1
    with writing(paths, embedder) as (writer, source):
        fresh = writer.begin_rebuild()
        fresh.put(source.id, document("/docs/b", "about whales"))
        writer.commit_rebuild()

    assert len(embedder.embedded) == 1
    assert found(paths, "whales", embedder) == [("/docs/b", "1")]


def test_two_models_are_never_mixed(paths):
    with writing(paths, WordEmbedder("words:1")) as (writer, source):
        writer.put(source.id, document("/docs/a", "about whales"))
    other = WordEmbedder("words:2")
    with writing(paths, other) as (writer, source):
        assert writer.rebuild_needed
        with pytest.raises(AlvoError) as caught:
            writer.require_same_model()
        writer.put(source.id, document("/docs/b", "about sharks"))
    assert caught.value.type is errors.INDEX_REBUILD_NEEDED
    assert caught.value.blanks == {"found": "words:1", "wanted": "words:2"}
    assert other.embedded == []
    assert counts(paths, other) == (2, 2, 1)


def test_a_rebuild_with_another_model_replaces_the_index_and_its_file(paths):
    with writing(paths, WordEmbedder("words:1")) as (writer, source):
        writer.put(source.id, document("/docs/a", "about whales"))
    other = WordEmbedder("words:2")
    with writing(paths, other) as (writer, source):
        fresh = writer.begin_rebuild()
        fresh.put(source.id, document("/docs/a", "about whales"))
        assert found(paths, "whales") == [("/docs/a", "1")]
        writer.commit_rebuild()
        assert not writer.rebuild_needed
        writer.put(source.id, document("/docs/b", "about sharks"))

    assert [path.name for path in paths.index_dir.glob("index-*.db")] == ["index-2.db"]
    assert counts(paths, other) == (2, 2, 2)


def test_a_rebuild_keeps_what_agents_own(paths):
    embedder = WordEmbedder()
    with writing(paths, embedder, "agent:ann", owner="ann") as (writer, source):
        writer.put(source.id, document("train-1", "about whales", title="Notes"))
    with writing(paths, embedder) as (writer, source):
        writer.begin_rebuild()
        writer.commit_rebuild()
    index = Index.open(paths, embedder)

    assert [hit.title for hit in index.search("whales", owner="ann")] == ["Notes"]
    assert index.search("whales") == []
    index.close()


def test_a_rebuild_that_is_not_committed_leaves_the_index_as_it_was(paths):
    with writing(paths, None) as (writer, source):
        writer.put(source.id, document("/docs/a", "about whales"))
        writer.begin_rebuild().put(source.id, document("/docs/b", "about sharks"))

    assert found(paths, "whales") == [("/docs/a", "1")]
    assert found(paths, "sharks") == []
    assert [path.name for path in paths.index_dir.glob("index-*.db")] == ["index-1.db"]


def test_only_one_process_writes(paths):
    with writing(paths, None), pytest.raises(AlvoError) as caught:
        IndexWriter.open(paths, None)
    assert caught.value.type is errors.INDEX_BUSY
    assert caught.value.blanks == {"pid": str(os.getpid())}
    IndexWriter.open(paths, None).close()


def test_the_lock_goes_with_the_process_that_held_it(paths):
    script = (
        "import os; from daemon.config import Paths; from daemon.index import IndexWriter;"
        "writer = IndexWriter.open(Paths.from_environment(os.environ), None); os._exit(1)"
    )
    environment = {"HOME": str(paths.home), "PYTHONPATH": str(Path.cwd())}
    subprocess.run([sys.executable, "-c", script], env=environment, check=False, timeout=60)

    IndexWriter.open(paths, None).close()


def test_a_location_is_a_source_once_for_each_owner(paths):
    with writing(paths, None) as (writer, source):
        with pytest.raises(AlvoError) as caught:
            writer.add_source(SourceKind.DOCUMENTS, "/docs", "again", private=False)
        writer.add_source(SourceKind.DOCUMENTS, "/docs", "docs", private=False, owner="ann")
    assert caught.value.type is errors.SOURCE_EXISTS
    assert caught.value.blanks["source"] == source.id


@pytest.mark.parametrize("given", [lambda id_: id_, lambda id_: id_[:5], "docs", "/docs"])
def test_a_source_is_removed_with_its_documents_by_id_name_or_location(paths, given):
    with writing(paths, WordEmbedder()) as (writer, source):
        writer.put(source.id, document("/docs/a", "about whales"))
        writer.record_failure(source.id, "/docs/b", "b cannot be read.")
        writer.remove_source(given if isinstance(given, str) else given(source.id))

        assert writer.sources() == []
        assert writer.db.value("SELECT count(*) FROM failure") == 0
    assert counts(paths) == (0, 0, 0)
    assert found(paths, "whales") == []


def test_a_source_that_is_not_there_cannot_be_removed(paths):
    with writing(paths, None) as (writer, _), pytest.raises(AlvoError) as caught:
        writer.remove_source("nothing")
    assert caught.value.type is errors.SOURCE_NOT_FOUND


def test_a_source_tells_its_progress_its_failures_and_when_it_was_ready(paths):
    index = Index.open(paths, None)
    with writing(paths, None) as (writer, source):
        writer.set_state(source.id, SourceState.INDEXING, Progress(1, 4, "files", 2.5))
        writer.record_failure(source.id, "/docs/b", "b cannot be read.")
        during = index.sources()[0]
        writer.set_state(source.id, SourceState.READY)
        writer.put(source.id, document("/docs/b", "text"))
        after = index.sources()[0]
    index.close()
    assert during.progress == Progress(1, 4, "files", 2.5)
    assert during.failures == ["b cannot be read."]
    assert during.refreshed_at is None
    assert (after.state, after.progress, after.failures) == (SourceState.READY, None, [])
    assert after.refreshed_at is not None
    assert (after.documents, after.passages) == (1, 1)


def test_text_with_half_characters_is_stored_with_marks_in_their_place(paths):
    with writing(paths, WordEmbedder()) as (writer, source):
        writer.put(source.id, document("/docs/a", "whales \ud800 \x00 sing", title="\udcff"))

    assert found(paths, "whales sing") == [("/docs/a", "1")]


class Elsewhere(WordEmbedder):
    """On another machine."""

    remote = True


def test_what_is_private_is_given_to_no_embedder_on_another_machine(paths):
    embedder = Elsewhere()
    with IndexWriter.open(paths, embedder) as writer:
        shown = writer.add_source(SourceKind.DOCUMENTS, "/shown", "shown", private=False)
        kept = writer.add_source(SourceKind.DOCUMENTS, "/kept", "kept", private=True)
        writer.put(shown.id, document("/shown/a.md", "pelicans eat fish"))
        writer.put(kept.id, document("/kept/b.md", "the canary sings"))
        assert list(writer.known_files(kept.id)) == ["/kept/b.md"]
    assert "canary" not in " ".join(embedder.embedded)
    found = Index.open(paths, embedder).search("the canary")
    assert [hit.path for hit in found] == ["/kept/b.md"]


def test_an_agents_passages_go_at_once_and_nothing_of_anybody_elses(paths):
    with writing(paths, WordEmbedder()) as (writer, source):
        writer.put(source.id, document("/docs/a", "about whales"))
        for owner in ("bob@1", "bob@2"):
            made = writer.add_source(SourceKind.DOCUMENTS, owner, owner, False, owner=owner)
            writer.put(made.id, document("bob", "about sharks"))

        assert writer.remove_owner("bob@1") == 1
        assert writer.remove_owner("bob@1") == 0
        assert [one.name for one in writer.sources(None) if one.name.startswith("bob")] == ["bob@2"]
        assert writer.db.value("SELECT count(*) FROM owner WHERE name = 'bob@1'") == 0


def test_no_name_or_place_of_a_person_means_a_source_of_an_agent(paths):
    with writing(paths, None) as (writer, _):
        writer.add_source(SourceKind.DOCUMENTS, "bob@1", "bob@1", False, owner="bob@1")
        with pytest.raises(AlvoError) as caught:
            writer.remove_source("bob@1")
        assert caught.value.type is errors.SOURCE_NOT_FOUND
