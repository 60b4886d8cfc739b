"""Foreign keys that nobody declared: guessed from names, held against the values."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daemon.sources.database import naming
from daemon.sources.database.wire import SeenColumn, SeenTable

_MOST: Final = 300
_MOST_OF_A_COLUMN: Final = 3
_IDS: Final = ("id", "code", "key", "no", "num", "number", "nr", "cod", "codigo")
_OWN_ENDINGS: Final = ("id", "code", "name", "key")
_COUNTS: Final = ("num", "count", "n", "no", "total", "is", "has")
_ENOUGH_VALUES: Final = 8
"""Distinct values that must all be found elsewhere before values alone speak for a key."""
_OWN: Final = 2.0
"""How much makes a column its own table's key, which refers to no other."""
_ALONE: Final = 1.0
"""The score of a guess that rests on values and not on a name."""


@dataclass(frozen=True, slots=True)
class LikelyKey:
    """`score`: how much speaks for it before the values have been compared."""

    table: str
    column: str
    to_table: str
    to_column: str
    score: float


def candidates(tables: Sequence[SeenTable]) -> list[LikelyKey]:
    """For each column without a declared key the few that it may refer to, the likeliest first."""
    targets = [
        (table, column)
        for table in tables
        if table.kind == "table"
        for column in table.columns
        if column.unique and column.seen
    ]
    keys: list[LikelyKey] = []
    for table in tables:
        if table.kind != "table":
            continue
        for column in table.columns:
            if column.references is None and _may_refer(column):
                keys += _of_column(table, column, targets)
    keys.sort(key=lambda key: -key.score)
    return keys[:_MOST]


def chosen(keys: Sequence[LikelyKey], contained: Sequence[bool]) -> dict[tuple[str, str], str]:
    """`table.column` by table and column: the likeliest of those whose values fit.

    Of guesses by values alone only one that is without a rival.
    """
    fits: dict[tuple[str, str], list[LikelyKey]] = defaultdict(list)
    for key, holds in zip(keys, contained, strict=True):
        if holds:
            fits[key.table, key.column].append(key)
    result = {}
    for place, found in fits.items():
        best, *others = sorted(found, key=lambda key: -key.score)
        if best.score <= _ALONE and others:
            continue
        result[place] = f"{best.to_table}.{best.to_column}"
    return result


def _may_refer(column: SeenColumn) -> bool:
    """Not a measure, not a sentence."""
    kinds = {kind for kind, times in column.kinds.items() if times and kind != "null"}
    return kinds <= {"integer"} or (kinds == {"text"} and column.longest <= 60)


def _of_column(
    table: SeenTable, column: SeenColumn, targets: list[tuple[SeenTable, SeenColumn]]
) -> list[LikelyKey]:
    found = []
    for to_table, to_column in targets:
        if to_table.name == table.name and to_column.name == column.name:
            continue
        if not _same_kind(column, to_column):
            continue
        score = _by_name(table, column, to_table, to_column)
        if not score and to_table.name != table.name:
            score = _by_values(column, to_table, to_column)
        if score:
            found.append(LikelyKey(table.name, column.name, to_table.name, to_column.name, score))
    found.sort(key=lambda key: -key.score)
    return found[:_MOST_OF_A_COLUMN]


def _by_name(
    table: SeenTable, column: SeenColumn, to_table: SeenTable, to_column: SeenColumn
) -> float:
    """How much the names speak for it; 0 if they do not."""
    if to_table.name == table.name:
        return 4.0 if _refers_to_itself(column, to_column) else 0.0
    if _owns(column, table) >= _OWN:
        return 0.0
    score = 0.0
    stem = _stem(column.name)
    if stem and naming.same_thing(stem, to_table.name) and _identifies(to_column, to_table):
        score = 6.0
    elif _letters(column.name) == _letters(to_column.name):
        score = _of_one_name(table, column, to_table, to_column)
    elif _ends_alike(column.name, to_column.name):
        score = 2.5 + 0.5 * _owns(to_column, to_table)
    elif _plays_a_role(column.name, to_table.name) and _identifies(to_column, to_table):
        score = 2.2
    return score + to_column.primary_key if score else 0.0


def _of_one_name(
    table: SeenTable, column: SeenColumn, to_table: SeenTable, to_column: SeenColumn
) -> float:
    """`aid` in `writes` and in `author`; `state_name` in `city` and in `state`."""
    owned = _owns(to_column, to_table)
    if not _is_key_name(column.name) and owned < _OWN and to_column is not to_table.columns[0]:
        return 0.0
    if not _is_key_name(column.name) and len(naming.parts(column.name)) == 1:
        return 0.0
    score = 3.0 + owned - _owns(column, table)
    return score if score > 2.0 else 0.0


