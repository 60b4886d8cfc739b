"""The words of the pages: both languages say all of it, and in the words of the shell."""

import json
import re
import tomllib
from pathlib import Path

import pytest

import prompts

STATIC = Path(__file__).parents[2] / "webui" / "static"
TABLES = {
    language: json.loads((STATIC / "words" / f"{language}.json").read_text(encoding="utf-8"))
    for language in prompts.LANGUAGES
}
SCRIPTS = {
    str(path.relative_to(STATIC)): path.read_text(encoding="utf-8")
    for path in sorted(STATIC.rglob("*.js"))
    if "vendor" not in path.parts
}
BLANK = re.compile(r"\{(\w+)")
# The shell names its commands in these; a page has a link or nothing in that place.
OF_THE_SHELL = ("agents_none", "databases_none", "hits_none", "permission_until_revoked")
FAMILIES = tuple(
    {
        *re.findall(r"`(\w+_)\$\{", "".join(SCRIPTS.values())),
        *(f"{name}_" for name in re.findall(r'\bword\("(\w+)"', "".join(SCRIPTS.values()))),
    }
)


def test_both_languages_have_the_same_words_with_the_same_blanks():
    english, portuguese = TABLES["en"], TABLES["pt"]
    assert english.keys() == portuguese.keys()
    blanks = {name: set(BLANK.findall(text)) for name, text in english.items()}
    assert blanks == {name: set(BLANK.findall(text)) for name, text in portuguese.items()}


@pytest.mark.parametrize("language", prompts.LANGUAGES)
def test_a_page_says_a_thing_in_the_words_of_the_shell(language):
    phrases = tomllib.loads((Path(prompts.__file__).parent / "phrases.toml").read_text("utf-8"))
    shared = phrases.keys() & TABLES[language].keys() - set(OF_THE_SHELL)
    assert len(shared) > 100
    assert {name: TABLES[language][name] for name in shared} == {
        name: phrases[name][language] for name in shared
    }


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_page_asks_for_no_word_that_is_not_there(name):
    asked = set(re.findall(r'\bt\("(\w+)"', SCRIPTS[name]))
    assert asked <= TABLES["en"].keys()


def test_no_word_is_left_over():
    written = set(re.findall(r'"(\w+)"', "".join(SCRIPTS.values())))
    left = {
        name
        for name in TABLES["en"]
        if name not in written and not name.startswith((*FAMILIES, "tty"))
    }
    assert not left
