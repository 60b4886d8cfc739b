import random

import numpy as np
import pytest

from daemon.index import Index
from daemon.index.hybrid import Query, Weights
from daemon.index.retrieval_model import UNTRAINED, Adapter, RetrievalModel, unit
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import SearchMode
from tests.support.embedder import WordEmbedder
from tests.support.index import document, paths_in, writing


def adapter(embedder="words:1", rank=3, dimensions=64):
    chance = np.random.default_rng(7)
    left = chance.standard_normal((dimensions, rank)).astype(np.float32)
    right = chance.standard_normal((rank, dimensions)).astype(np.float32)
    return Adapter(embedder, left, right)


def full_model():
    return RetrievalModel(
        weights={"en": Weights(0.5, 0.1, 0.4), "pt": Weights(0.3, 0.3, 0.4)},
        adapter=adapter(),
        related={"nlp": ("natural", "language"), "natural language": ("nlp",)},
        translations={"pt": {"bal": (("whale", 0.75), ("whales", 0.25))}},
        glossed=0.5,
    )


@pytest.fixture
def index(tmp_path):
    paths, embedder = paths_in(tmp_path), WordEmbedder()
    with writing(paths, embedder, "agent:ann", owner="ann@1") as (writer, source):
        writer.put(source.id, document("nlp", "natural language processing of letters"))
        writer.put(source.id, document("sea", "a whale lives in the ocean"))
        writer.put(source.id, document("ship", "a ship crosses the harbour at night"))
    opened = Index.open(paths, embedder)
    yield opened
    opened.close()


def found(index, query, model, mode=SearchMode.HYBRID):
    return [hit.path for hit in index.search(query, mode=mode, owner="ann@1", model=model)]


def test_a_model_comes_back_from_its_bytes_as_it_was():
    model = full_model()

    again = RetrievalModel.from_bytes(model.to_bytes())

    assert again.to_bytes() == model.to_bytes()
    assert (again.weights, again.related, again.translations, again.glossed) == (
        model.weights,
        model.related,
        model.translations,
        model.glossed,
    )
    assert np.array_equal(again.adapter.left, model.adapter.left)
    assert np.array_equal(again.adapter.right, model.adapter.right)
    assert RetrievalModel.from_bytes(UNTRAINED.to_bytes()).to_bytes() == UNTRAINED.to_bytes()


def test_bytes_do_not_depend_on_the_order_in_which_things_were_learned():
    related = {"a": ("b",), "c": ("d",)}
    backwards = dict(reversed(related.items()))

    one, other = RetrievalModel(related=related), RetrievalModel(related=backwards)

    assert one.to_bytes() == other.to_bytes()


@pytest.mark.parametrize("seed", range(200))
def test_any_change_to_the_bytes_is_refused(seed):
    chance = random.Random(seed)
    content = bytearray(full_model().to_bytes())
    at = chance.randrange(len(content))
    match chance.randrange(4):
        case 0:
            content[at] ^= 1 << chance.randrange(8)
        case 1:
            del content[at:]
        case 2:
            content[at:at] = chance.randbytes(chance.randrange(1, 9))
        case _:
            content = bytearray(chance.randbytes(at))

    with pytest.raises(AlvoError) as refused:
        RetrievalModel.from_bytes(bytes(content))

    assert refused.value.type is errors.AGENT_MODEL_DAMAGED


def too_many_words():
    return {f"w{n}": ("x",) for n in range(2001)}


