"""Words of tables and of questions about them: names taken apart, both languages brought together."""

import functools
import re
import tomllib
from collections.abc import Iterable
from importlib import resources
from typing import Any, Final

from daemon.index import language

_PARTS: Final = re.compile(
    # A capital after a small letter begins a word, and so does the last capital of several.
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|[\W_]+"
)
_SHORTEST: Final = 3
"""Letters that a part of a glued name has at least, but for these."""
_JOINTS: Final = frozenset(("id", "no", "by", "of", "is", "num"))


@functools.cache
def _table() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("schema_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def stems(word: str) -> tuple[str, ...]:
    """Of a folded word, as either language has it: nobody says in which a table was named."""
    english, portuguese = language.stem([word], "en")[0], language.stem([word], "pt")[0]
    return (english,) if english == portuguese else (english, portuguese)


@functools.cache
def _groups() -> dict[str, frozenset[str]]:
    """Stem to the stems of all words that mean the same."""
    found: dict[str, set[str]] = {}
    for group in _table()["groups"]:
        english, _, portuguese = group.partition("|")
        both = {stem for word in language.words(english) for stem in stems(word)} | {
            stem for word in language.words(portuguese) for stem in stems(word)
        }
        for stem in both:
            found.setdefault(stem, set()).update(both)
    return {stem: frozenset(others) for stem, others in found.items()}


@functools.cache
def generic() -> frozenset[str]:
    """Stems of names that say little: those of columns that tables of every kind have."""
    return frozenset(stem for word in _table()["generic"].split() for stem in stems(word))


@functools.cache
def asking() -> frozenset[str]:
    """Folded words of how questions ask, whatever they are about."""
    return frozenset(language.words(_table()["asking"]))


@functools.cache
def _vocabulary() -> frozenset[str]:
    """Words that a glued name may be made of."""
    text = " ".join(_table()["groups"]) + " " + _table()["generic"]
    return frozenset(word for word in language.words(text) if len(word) >= _SHORTEST)


def same(word: str) -> frozenset[str]:
    """The stems of what else a folded word may be called, in both languages; not its own."""
    own = stems(word)
    groups = _groups()
    return frozenset(other for stem in own for other in groups.get(stem, ())) - set(own)


@functools.cache
def _values() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _table()["values"]:
        both = [" ".join(language.words(side)) for side in pair.split("|")]
        for words in both:
            found.setdefault(words, set()).update(both)
    return {words: frozenset(others - {words}) for words, others in found.items()}


def same_values(phrase: str) -> frozenset[str]:
    """How a value of these folded words may be written in the other language."""
    return _values().get(phrase, frozenset())


def parts(name: str, known: Iterable[str] = ()) -> list[str]:
    """The words of a name, folded: `order_items`, `OrderItems` and, where its parts are known
    words or other names (`known`, folded), `orderitems`.
    """
    vocabulary = _vocabulary() | frozenset(known)
    found: list[str] = []
    for part in _PARTS.split(name):
        for word in language.words(part):
            found += _unglued(word, vocabulary)
    return found


def _unglued(word: str, vocabulary: frozenset[str]) -> list[str]:
    """Whole as it is unless all of it is words one after the other; the fewest of them."""
    if word in vocabulary or len(word) <= _SHORTEST:
        return [word]
    best: list[list[str] | None] = [[], *([None] * len(word))]
    for end in range(2, len(word) + 1):
        for start in range(end - 1):
            before, piece = best[start], word[start:end]
            if before is None or not _is_part(piece, vocabulary):
                continue
            here = best[end]
            if here is None or len(before) + 1 < len(here):
                best[end] = [*before, piece]
    return best[len(word)] or [word]


def _is_part(piece: str, vocabulary: frozenset[str]) -> bool:
    if len(piece) < _SHORTEST or piece in _JOINTS:
        return piece in _JOINTS
    return piece in vocabulary or any(stem in _known_stems() for stem in stems(piece))


@functools.cache
def _known_stems() -> frozenset[str]:
    return frozenset(stem for stem in _groups() if len(stem) >= _SHORTEST)
