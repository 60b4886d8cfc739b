import numpy as np
import pytest

from daemon.agents.child import material
from daemon.agents.child.adapting import Example, fit
from daemon.agents.child.pairs import Split, pairs_of, split_by_passage
from daemon.agents.child.training import UNTRAINED_NAME, train
from daemon.index.language import stem
from daemon.index.retrieval_model import UNTRAINED, RetrievalModel
from tests.support.agent import OWNER, indexed, lexicon, made_up_texts
from tests.support.embedder import WordEmbedder
from tests.support.index import document, paths_in, writing


def untold(done, total):
    assert 0 <= done <= total


def trained_on(home, documents, seed=0, embedder=None, **given):
    with indexed(home, documents, embedder) as index:
        split = split_by_passage(pairs_of(index, OWNER, seed, **given), seed)
        return train(index, OWNER, split, seed, untold), split


def english(count=60):
    return [document(f"{n}.txt", text) for n, text in enumerate(made_up_texts(count))]


def bilingual(count=50):
    portuguese = enumerate(made_up_texts(count, "pt"))
    return [
        *english(count),
        *(document(f"{n}.pt.txt", text, language="pt") for n, text in portuguese),
    ]


def test_the_same_data_and_seed_give_the_same_model_byte_for_byte(tmp_path):
    one, _ = trained_on(tmp_path / "1", english(), embedder=WordEmbedder())
    again, _ = trained_on(tmp_path / "2", english(), embedder=WordEmbedder())

    assert one.model.to_bytes() == again.model.to_bytes()
    assert one == again or (one.chosen, one.tried) == (again.chosen, again.tried)


def test_what_else_is_in_the_index_changes_nothing_of_what_is_learned(tmp_path, monkeypatch):
    # So that of these too only a sample is looked at.
    monkeypatch.setattr(material, "MOST_PASSAGES", 70)
    alone, _ = trained_on(tmp_path / "1", english(90), embedder=WordEmbedder())
    others = [document(f"{n}.txt", text) for n, text in enumerate(made_up_texts(37, "pt"))]
    with writing(paths_in(tmp_path / "2"), WordEmbedder(), "b", owner="bob@1") as (writer, source):
        writer.put_many(source.id, others)
    beside, _ = trained_on(tmp_path / "2", english(90), embedder=WordEmbedder())

    assert alone.model.to_bytes() == beside.model.to_bytes()
    assert (alone.chosen, alone.tried) == (beside.chosen, beside.tried)


def test_doing_nothing_is_the_first_candidate(tmp_path):
    trained, _ = trained_on(tmp_path, english(), embedder=WordEmbedder())

    assert trained.tried[0].name == UNTRAINED_NAME
    chosen = {one.name: one.ndcg_10 for one in trained.tried}[trained.chosen]
    assert chosen >= trained.tried[0].ndcg_10 - 0.05


def test_of_too_little_nothing_is_learned(tmp_path):
    trained, _ = trained_on(tmp_path, english(8), embedder=WordEmbedder())

    assert trained.chosen == UNTRAINED_NAME
    assert trained.model is UNTRAINED


def test_what_is_learned_can_be_stored(tmp_path):
    trained, _ = trained_on(tmp_path, bilingual(), embedder=WordEmbedder())

    again = RetrievalModel.from_bytes(trained.model.to_bytes())

    assert again.to_bytes() == trained.model.to_bytes()


@pytest.mark.parametrize("embedder", [None, WordEmbedder()], ids=["keywords", "vectors"])
def test_data_in_two_languages_teaches_a_dictionary(tmp_path, embedder):
    trained, split = trained_on(tmp_path, bilingual(), embedder=embedder)

    assert "translations" in trained.chosen
    found = trained.model.translations["pt"]
    words = zip(lexicon("pt"), lexicon("en"), strict=True)
    right = [found.get(stem([one], "pt")[0], (("", 0),))[0][0] == other for one, other in words]
    assert sum(right) > 60
    assert split.held_out


def test_nothing_is_learned_from_what_is_held_out(tmp_path):
    documents = bilingual()
    with indexed(tmp_path, documents, WordEmbedder()) as index:
        pairs = pairs_of(index, OWNER, 0)
        split = split_by_passage(pairs, 0)
        whole = train(index, OWNER, Split(tuple(pairs), ()), 0, untold)
        part = train(index, OWNER, split, 0, untold)

    assert whole.model.translations != part.model.translations


def test_without_questions_that_were_asked_neither_weights_nor_an_adapter_are_tried(tmp_path):
    trained, _ = trained_on(tmp_path, english(), embedder=WordEmbedder())

    assert not [one for one in trained.tried if "weights" in one.name or "adapter" in one.name]


def test_questions_in_words_of_their_own_teach_an_adapter(tmp_path):
    """Who asks says every word backwards: no passage does."""
    texts = made_up_texts(80)
    given = [(" ".join(word[::-1] for word in text.split()[:10]), text) for text in texts]

    trained, _ = trained_on(tmp_path, english(80), embedder=WordEmbedder(), given=given)

    tried = {one.name.rpartition(" + ")[2] for one in trained.tried}
    assert {"weights (en)", "adapter"} <= tried


def test_an_adapter_moves_questions_to_their_answers_and_leaves_others_alone():
    chance = np.random.default_rng(3)
    towards = chance.standard_normal((32, 32)) * 0.3
    asked = [vector / np.linalg.norm(vector) for vector in chance.standard_normal((60, 32))]
    asked = [np.asarray(np.concatenate([one, np.zeros(8)]), np.float32) for one in asked]
    examples = []
    for one in asked:
        answer = one.copy()
        answer[:32] += one[:32] @ towards
        examples.append(Example(one, answer / np.linalg.norm(answer)))

    adapter = fit(examples[:50], 0.5, "words:1")

    before = [float(one.asked @ one.answering) for one in examples[50:]]
    after = [float(adapter.moved(one.asked) @ one.answering) for one in examples[50:]]
    assert np.mean(after) > np.mean(before)
    other = np.zeros(40, np.float32)
    other[35] = 1.0
    assert float(adapter.moved(other) @ other) > 0.999


def test_the_stronger_the_ridge_the_nearer_to_doing_nothing():
    chance = np.random.default_rng(4)
    rows = chance.standard_normal((20, 2, 16)).astype(np.float32)
    examples = [Example(*(one / np.linalg.norm(one) for one in row)) for row in rows]

    moves = [
        float(np.linalg.norm(adapter.moved(examples[0].asked) - examples[0].asked))
        for adapter in (fit(examples, ridge, "e") for ridge in (0.1, 1.0, 10.0, 1000.0))
    ]

    assert moves == sorted(moves, reverse=True)
    assert moves[-1] < 0.01
