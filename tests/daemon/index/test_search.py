import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from daemon.index import Index, ParsedDocument, ParsedPassage
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Digest,
    SearchMode,
)
from tests.support.embedder import WordEmbedder
from tests.support.index import MODIFIED_AT, document, paths_in, writing


@pytest.fixture
def paths(tmp_path):
    return paths_in(tmp_path)


@pytest.fixture
def embedder():
    return WordEmbedder()


@pytest.fixture
def index(paths, embedder):
    with writing(paths, embedder) as (writer, source):
        writer.put(
            source.id,
            document("/docs/leave.md", "thirty days of leave", "sick notes", title="Leave"),
        )
        writer.put(source.id, document("/docs/pay.md", "paid on the last day", title="Pay"))
        writer.put(
            source.id,
            document("/docs/pt/férias.md", "trinta dias de férias por ano", language="pt"),
        )
    opened = Index.open(paths, embedder)
    yield opened
    opened.close()


def paths_of(hits):
    return [hit.path for hit in hits]


def test_a_hit_says_where_it_is_from_and_how_it_was_found(index):
    hit = index.search("How many days of leave?")[0]

    assert (hit.path, hit.title, hit.place) == ("/docs/leave.md", "Leave", "1")
    assert hit.text == "thirty days of leave"
    assert hit.modified_at == MODIFIED_AT
    assert hit.ranks.keyword == 1
    assert hit.ranks.vector == 1
    assert 0.9 < hit.score <= 1
    assert not hit.private


def test_hits_come_best_first_and_no_more_than_asked_for(index):
    hits = index.search("days", k=2)

    assert len(hits) == 2
    assert hits[0].score >= hits[1].score


@pytest.mark.parametrize("typed", ["férias", "FERIAS", "ferias"])
def test_accents_may_be_left_out(index, typed):
    assert paths_of(index.search(typed))[0] == "/docs/pt/férias.md"


def test_another_form_of_a_word_finds_it(index):
    assert paths_of(index.search("paying", mode=SearchMode.KEYWORD)) == ["/docs/pay.md"]


@pytest.mark.parametrize(
    "query", ['"', "a AND (b", "title : leave *", "leave NEAR", "^leave -days", "x\x00y", "="]
)
@pytest.mark.parametrize("mode", list(SearchMode))
def test_no_sign_in_a_question_has_a_meaning_to_the_database(index, query, mode):
    index.search(query, mode=mode)


@pytest.mark.parametrize("query", ["", "   ", "?!…", "🙂"])
def test_a_question_without_words_finds_nothing(index, query):
    assert index.search(query) == []


def test_a_question_may_be_as_long_as_a_book(paths, embedder):
    long = " ".join(f"word{n}" for n in range(5000))
    with writing(paths, embedder) as (writer, source):
        writer.put(source.id, document("/docs/long", long))
    index = Index.open(paths, embedder)

    for mode in SearchMode:
        assert paths_of(index.search(long, mode=mode)) == ["/docs/long"]
    index.close()


@pytest.mark.parametrize("mode", list(SearchMode))
def test_a_filter_leaves_only_documents_whose_path_begins_so(index, mode):
    hits = index.search("dias days leave férias", mode=mode, filter="/docs/pt/")

    assert paths_of(hits) == ["/docs/pt/férias.md"]
    assert index.search("days", mode=mode, filter="/nowhere") == []


def test_a_filter_is_no_pattern(index):
    assert index.search("days", filter="/docs/%") == []


def test_one_passage_of_each_place_is_enough(paths, embedder):
    parts = tuple(ParsedPassage("Leave", f"leave is granted, part {n}") for n in range(3))
    with writing(paths, embedder) as (writer, source):
        writer.put(
            source.id,
            ParsedDocument("/docs/a", "", "en", MODIFIED_AT, 1, 1, Digest("x"), parts),
        )
    index = Index.open(paths, embedder)

    assert [(hit.path, hit.place) for hit in index.search("leave")] == [("/docs/a", "Leave")]
    index.close()


def test_hits_of_a_private_source_say_so(paths, embedder):
    with writing(paths, embedder) as (writer, source):
        writer.put(source.id, document("/docs/a", "my diary"))
        writer.set_private(source.id, private=True)
    index = Index.open(paths, embedder)

    assert [hit.private for hit in index.search("diary")] == [True]
    index.close()


