"""Every sentence and phrase is there in both languages, and reads as TOML does."""

import re
import string
import tomllib
from pathlib import Path

import pytest

import prompts
from daemon.protocol import errors

FOLDER = Path(prompts.__file__).parent
TABLES = {
    file: tomllib.loads((FOLDER / file).read_text(encoding="utf-8"))
    for file in ("errors.toml", "phrases.toml")
}


@pytest.mark.parametrize("file", TABLES)
def test_every_entry_reads_as_a_toml_parser_reads_it(file: str) -> None:
    assert prompts.names(file) == set(TABLES[file])
    for name, entry in TABLES[file].items():
        assert prompts._entry(file, name) == entry


def test_every_error_has_its_sentences_and_no_sentence_is_left_over() -> None:
    assert prompts.names("errors.toml") == set(errors.ALL)


@pytest.mark.parametrize("file", TABLES)
def test_both_languages_have_the_same_blanks(file: str) -> None:
    def blanks(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for name, entry in TABLES[file].items():
        assert blanks(entry["en"]) == blanks(entry["pt"]), name
        if file == "errors.toml":
            assert blanks(entry["action_en"]) == blanks(entry["action_pt"]), name


def test_a_blank_is_filled_and_an_unfilled_one_shows_itself() -> None:
    assert prompts.phrase("executed", "en", count=2).startswith("Done: 2 commands")
    assert "{count}" in prompts.phrase("executed", "en")


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 0, "0 rows"),
        ("en", 1, "1 row"),
        ("en", 2, "2 rows"),
        ("en", "~1200", "~1200 rows"),
        ("pt", 1, "1 linha"),
        ("pt", 0, "0 linhas"),
    ],
)
def test_a_number_has_the_noun_that_goes_with_it(language: str, count: object, said: str) -> None:
    assert prompts.phrase("database_rows", language, count=count) == said


@pytest.mark.parametrize("file", TABLES)
def test_no_phrase_leaves_a_number_with_a_noun_of_the_wrong_number(file: str) -> None:
    nouns = r"documents|passages|rows|files|tables|calls|tokens|documentos|trechos|linhas|arquivos"
    for name, entry in TABLES[file].items():
        for text in entry.values():
            assert not re.search(rf"\{{\w+\}} (?:{nouns})\b", text), name


def test_a_blank_may_have_any_name() -> None:
    prompts.sentence("FLOW_NOT_FOUND", "en", name="x", language="y", flow="z")


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "pt_BR.UTF-8"}, "pt"),
        ({"LANG": "pt_BR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "pt_PT"}, "pt"),
        ({"LANG": "pt", "LC_ALL": ""}, "pt"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language_is_that_of_the_locale(environ, language):
    assert prompts.language_of(environ) == language


def test_a_blank_that_is_a_phrase_is_said_in_the_language_of_its_sentence():
    reason = prompts.Phrase("fetch_status", status=404)
    english, _ = prompts.sentence("FETCH_FAILED", "en", url="u", reason=reason)
    portuguese, _ = prompts.sentence("FETCH_FAILED", "pt", url="u", reason=reason)
    assert english == "u could not be read: the server answered 404."
    assert portuguese == "Não foi possível ler u: o servidor respondeu 404."
    assert str(reason) == "the server answered 404"
