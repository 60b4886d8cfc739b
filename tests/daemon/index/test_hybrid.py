import math

import pytest

from daemon.index import hybrid
from daemon.index.hybrid import Candidate, Query, Statistics, Weights
from daemon.index.language import words


def candidate(id_, body, title="", cosine=None, language="en"):
    title, body = words(title), words(body)
    return Candidate(id_, title, body, language, 2 * (len(title) + len(body)), cosine)


def statistics(**frequency):
    counts = {name.replace("stem_", "="): count for name, count in frequency.items()}
    return Statistics(1000, 20.0, counts)


def test_a_query_has_its_language_its_words_without_stop_words_and_their_stems():
    query = Query.of("Quantos dias de férias?", "en")

    assert query.language == "pt"
    assert query.words == ("dias", "ferias")
    assert len(query.stems) == 2


def test_repeated_words_of_a_query_count_twice_and_are_looked_up_once():
    query = Query.of("the boundary layer of a boundary", "en")

    assert query.words == ("boundary", "layer", "boundary")
    assert query.terms() == ["boundary", "layer", "=boundari", "=layer"]


def test_the_same_form_counts_more_than_the_same_stem():
    same, other = candidate(1, "a flow of air"), candidate(2, "some flows of air")

    hybrid.score_keywords(Query.of("flow", "en"), [same, other], statistics(flow=10, stem_flow=10))

    assert same.keyword > other.keyword > 0


def test_a_word_in_the_title_counts_more_than_one_in_the_body():
    title, body = candidate(1, "air", title="flow"), candidate(2, "flow", title="air")

    hybrid.score_keywords(Query.of("flow", "en"), [title, body], statistics(flow=10, stem_flow=10))

    assert title.keyword > body.keyword


def test_the_keyword_score_is_bm25():
    one = candidate(1, "flow of air in a tube")

    hybrid.score_keywords(Query.of("flow", "en"), [one], statistics(flow=10, stem_flow=40))

    norm = 1.2 * (1 - 0.75 + 0.75 * 12 / 20)
    word = math.log(1 + 990.5 / 10.5) * 0.1 * 2.2 / (0.1 + norm)
    stem = math.log(1 + 960.5 / 40.5) * 1.0 * 2.2 / (1.0 + norm)
    assert one.keyword == pytest.approx(word + stem)


def test_character_grams_find_a_word_inside_another():
    inside, outside = candidate(1, "o guarda-chuvas azul"), candidate(2, "o sapato azul")

    hybrid.score_grams(Query.of("chuva", "pt"), [inside, outside])

    assert inside.grams > outside.grams == 0


def test_each_side_is_divided_by_its_best_before_they_are_added():
    first, second = candidate(1, "", cosine=0.5), candidate(2, "", cosine=0.25)
    first.keyword, second.keyword = 6.0, 12.0

    ordered = hybrid.fuse([first, second], Weights(keyword=0.4, grams=0, vector=0.6))

    assert [one.id for one in ordered] == [1, 2]
    assert first.score == pytest.approx(0.4 * 0.5 + 0.6)
    assert second.score == pytest.approx(0.4 + 0.6 * 0.5)


def test_without_vectors_the_keywords_alone_give_up_to_the_full_score():
    first, second = candidate(1, ""), candidate(2, "")
    first.keyword, second.keyword = 2.0, 1.0

    hybrid.fuse([first, second], Weights(keyword=0.4, grams=0, vector=0))

    assert (first.score, second.score) == (1.0, 0.5)


def test_a_candidate_that_points_away_from_the_question_gets_nothing_for_it():
    only = candidate(1, "", cosine=-0.3)

    hybrid.fuse([only], Weights(keyword=0.4, grams=0, vector=0.6))

    assert only.score == 0