@pytest.mark.parametrize("mode", list(SearchMode))
def test_an_owner_finds_only_what_is_its_own(paths, embedder, mode):
    with writing(paths, embedder) as (writer, source):
        writer.put(source.id, document("/docs/a", "whales of the person"))
    for owner in ("ann", "bob"):
        with writing(paths, embedder, f"agent:{owner}", owner=owner) as (writer, source):
            writer.put(source.id, document(f"notes of {owner}", f"whales of {owner}"))
    index = Index.open(paths, embedder)

    assert paths_of(index.search("whales", mode=mode)) == ["/docs/a"]
    assert paths_of(index.search("whales", mode=mode, owner="ann")) == ["notes of ann"]
    assert paths_of(index.search("whales", mode=mode, owner="bob")) == ["notes of bob"]
    assert index.search("whales", mode=mode, owner="eve") == []
    assert [source.location for source in index.sources()] == ["/docs"]
    assert [source.location for source in index.sources("ann")] == ["agent:ann"]
    index.close()


def test_without_an_embedder_keywords_are_searched_and_the_status_says_so(index, paths):
    alone = Index.open(paths, None)

    for mode in SearchMode:
        hits = alone.search("days of leave", mode=mode)
        assert paths_of(hits)[0] == "/docs/leave.md"
        assert all(hit.ranks.vector is None for hit in hits)
    assert alone.status().embedder is None
    assert not alone.status().rebuild_needed
    alone.close()


def test_with_another_embedder_keywords_are_searched_and_a_rebuild_is_asked_for(index, paths):
    other = WordEmbedder("words:2")
    changed = Index.open(paths, other)

    hits = changed.search("days of leave")

    assert paths_of(hits)[0] == "/docs/leave.md"
    assert all(hit.ranks.vector is None for hit in hits)
    assert other.embedded == []
    assert changed.status().rebuild_needed
    assert not index.status().rebuild_needed
    changed.close()


def test_an_index_that_is_not_there_is_empty_and_appears_when_it_is_made(paths, embedder):
    index = Index.open(paths, embedder)
    assert index.search("whales") == []
    assert index.sources() == []
    assert index.status().documents == 0
    assert not paths.index_dir.exists()

    with writing(paths, embedder) as (writer, source):
        writer.put(source.id, document("/docs/a", "about whales"))
        assert paths_of(index.search("whales")) == ["/docs/a"]
        assert index.status().documents == 1
    index.close()


def test_a_rebuilt_index_is_noticed_without_opening_anew(index, paths, embedder):
    assert paths_of(index.search("leave"))[0] == "/docs/leave.md"
    with writing(paths, embedder) as (writer, source):
        writer.begin_rebuild().put(source.id, document("/docs/new", "leave of absence"))
        writer.commit_rebuild()

        assert paths_of(index.search("leave")) == ["/docs/new"]
    assert index.status().path.endswith("index-2.db")


def test_many_threads_search_while_the_index_is_written_and_rebuilt(index, paths, embedder):
    def ask(_):
        return index.search("days of leave")[0].path

    with ThreadPoolExecutor(8) as pool, writing(paths, embedder) as (writer, source):
        asked = [pool.submit(ask, n) for n in range(100)]
        for n in range(10):
            writer.put(source.id, document(f"/docs/{n}", "something else"))
        fresh = writer.begin_rebuild()
        fresh.copy_documents(writer, source.id)
        writer.commit_rebuild()
        asked += [pool.submit(ask, n) for n in range(100)]

        assert {one.result(30) for one in asked} == {"/docs/leave.md"}


def test_common_words_are_left_out_of_the_ranking_but_not_of_the_score(paths, monkeypatch):
    monkeypatch.setattr("daemon.index.candidates.MATCH_BUDGET", 5)
    with writing(paths, None) as (writer, source):
        for n in range(30):
            writer.put(source.id, document(f"/docs/{n:02}", f"common text {n}"))
        writer.put(source.id, document("/docs/rare", "rare other"))
        writer.put(source.id, document("/docs/both", "rare common"))
    index = Index.open(paths, None)

    hits = index.search("rare common")

    assert paths_of(hits) == ["/docs/both", "/docs/rare"]
    assert paths_of(index.search("common"))
    index.close()


def test_an_index_of_a_newer_alvo_is_refused_and_left_alone(index, paths):
    file = paths.index_dir / "index-1.db"
    with sqlite3.connect(file) as plain:
        plain.execute("INSERT INTO migration VALUES (99, 'of tomorrow', '')")
    plain.close()
    newer = Index.open(paths, None)

    with pytest.raises(AlvoError) as caught:
        newer.search("leave")
    assert caught.value.type is errors.STORE_NEWER
    newer.close()
