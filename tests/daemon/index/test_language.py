import pytest

from daemon.index.language import detect, fold, stem, without_stop_words, words


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How many days of leave are there?", "en"),
        ("Quantos dias de férias existem?", "pt"),
        ("quantos dias de ferias eu tenho", "pt"),
        ("Where is the invoice of the supplier", "en"),
        ("qual é o prazo para reembolso", "pt"),
        ("list my files", "en"),
        ("o que é a UFMS?", "pt"),
        ("THE STATE OF THE ART", "en"),
    ],
)
def test_a_question_shows_its_language_by_its_small_words(text, language):
    assert detect(text) == language


@pytest.mark.parametrize("default", ["en", "pt"])
def test_a_text_without_small_words_is_in_the_language_of_the_collection(default):
    assert detect("PostgreSQL 17", default) == default
    assert detect("", default) == default


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Férias", "ferias"),
        ("AÇÃO", "acao"),
        ("plain", "plain"),
        ("naïve ﬁle", "naive file"),
        ("e\u0301", "e"),
        ("Straße", "strasse"),
    ],
)
def test_accents_and_capitals_make_no_difference(text, folded):
    assert fold(text) == folded


def test_words_are_what_lies_between_signs():
    assert words("a_b-c d's (é) 3.14") == ["a", "b", "c", "d", "s", "e", "3", "14"]
    assert words("…!?") == []


def test_words_are_stemmed_after_they_were_folded_so_that_both_spellings_meet():
    assert stem(words("férias"), "pt") == stem(words("ferias"), "pt")
    assert stem(words("reuniões reuniao"), "pt")[0][:5] == "reuni"
    assert stem(["running", "runs"], "en") == ["run", "run"]


def test_repeated_words_stay_and_stop_words_go():
    assert without_stop_words(words("the cat and the cat"), "en") == ["cat", "cat"]
    assert without_stop_words(words("não há férias em março"), "pt") == ["ferias", "marco"]


def test_a_question_of_stop_words_alone_keeps_them():
    assert without_stop_words(["to", "be", "or", "not"], "en") == ["to", "be", "or", "not"]
