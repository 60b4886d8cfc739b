"""A question as databases see it: the words that count, and the phrases that may be values."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from daemon.index import language, schema_words
from daemon.index.databases import MAX_VALUE_WORDS
from daemon.index.language import Language

_MOST_WORDS: Final = 80
"""Of a question as long as a page, the beginning."""
_WORD: Final = re.compile(r"[^\W_]+")
_QUOTED: Final = re.compile(
    "\"([^\"\n]{1,120})\"|“([^”\n]{1,120})”|«([^»\n]{1,120})»|(?<!\\w)['‘]([^'’\n]{1,120})['’](?!\\w)"
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question. `stems`: its own; `same`: of other words for the same thing.

    `asking`: one of how questions ask, whatever about. `generic`: one that many columns bear.
    `name`: which quotation or name it belongs to, else None. `joins`: two words as one.
    """

    position: int
    word: str
    stems: tuple[str, ...]
    same: frozenset[str]
    asking: bool
    generic: bool
    name: int | None = None
    joins: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow each other: those from `first` to before `after`. `named`: quoted, or
    written like a name. `same`: what it is in the other language.
    """

    first: int
    after: int
    words: str
    named: bool
    same: frozenset[str]


@dataclass(frozen=True, slots=True)
class AskedWords:
    """`words`: all, folded. `names`: quotations and names, folded."""

    language: Language
    words: tuple[str, ...]
    terms: tuple[Term, ...]
    phrases: tuple[Phrase, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    folded: str
    start: int
    end: int


def asked(question: str) -> AskedWords:
    """What a question is looked up by. A question of asking words alone has no terms."""
    of = language.detect(question)
    words = list(_words(question))[:_MOST_WORDS]
    stop = language.STOP_WORDS[of]
    names = list(_names(question, words, stop))
    name_of = {at: n for n, name in enumerate(names) for at in name}
    terms = tuple(
        _term(at, word, name_of.get(at))
        for at, word in enumerate(words)
        if len(word.folded) > 1 and not word.folded.isdigit() and word.folded not in stop
    )
    folded = tuple(word.folded for word in words)
    return AskedWords(
        language=of,
        words=folded,
        terms=(*_joined(words), *terms),
        phrases=tuple(_phrases(words, stop, name_of)),
        names=tuple(" ".join(folded[name[0] : name[-1] + 1]) for name in names),
    )


def _words(question: str) -> Iterator[_Word]:
    for match in _WORD.finditer(question):
        folded = language.words(match[0])
        if folded:
            yield _Word(match[0], "".join(folded), match.start(), match.end())


def _term(at: int, word: _Word, name: int | None) -> Term:
    own = schema_words.stems(word.folded)
    return Term(
        position=at,
        word=word.folded,
        stems=own,
        same=schema_words.same(word.folded),
        asking=name is None and word.folded in schema_words.asking(),
        generic=any(stem in schema_words.generic() for stem in own),
        name=name,
    )


def _joined(words: list[_Word]) -> Iterator[Term]:
    """`check-ins` and `check ins` may be called `checkins`, and count as that if it is found."""
    for at, (one, next_) in enumerate(itertools.pairwise(words)):
        if next_.start - one.end == 1:
            both = one.folded + next_.folded
            yield Term(at, both, schema_words.stems(both), frozenset(), False, False, joins=True)


def _names(question: str, words: list[_Word], stop: frozenset[str]) -> Iterator[tuple[int, ...]]:
    """Where quotations are, and words with capitals that follow each other inside a sentence."""
    taken = set[int]()
    for match in _QUOTED.finditer(question):
        inside = tuple(
            at for at, w in enumerate(words) if match.start() <= w.start and w.end <= match.end()
        )
        if inside:
            taken.update(inside)
            yield inside
    run: list[int] = []
    for at, word in enumerate(words):
        begins = at == 0 or bool(re.search(r"[.?!:]\s*$", question[: word.start]))
        capital = word.text[0].isupper() and not begins and at not in taken
        follows = run and not question[words[run[-1]].end : word.start].strip()
        if run and not (capital and follows):
            yield tuple(run)
            run = []
        if capital and word.folded not in stop:
            run.append(at)
    if run:
        yield tuple(run)


def _phrases(words: list[_Word], stop: frozenset[str], name_of: dict[int, int]) -> Iterator[Phrase]:
    """All of up to so many words that are not mere stop words and asking words, longest first."""
    idle = [w.folded in stop or w.folded in schema_words.asking() for w in words]
    for length in range(min(MAX_VALUE_WORDS, len(words)), 0, -1):
        for first in range(len(words) - length + 1):
            after = first + length
            named = any(at in name_of for at in range(first, after))
            if named or not all(idle[first:after]):
                text = " ".join(w.folded for w in words[first:after])
                yield Phrase(first, after, text, named, schema_words.same_values(text))
