"""Names of tables and columns among the words of a question, and how well they fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from daemon.index.language import STOP_WORDS, Language
from daemon.reasoner.sql import schema as schemas
from daemon.reasoner.sql.lexicon import listed
from daemon.reasoner.sql.schema import Field, Relation, Schema, Use, Word

PLACING: Final = listed("in on at to from per by em no na por para")
"""Small words that may stand inside of a name: `UnitsInStock`."""
SYNONYM: Final = 0.25
"""What one word costs that means the same as the name's, without being it."""
_LABEL: Final = 0.1
_KEY: Final = 0.3
_COUNTER: Final = 0.2
_OTHER: Final = 0.5
_DESCRIBED: Final = 0.45
_WORST: Final = 0.95
_SPREAD: Final = 0.6
"""Candidates that fit worse than the best by more than this are left out."""
_MOST: Final = 14


@dataclass(frozen=True, slots=True)
class Candidate:
    """A table, or a column of it, or a value in that column. `penalty`: 0 fits word by word.

    `counter`: the column holds the number of what was said. `synonym`: other words were said.
    """

    table: str
    column: str | None
    penalty: float
    value: str | None = None
    counter: bool = False
    synonym: bool = False


class NameIndex:
    """Finds the names of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def find(self, said: Sequence[str], lang: Language) -> tuple[Candidate, ...]:
        """What these folded words may name, best first."""
        if not said or any(word in STOP_WORDS[lang] and word not in PLACING for word in said):
            return ()
        if said[0] in PLACING or said[-1] in PLACING:
            return ()
        words = [schemas.word(word) for word in said]
        found: list[Candidate] = []
        for relation in self._schema.relations.values():
            table = _table(words, relation)
            if table is not None:
                found.append(table)
            found += [
                candidate
                for field in relation.fields
                if (candidate := _column(words, field, relation)) is not None
            ]
        found.sort(key=lambda candidate: candidate.penalty)
        best = found[0].penalty if found else 0.0
        return tuple(one for one in found if one.penalty <= best + _SPREAD)[:_MOST]


def likeness(one: Word, other: Word) -> float | None:
    """What it costs to take one word for the other; None: it cannot be."""
    if one.exact & other.exact:
        return 0.0
    if one.same & other.exact:
        return SYNONYM
    return None


def _table(words: Sequence[Word], relation: Relation) -> Candidate | None:
    cost = _paired(words, relation.words)
    if cost is None:
        return _described(Candidate(relation.name, None, 0.0), words, relation.described)
    cost += _OTHER * (len(relation.words) - len(words))
    if cost >= _WORST:
        return None
    return Candidate(relation.name, None, cost, synonym=_by_synonym(words, relation.words))


def _column(words: Sequence[Word], field: Field, relation: Relation) -> Candidate | None:
    own = list(field.own)
    spare = list(relation.words)
    cost = 0.0
    hit = False
    for word in words:
        price = _take(word, own)
        if price is None:
            price = _take(word, spare)
            if price is None:
                return _described(Candidate(field.table, field.name, 0.0), words, field.described)
        else:
            hit = True
        cost += price
    if not hit:
        return None
    missing, counter = _missing(own)
    cost += missing
    if cost >= _WORST:
        return _described(Candidate(field.table, field.name, 0.0), words, field.described)
    if (
        len(words) > 1
        and Use.KEY in field.use
        and any(schemas.is_key_word(one.text) for one in own)
    ):
        # "business category" is no `business_id` of a category.
        return None
    counter = counter and Use.COUNTER in field.use
    synonym = _by_synonym(words, (*field.own, *relation.words))
    return Candidate(field.table, field.name, cost, counter=counter, synonym=synonym)


def _missing(left: Sequence[Word]) -> tuple[float, bool]:
    """What the words of a name cost that were not said, and whether one of them says "how many"."""
    cost, counter = 0.0, False
    for word in left:
        if schemas.is_flag_word(word.text):
            continue
        if schemas.is_label(word.text):
            cost += _LABEL
        elif schemas.is_key_word(word.text):
            cost += _KEY
        elif schemas.is_counter_word(word.text):
            cost, counter = cost + _COUNTER, True
        else:
            cost += _OTHER
    return cost, counter


def _by_synonym(words: Sequence[Word], among: Sequence[Word]) -> bool:
    return not all(any(word.exact & other.exact for other in among) for word in words)


def _described(
    one: Candidate, words: Sequence[Word], described: Sequence[Word]
) -> Candidate | None:
    """A person said what it holds: its name need not say it too."""
    cost = _paired(words, described)
    if cost is None or cost + _DESCRIBED >= _WORST:
        return None
    return replace(one, penalty=cost + _DESCRIBED, synonym=True)


def _paired(words: Sequence[Word], among: Sequence[Word]) -> float | None:
    left = list(among)
    cost = 0.0
    for word in words:
        price = _take(word, left)
        if price is None:
            return None
        cost += price
    return cost


def _take(word: Word, left: list[Word]) -> float | None:
    prices = [
        (price, at) for at, other in enumerate(left) if (price := likeness(word, other)) is not None
    ]
    if not prices:
        return None
    price, at = min(prices)
    del left[at]
    return price
