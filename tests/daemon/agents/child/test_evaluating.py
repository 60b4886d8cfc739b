import random
from dataclasses import replace

import numpy as np
import pytest

from daemon.agents.child.evaluating import FEWEST_JUDGED, evaluate
from daemon.agents.child.pairs import Pair, pairs_of, split_by_passage
from daemon.agents.child.training import train
from daemon.index.hybrid import Weights
from daemon.index.language import words
from daemon.index.retrieval_model import UNTRAINED, Adapter, RetrievalModel
from daemon.protocol.agents import EvaluationReport
from tests.support.agent import OWNER, indexed, made_up_texts, misleading
from tests.support.embedder import WordEmbedder
from tests.support.index import document

LOST = RetrievalModel(
    weights={"en": Weights(0, 0, 1)},
    adapter=Adapter(
        "words:1",
        -np.eye(64, dtype=np.float32) * 2,
        np.eye(64, dtype=np.float32),
    ),
)
"""It looks in the opposite direction."""


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """An index, and what is held out of it; the questions are to be found by their words."""
    texts = made_up_texts(90)
    documents = [document(f"{n}.txt", text) for n, text in enumerate(texts)]
    home = tmp_path_factory.mktemp("judged")
    with indexed(home, documents, WordEmbedder()) as index:
        yield index, split_by_passage(pairs_of(index, OWNER, 0), 0).held_out


def report_of(judged, model, in_service=None, pairs=None, **options) -> EvaluationReport:
    index, held_out = judged
    return evaluate(
        index,
        OWNER,
        held_out if pairs is None else pairs,
        model,
        in_service=in_service,
        seed=0,
        on_progress=lambda done, total: None,
        **options,
    )


def test_the_untrained_model_is_as_good_as_the_baseline_and_may_be_deployed(judged):
    report = report_of(judged, UNTRAINED)

    assert report.trained == report.baseline
    assert (report.difference.mean, report.difference.low, report.difference.high) == (0, 0, 0)
    assert report.deployed
    assert report.pairs >= FEWEST_JUDGED


def test_figures_are_means_between_their_bounds(judged):
    report = report_of(judged, UNTRAINED)

    for figures in (report.keyword, report.baseline, report.trained):
        for measure in (figures.recall_5, figures.mrr, figures.ndcg_10):
            assert 0 <= measure.low <= measure.mean <= measure.high <= 1
    assert report.baseline.mrr.mean <= report.baseline.recall_5.mean
    assert report.baseline.ndcg_10.mean > 0.3


def test_a_difference_that_may_be_chance_is_not_called_a_gain(judged):
    reason = report_of(judged, UNTRAINED).reason
    assert "may be chance (+0.000 nDCG@10, between +0.000 and +0.000)" in reason


def test_a_model_that_harms_is_refused_and_the_reason_says_why(judged):
    report = report_of(judged, LOST)

    assert not report.deployed
    assert report.difference.high < 0
    assert "worse than untrained" in report.reason
    assert f"{report.difference.mean:+.3f}" in report.reason


def test_a_model_that_is_worse_within_the_interval_is_deployed_without_what_it_learned(judged):
    report = report_of(judged, RetrievalModel(weights={"en": Weights(0, 0, 1)}))

    assert report.difference.mean < 0 <= report.difference.high
    assert report.deployed
    assert not report.helps
    assert report.reason.startswith("Deployed without what it learned")


def test_what_finds_as_much_as_untrained_search_is_relied_on(judged):
    assert report_of(judged, UNTRAINED).helps


def test_a_model_no_worse_than_untrained_but_worse_than_the_one_in_service_is_refused(judged):
    _, held_out = judged
    code = {word: f"q{n}q" for n, word in enumerate({w for p in held_out for w in _words(p)})}
    coded = [
        replace(pair, question=" ".join(code[word] for word in _words(pair))) for pair in held_out
    ]
    knows = RetrievalModel(related={said: (word,) for word, said in code.items()})

    report = report_of(judged, UNTRAINED, in_service=knows, pairs=coded)

    assert report.trained == report.baseline
    assert report.in_service == report_of(judged, knows, pairs=coded).trained
    assert report.difference.high < 0
    assert not report.deployed
    assert "worse than the version in service" in report.reason
    assert report_of(judged, knows, in_service=UNTRAINED, pairs=coded).deployed


def _words(pair: Pair) -> list[str]:
    return words(pair.question)


def test_the_reason_is_said_in_the_agents_language(judged):
    assert "pior que a busca sem treinamento" in report_of(judged, LOST, written_in="pt").reason


def test_too_few_questions_to_judge_by_say_so(judged):
    _, held_out = judged

    report = report_of(judged, LOST, pairs=held_out[: FEWEST_JUDGED - 1])

    assert not report.deployed
    assert f"{FEWEST_JUDGED - 1} questions" in report.reason
    assert report_of(judged, LOST, pairs=()).pairs == 0


def test_the_same_seed_gives_the_same_report(judged):
    assert report_of(judged, UNTRAINED) == report_of(judged, UNTRAINED)


def test_answers_are_borne_out_by_the_passages_that_they_cite(judged):
    report = report_of(judged, UNTRAINED)

    assert report.support is not None
    assert report.support.mean > 0.5


def test_an_answer_that_cites_another_passage_is_not_borne_out(judged):
    _, held_out = judged
    others = (*held_out[1:], held_out[0])
    astray = [
        replace(pair, passage=other.passage) for pair, other in zip(held_out, others, strict=True)
    ]

    report = report_of(judged, UNTRAINED, pairs=astray)

    assert report.support is not None
    assert report.support.mean < 0.5


@pytest.mark.parametrize("embedder", [None, WordEmbedder()], ids=["keywords", "vectors"])
def test_a_dataset_that_teaches_what_is_wrong_is_refused(tmp_path, embedder):
    given = misleading()
    documents = [document(f"{n}.txt", answer) for n, (_, answer) in enumerate(given)]
    with indexed(tmp_path, documents, embedder) as index:
        split = split_by_passage(pairs_of(index, OWNER, 0, given=given), 0)
        trained = train(index, OWNER, split, 0, lambda *_: None)
        report = report_of((index, split.held_out), trained.model)

    assert "related words" in trained.chosen
    assert not report.deployed
    assert report.difference.high < 0
    assert report.trained.ndcg_10.mean < report.baseline.ndcg_10.mean


def test_wrong_answers_teach_nothing_that_harms_other_questions(tmp_path):
    """Each question is given with the answer to another."""
    texts = made_up_texts(100)
    documents = [document(f"{n}.txt", text) for n, text in enumerate(texts)]
    right = [(" ".join(text.split()[3:12]), text) for text in texts]
    answers = [answer for _, answer in right]
    random.Random(1).shuffle(answers)
    wrong = [(question, answer) for (question, _), answer in zip(right, answers, strict=True)]
    with indexed(tmp_path, documents, WordEmbedder()) as index:
        bad = split_by_passage(pairs_of(index, OWNER, 0, given=wrong), 0)
        good = split_by_passage(pairs_of(index, OWNER, 0, given=right), 0)
        trained = train(index, OWNER, bad, 0, lambda *_: None)
        report = report_of((index, good.held_out), trained.model)

    assert report.trained.ndcg_10.mean > 0.9 * report.baseline.ndcg_10.mean
