"""Embedders on a server, against servers on the loopback that speak their wire formats."""

import threading
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from daemon.config import EmbedderKind, EmbedderSettings, Paths
from daemon.models.choice import choose_embedder
from daemon.models.embedder import Embedder
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from tests.support.gemini_server import KEY, GeminiServer
from tests.support.openai_server import OpenAIServer, embeddings, error, quota
from tests.support.wire import Reply

MODEL = "nomic-embed-text"
TEXTS = ["the cat sleeps", "a dog barks", "the cat sleeps"]


@pytest.fixture
def openai() -> Iterator[OpenAIServer]:
    with OpenAIServer(models=(MODEL, f"{MODEL}:cloud")) as server:
        yield server


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer(models=("gemini-embedding-001", "gemini-embedding-2")) as server:
        yield server


def chosen(tmp_path, **settings) -> Embedder:
    environ = {"HOME": str(tmp_path), "GEMINI_API_KEY": KEY}
    embedder = choose_embedder(
        EmbedderSettings(**settings), Paths.from_environment(environ), environ
    )
    assert embedder is not None
    return embedder


def of_openai(tmp_path, server: OpenAIServer, **settings) -> Embedder:
    given = {"model": MODEL, "base_url": server.base_url} | settings
    return chosen(tmp_path, kind=EmbedderKind.OPENAI, **given)


def of_gemini(tmp_path, server: GeminiServer, **settings) -> Embedder:
    given = {"base_url": server.base_url, "api_version": "v1beta"} | settings
    return chosen(tmp_path, kind=EmbedderKind.GEMINI, **given)


def failure(embedder: Embedder) -> AlvoError:
    with closing(embedder), pytest.raises(AlvoError) as caught:
        embedder.embed_passages(["x"])
    return caught.value


def test_vectors_of_an_openai_server_come_in_order_and_of_unit_length(tmp_path, openai):
    with closing(of_openai(tmp_path, openai)) as embedder:
        found = embedder.embed_passages(TEXTS)
        assert found.dtype == np.float32
        assert found.shape == (3, embedder.dimensions) == (3, 8)
        assert np.allclose(np.linalg.norm(found, axis=1), 1)
        assert np.array_equal(found[0], found[2])
        assert np.allclose(embedder.embed_query("a dog barks"), found[1])
        assert (embedder.name, embedder.remote) == (f"openai:{MODEL}", False)


def test_many_texts_go_in_several_calls(tmp_path, openai):
    with closing(of_openai(tmp_path, openai, dimensions=16)) as embedder:
        found = embedder.embed_passages([f"text {n}" for n in range(150)] + ["", " "])
        assert found.shape == (152, 16)
    sizes = [len(request.body["input"]) for request in openai.generated]
    assert sizes == [64, 64, 24]
    assert all(text.strip() for request in openai.generated for text in request.body["input"])


def test_gemini_is_told_by_its_older_models_field_what_a_text_is_for(tmp_path, gemini):
    with closing(of_gemini(tmp_path, gemini)) as embedder:
        found = embedder.embed_passages(TEXTS)
        embedder.embed_query("where is the cat")
        assert (found.shape, embedder.remote) == ((3, 768), True)
        assert np.allclose(np.linalg.norm(found, axis=1), 1)
    passages, query = (request.body["requests"] for request in gemini.generated)
    assert [one["taskType"] for one in passages] == ["RETRIEVAL_DOCUMENT"] * 3
    assert [one["content"]["parts"][0]["text"] for one in passages] == TEXTS
    assert query[0]["taskType"] == "RETRIEVAL_QUERY"


def test_gemini_is_told_by_words_what_a_text_is_for_where_the_model_wants_them(tmp_path, gemini):
    settings = {"model": "gemini-embedding-2", "dimensions": 128}
    with closing(of_gemini(tmp_path, gemini, **settings)) as embedder:
        assert embedder.embed_query("cat").shape == (128,)
        assert embedder.embed_passages(["cat"]).shape == (1, 128)
    query, passage = (request.body["requests"][0] for request in gemini.generated)
    assert query["content"]["parts"][0]["text"] == "task: search result | query: cat"
    assert passage["content"]["parts"][0]["text"] == "title: none | text: cat"
    assert "taskType" not in query


def test_a_model_that_a_local_server_passes_on_counts_as_elsewhere(tmp_path, openai):
    with closing(of_openai(tmp_path, openai, model=f"{MODEL}:cloud")) as embedder:
        assert embedder.remote


def test_it_is_asked_from_many_threads_at_once(tmp_path, openai):
    found: list[float] = []
    with closing(of_openai(tmp_path, openai)) as embedder:

        def ask(n: int) -> None:
            found.append(float(embedder.embed_query(f"word{n}").sum()))

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 8


def test_a_failure_that_may_pass_is_tried_again(tmp_path, openai):
    openai.script(error(503, "loading"), embeddings([[3.0, 4.0]]))
    with closing(of_openai(tmp_path, openai)) as embedder:
        assert embedder.embed_query("x").tolist() == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize(
    "reply",
    [
        embeddings([]),
        embeddings([[1.0], [2.0]]),
        embeddings([[]]),
        embeddings([[0.1] * 9000]),
        embeddings([[float("nan")]]),
        embeddings([["a"]]),
        Reply(body={"data": [{"embedding": None}]}),
        Reply(body={"data": "x"}),
        Reply(body=[]),
        Reply(raw=b"<html>"),
        quota("1"),
        error(400, "too long"),
        error(401, "no"),
    ],
)
def test_what_is_no_vector_is_a_clear_error(tmp_path, openai, reply):
    openai.otherwise = reply
    openai.replies.extend([reply] * 5)
    found = failure(of_openai(tmp_path, openai))
    assert found.type is errors.EMBEDDER_SERVER_FAILED
    assert found.blanks["embedder"] == f"openai:{MODEL}"


def test_vectors_of_another_length_than_before_are_refused(tmp_path, openai):
    with closing(of_openai(tmp_path, openai)) as embedder:
        embedder.embed_query("x")
        openai.script(embeddings([[1.0, 2.0]]))
        with pytest.raises(AlvoError) as caught:
            embedder.embed_query("x")
    assert caught.value.type is errors.EMBEDDER_SERVER_FAILED


def test_a_server_that_is_away_or_a_wrong_key_is_said(tmp_path, gemini):
    gone = chosen(tmp_path, kind=EmbedderKind.OPENAI, model=MODEL, base_url="http://127.0.0.1:9/v1")
    assert "cannot be reached" in str(failure(gone).blanks["reason"])
    gemini.key = "another"
    found = failure(of_gemini(tmp_path, gemini))
    assert "refused the API key" in str(found.blanks["reason"])
    assert KEY not in str(found)


def test_what_is_not_set_is_named(tmp_path):
    for settings, where in (
        ({"kind": EmbedderKind.OPENAI, "model": "m"}, "embedder.base_url"),
        ({"kind": EmbedderKind.OPENAI, "base_url": "http://127.0.0.1:1/v1"}, "embedder.model"),
    ):
        with pytest.raises(AlvoError) as caught:
            chosen(tmp_path, **settings)
        assert caught.value.type is errors.CONFIG_INVALID
        assert caught.value.blanks["where"] == where
    with pytest.raises(AlvoError) as caught:
        environ = {"HOME": str(tmp_path)}
        paths = Paths.from_environment(environ)
        choose_embedder(EmbedderSettings(EmbedderKind.GEMINI), paths, environ)
    assert caught.value.type is errors.REASONER_NO_KEY