def _by_values(column: SeenColumn, to_table: SeenTable, to_column: SeenColumn) -> float:
    """Where a name says nothing: many values, none of which is a matter of course."""
    if not (naming.says_nothing(column.name) or naming.says_nothing(to_table.name)):
        return 0.0
    if column.unique or (column.distinct or 0) < _ENOUGH_VALUES:
        return 0.0
    if "integer" in column.kinds and isinstance(column.minimum, int):
        # Small numbers are contained in every other column of numbers from 1.
        rows = to_table.rows or 0
        if column.minimum <= rows and not _fills(column, to_column):
            return 0.0
    return _ALONE if to_column.primary_key else _ALONE / 2


def _fills(column: SeenColumn, to_column: SeenColumn) -> bool:
    """Its values reach over (nearly) the whole of the other's, which are not few."""
    ends = (column.minimum, column.maximum, to_column.minimum, to_column.maximum)
    if not all(isinstance(end, int) for end in ends) or (to_column.distinct or 0) < 20:
        return False
    low, high, to_low, to_high = (int(str(end)) for end in ends)
    return (high - low) >= 0.9 * (to_high - to_low) and low >= to_low and high <= to_high


def _same_kind(column: SeenColumn, other: SeenColumn) -> bool:
    mine = {kind for kind, times in column.kinds.items() if times and kind != "null"}
    its = {kind for kind, times in other.kinds.items() if times and kind != "null"}
    return not mine or bool(mine & its)


def _stem(name: str) -> str:
    """What a key's name says of its table: `artist_id`, `ArtistId`, `id_artist`, `artistid`."""
    found = naming.parts(name)
    if len(found) > 1 and found[-1] in _IDS:
        return "".join(found[:-1])
    if len(found) > 1 and found[0] in ("id", "fk", "cod"):
        return "".join(found[1:])
    if len(found) == 1 and found[0].endswith("id") and len(found[0]) > 4:
        return found[0].removesuffix("id")
    return "".join(found)


def _is_key_name(name: str) -> bool:
    found = naming.parts(name)
    if not found or found == ["id"]:
        return False
    return found[-1] in _IDS or found[0] in ("id", "cod", "fk") or found[-1].endswith("id")


def _identifies(column: SeenColumn, table: SeenTable) -> bool:
    """The column that stands for its table: its key, or one that is called so."""
    found = naming.parts(column.name)
    named = found[-1:] == ["id"] or (bool(found) and found[-1] in _IDS)
    return column.primary_key or named or column.name == table.columns[0].name


def _owns(column: SeenColumn, table: SeenTable) -> float:
    """How much it looks as if this column identified the rows of this table."""
    score = 0.0
    stem = _letters(column.name)
    for suffix in _OWN_ENDINGS:
        stem = stem.removesuffix(suffix)
    if (stem and naming.same_thing(stem, _letters(table.name))) or (
        stem and len(stem) <= 3 and _letters(table.name).startswith(stem)
    ):
        score += 2.0
    if column.primary_key:
        score += 1.5
    if column.unique and not column.nullable:
        score += 0.5
    if all(_is_key_name(one.name) for one in table.columns):
        score -= 2.0
    return score


def _ends_alike(name: str, other: str) -> bool:
    """`pre_course_id` and `course_id`; `citingpaperid` and `paperid`."""
    mine, its = naming.parts(name), naming.parts(other)
    if len(mine) > len(its) >= 2:
        return mine[-len(its) :] == its and its[-1] in _IDS
    one, two = "".join(mine), "".join(its)
    return len(two) > 4 and two.endswith("id") and one != two and one.endswith(two)


def _plays_a_role(name: str, table: str) -> bool:
    """`from_airport` and `airport`."""
    found = naming.parts(name)
    if len(found) < 2 or found[0] in _COUNTS or naming.singular(found[-1]) != found[-1]:
        return False
    return naming.same_thing(found[-1], table)


def _refers_to_itself(column: SeenColumn, to_column: SeenColumn) -> bool:
    found = naming.parts(column.name)
    return to_column.primary_key and bool(
        {"parent", "manager", "boss", "reports", "supervisor", "pai", "chefe"} & set(found)
    )


def _letters(name: str) -> str:
    return "".join(naming.parts(name))
