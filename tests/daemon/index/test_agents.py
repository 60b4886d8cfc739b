import contextlib

import pytest

from daemon.index import Index, IndexWriter
from daemon.index.schema import FIRST_AGENT, INDEX_MIGRATIONS, is_agent
from daemon.protocol.values import SearchMode, SourceKind
from daemon.store import Database
from tests.support.agent import made_up_texts
from tests.support.embedder import WordEmbedder
from tests.support.index import document, paths_in, writing


@pytest.fixture
def paths(tmp_path):
    return paths_in(tmp_path)


@pytest.fixture
def embedder():
    return WordEmbedder()


def give(paths, embedder, owner, texts):
    with writing(paths, embedder, f"agent:{owner}", owner=owner) as (writer, source):
        writer.put_many(source.id, [document(f"{n}.txt", text) for n, text in enumerate(texts)])


@contextlib.contextmanager
def opened(paths, embedder):
    index = Index.open(paths, embedder)
    try:
        yield index
    finally:
        index.close()


def searched(paths, embedder, owner, mode=SearchMode.HYBRID):
    questions = [" ".join(text.split()[1:9]) for text in made_up_texts(12)]
    with opened(paths, embedder) as index:
        return [index.search(question, owner=owner, mode=mode) for question in questions]


@pytest.mark.parametrize("mode", list(SearchMode))
@pytest.mark.parametrize("owner", ["", "ann@1"], ids=["person", "agent"])
def test_what_other_agents_have_changes_nothing_in_a_search(paths, embedder, owner, mode):
    texts = made_up_texts(60)
    give(paths, embedder, owner, texts[:30])
    before = searched(paths, embedder, owner, mode)

    for n in range(3):
        give(paths, embedder, f"other{n}@1", [*texts[:20], *texts[30:]])

    assert searched(paths, embedder, owner, mode) == before
    assert all(before)


def test_what_the_person_has_changes_nothing_in_an_agent_s_search(paths, embedder):
    texts = made_up_texts(60)
    give(paths, embedder, "ann@1", texts[:30])
    before = searched(paths, embedder, "ann@1")

    give(paths, embedder, "", [*texts[:20], *texts[30:]])

    assert searched(paths, embedder, "ann@1") == before


@pytest.mark.parametrize("mode", list(SearchMode))
def test_an_agent_finds_the_same_as_a_person_with_the_same_documents(paths, embedder, mode):
    texts = made_up_texts(30)
    give(paths, embedder, "", texts)
    give(paths, embedder, "ann@1", texts)

    of_both = [searched(paths, embedder, owner, mode) for owner in ("", "ann@1")]

    found = [[[hit.path for hit in hits[:3]] for hits in one] for one in of_both]
    assert found[0] == found[1]


def test_a_search_of_an_agent_can_be_kept_to_a_folder(paths, embedder):
    with writing(paths, embedder, "agent:ann", owner="ann@1") as (writer, source):
        writer.put(source.id, document("sea/one.txt", "a whale in the ocean"))
        writer.put(source.id, document("land/two.txt", "a whale on the beach"))

    with opened(paths, embedder) as index:
        for mode in SearchMode:
            hits = index.search("whale", owner="ann@1", filter="land/", mode=mode)
            assert [hit.path for hit in hits] == ["land/two.txt"]


def test_the_room_of_an_agent_that_goes_is_used_by_the_next(paths, embedder):
    texts = made_up_texts(120)
    give(paths, embedder, "keep@1", texts[:5])
    give(paths, embedder, "old@1", texts)
    with IndexWriter.open(paths, embedder) as writer:
        writer.write_through()
        full = writer.db.value("PRAGMA page_count")

        assert writer.remove_owner("old@1") == len(texts)
        writer.write_through()

        assert writer.db.value("PRAGMA freelist_count") > full / 5
    for n in range(3):
        give(paths, embedder, f"new{n}@1", texts)
        with IndexWriter.open(paths, embedder) as writer:
            writer.write_through()
            assert writer.db.value("PRAGMA page_count") < 1.3 * full
            writer.remove_owner(f"new{n}@1")
    assert searched(paths, embedder, "keep@1")[0]


def test_an_agent_that_gets_another_s_number_has_nothing_of_it(paths, embedder):
    with opened(paths, embedder) as index:
        give(paths, embedder, "old@1", ["the secret of the whales", *made_up_texts(30)])
        assert index.search("secret whales", owner="old@1")
        with IndexWriter.open(paths, embedder) as writer:
            number = writer.db.value("SELECT number FROM owner WHERE name = 'old@1'")
            writer.remove_owner("old@1")

        give(paths, embedder, "new@1", ["a ship in the harbour", *made_up_texts(30)])

        with IndexWriter.open(paths, embedder) as writer:
            again = writer.db.value("SELECT number FROM owner WHERE name = 'new@1'")
        assert again == number == FIRST_AGENT
        assert index.search("secret whales", owner="old@1") == []
        assert index.search("secret", owner="new@1", mode=SearchMode.KEYWORD) == []
        hits = index.search("ship in the harbour", owner="new@1")
        assert hits[0].text == "a ship in the harbour"


def test_an_index_from_before_agents_had_their_own_tables_goes_on(paths, embedder, monkeypatch):
    """Its agents stay where they are, new ones go to the new tables, and both are found."""
    older = INDEX_MIGRATIONS[:3]
    with monkeypatch.context() as before:
        before.setattr("daemon.index.writer.INDEX_MIGRATIONS", older)
        before.setattr("daemon.index.sources.FIRST_AGENT", 1)
        before.setattr("daemon.index.writer.vector_tables", one_table)
        before.setattr(IndexWriter, "write_through", lambda self: None)
        give(paths, embedder, "", ["whales of the person"])
        give(paths, embedder, "ann@1", ["whales of ann"])

    give(paths, embedder, "bob@1", ["whales of bob"])

    with opened(paths, embedder) as index:
        assert [hit.text for hit in index.search("whales", owner="ann@1")] == ["whales of ann"]
        assert [hit.text for hit in index.search("whales", owner="bob@1")] == ["whales of bob"]
        assert [hit.text for hit in index.search("whales")] == ["whales of the person"]
    database = Database.open(index_file(paths), vectors=True, readonly=True)
    numbers = dict(database.all("SELECT name, number FROM owner"))
    database.close()
    assert not is_agent(numbers["ann@1"])
    assert is_agent(numbers["bob@1"])


def one_table(dimensions):
    from daemon.index.schema import vector_tables

    return vector_tables(dimensions)[:1]


def index_file(paths):
    return next(paths.index_dir.glob("index-*.db"))


def test_the_owner_of_databases_is_no_agent(paths, embedder):
    with IndexWriter.open(paths, embedder) as writer:
        writer.add_source(SourceKind.DOCUMENTS, "a", "a", private=False, owner="ann@1")
        writer.add_source(SourceKind.DATABASE, "b", "b", private=False, owner="\0databases")
        numbers = dict(writer.db.all("SELECT name, number FROM owner"))

    assert numbers == {"": 0, "\0databases": 1, "ann@1": FIRST_AGENT}