@pytest.mark.parametrize(
    "wrong",
    [
        RetrievalModel(weights={"en": Weights(0, 0, 0)}),
        RetrievalModel(weights={"en": Weights(2, 0, 0)}),
        RetrievalModel(weights={"en": Weights(-1, 1, 1)}),
        RetrievalModel(glossed=1.5),
        RetrievalModel(related={"a": ()}),
        RetrievalModel(related={"a": ("two words",)}),
        RetrievalModel(related={"A": ("b",)}),
        RetrievalModel(related={"a": ("b\x00",)}),
        RetrievalModel(related={"a b c d e f g": ("h",)}),
        RetrievalModel(related={"a": tuple("bcdefghij")}),
        RetrievalModel(related={"a": ("b" * 65,)}),
        RetrievalModel(related=too_many_words()),
        RetrievalModel(translations={"pt": {"a": (("b", 1.5),)}}),
        RetrievalModel(translations={"pt": {"a": (("b", 0.0),)}}),
        RetrievalModel(translations={"fr": {"a": (("b", 0.5),)}}),
        RetrievalModel(translations={"pt": {"a": (("", 0.5),)}}),
        RetrievalModel(adapter=adapter(rank=65)),
        RetrievalModel(adapter=adapter(rank=1, dimensions=4097)),
        RetrievalModel(adapter=Adapter("e", *(np.full((1, 1), np.nan, np.float32),) * 2)),
        RetrievalModel(adapter=Adapter("e", *(np.full((1, 1), 1e9, np.float32),) * 2)),
    ],
)
def test_well_formed_bytes_that_say_something_out_of_bounds_are_refused(wrong):
    with pytest.raises(AlvoError) as refused:
        RetrievalModel.from_bytes(wrong.to_bytes())

    assert refused.value.type is errors.AGENT_MODEL_DAMAGED


@pytest.mark.parametrize("mode", list(SearchMode))
@pytest.mark.parametrize("query", ["natural language", "whale ocean", "harbour night", "letters"])
def test_the_untrained_model_changes_nothing(index, query, mode):
    assert index.search(query, mode=mode, owner="ann@1", model=UNTRAINED) == index.search(
        query, mode=mode, owner="ann@1"
    )


def test_an_abbreviation_finds_what_is_written_out(index):
    assert found(index, "NLP", None, SearchMode.KEYWORD) == []
    assert found(index, "NLP", full_model(), SearchMode.KEYWORD) == ["nlp"]


def test_a_question_finds_passages_in_the_other_language(index):
    model = full_model()

    assert found(index, "onde vivem as baleias", None, SearchMode.KEYWORD) == []
    assert found(index, "onde vivem as baleias", model, SearchMode.KEYWORD) == ["sea"]
    translation_only = RetrievalModel(translations=model.translations, glossed=1.0)
    hits = index.search("onde vivem as baleias", owner="ann@1", model=translation_only)
    assert hits[0].path == "sea"
    assert hits[0].ranks.vector == 1


@pytest.mark.parametrize(
    ("weights", "mode"),
    [(Weights(1, 0, 0), SearchMode.KEYWORD), (Weights(0, 0, 1), SearchMode.VECTOR)],
)
def test_weights_decide_between_words_and_meaning(index, weights, mode):
    query = "a whale and a ship of the night"
    alone = index.search(query, mode=mode, owner="ann@1")

    weighed = index.search(query, owner="ann@1", model=RetrievalModel(weights={"en": weights}))

    assert [(hit.path, hit.score) for hit in weighed] == [(hit.path, hit.score) for hit in alone]
    assert [hit.score for hit in weighed] != [
        hit.score for hit in index.search(query, owner="ann@1")
    ]


def test_an_adapter_moves_a_question_towards_what_answers_it(index):
    embedder = WordEmbedder()
    asked, wanted = embedder.embed_query("leviathan"), embedder.embed_query("whale ocean lives")
    towards = Adapter(embedder.name, asked[:, None], 5 * wanted[None, :])

    moved = RetrievalModel(adapter=towards)

    assert found(index, "leviathan", moved, SearchMode.VECTOR)[0] == "sea"


def test_an_adapter_for_the_vectors_of_another_embedder_is_left_out(index):
    other = RetrievalModel(adapter=adapter(embedder="words:2", dimensions=9))

    assert found(index, "whale", other) == found(index, "whale", None)


def test_an_adapter_of_another_shape_is_left_out_whatever_embedder_it_names(index):
    for dimensions in (9, 65):
        other = RetrievalModel(adapter=adapter(dimensions=dimensions))
        assert found(index, "rain", other) == found(index, "rain", UNTRAINED)


def test_translations_never_count_a_word_twice():
    query = Query.of("a baleia whale", "pt")
    model = RetrievalModel(translations={"pt": {query.stems[1]: (("whale", 0.5),)}})

    expanded = model.expanded(query)

    assert [stem for stem, _ in expanded.added if stem in query.stems] == []


def test_a_vector_without_a_direction_stays_finite():
    assert np.array_equal(unit(np.zeros(4, np.float32)), np.zeros(4, np.float32))
