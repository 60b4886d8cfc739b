"""The words of `lexicon.toml`: which phrases ask for which operation."""

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from daemon.index import language
from daemon.index.language import Language
from daemon.reasoner.sql import tags

LONGEST_PHRASE: Final = 8
"""Words."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`sense`: the list it stands in. `columns`: words of the columns that it means by itself."""

    tag: str
    sense: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`phrases`: by their folded words. `refused`: words that change a question and are not understood."""

    phrases: dict[tuple[str, ...], Operation]
    neutral: frozenset[str]
    refused: frozenset[str]
    deeds: frozenset[str]


def listed(text: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(text.split())


@functools.cache
def lexicon(lang: Language) -> Lexicon:
    """Of one language."""
    table = _table()
    phrases: dict[tuple[str, ...], Operation] = {}
    for sense, listed in [*table[lang].items(), *table["superlatives"][lang].items()]:
        for phrase in listed:
            phrases.setdefault(_words(phrase), Operation(tags.OF_PHRASE[sense], sense))
    hints: dict[tuple[str, ...], Operation] = {}
    for hint in table["hints"]:
        sense = "high" if hint["high"] else "low"
        for phrase in hint["words"]:
            words = _words(phrase)
            before = hints.get(words)
            columns = (*(before.columns if before else ()), *hint["columns"].split())
            hints[words] = Operation(tags.OF_PHRASE[sense], sense, columns)
    neutral, refused, deeds = (
        frozenset(language.words(table[name][lang])) for name in ("neutral", "refused", "deeds")
    )
    return Lexicon({**phrases, **hints}, neutral - refused, refused, deeds)


@functools.cache
def singular() -> frozenset[str]:
    """Words that end as several do, and are one; of both languages."""
    return frozenset(word for text in _table()["singular"].values() for word in text.split())


def _words(phrase: str) -> tuple[str, ...]:
    return (phrase,) if not phrase[0].isalnum() else tuple(language.words(phrase))


@functools.cache
def _table() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("lexicon.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
