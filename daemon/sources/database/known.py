"""Values that are known from the metadata already: found without opening the database."""

from collections.abc import Sequence
from typing import Final

from daemon.index.language import fold
from daemon.protocol.databases import Column, Table, ValueMatch

_MOST: Final = 60
_TEXTS: Final = ("CHAR", "CLOB", "TEXT", "STRING")


def known_values(name: str, phrases: Sequence[str], tables: Sequence[Table]) -> list[ValueMatch]:
    """Matches of phrases with the frequent values of columns; takes microseconds a value.

    Exact ones first, then those where a phrase begins a value, then whole words within one.
    """
    wanted = {fold(phrase).strip(): phrase for phrase in phrases if phrase.strip()}
    longest = max((len(phrase.split()) for phrase in wanted), default=0)
    found: dict[tuple[str, str, str], tuple[int, ValueMatch]] = {}
    for table in tables:
        for column in table.columns:
            for value in column.values:
                for how, phrase in _phrases_in(value, wanted, longest):
                    match = ValueMatch(name, table.name, column.name, value, phrase)
                    key = (table.name, column.name, phrase)
                    before = found.get(key)
                    if before is None or (how, len(value)) < (before[0], len(before[1].value)):
                        found[key] = (how, match)
    ordered = sorted(found.values(), key=lambda one: (one[0], -len(one[1].phrase)))
    return [match for _, match in ordered][:_MOST]


def worth_looking(tables: Sequence[Table]) -> list[tuple[str, str]]:
    """Columns that may hold more texts than are known, in small tables first.

    Not of views: what they show is in the tables.
    """
    columns = [
        (table.rows or 0, table.name, column.name)
        for table in tables
        if table.kind == "table"
        for column in table.columns
        if _texts(column) and not _all_known(column, table)
    ]
    columns.sort(key=lambda one: one[0])
    return [(table, column) for _, table, column in columns]


def exact_first(known: list[ValueMatch], looked: list[ValueMatch]) -> list[ValueMatch]:
    """Both, each match once; those whose value is the phrase itself in front."""
    every = list(dict.fromkeys((*known, *looked)))
    every.sort(key=lambda one: fold(one.value).strip() != fold(one.phrase).strip())
    return every[:_MOST]


def _phrases_in(value: str, wanted: dict[str, str], longest: int) -> list[tuple[int, str]]:
    """With how sure each is: 0 the whole value, 1 its beginning, 2 words within it."""
    plain = fold(value).strip()
    if plain in wanted:
        return [(0, wanted[plain])]
    words = plain.split()
    found = []
    for start in range(len(words)):
        for length in range(min(longest, len(words) - start), 0, -1):
            phrase = wanted.get(" ".join(words[start : start + length]))
            if phrase is not None:
                found.append((2 if start else 1, phrase))
                break
    return found


def _texts(column: Column) -> bool:
    declared = column.type.upper()
    return not declared or any(word in declared for word in _TEXTS) or _is_text(column)


def _is_text(column: Column) -> bool:
    return isinstance(column.minimum, str)


def _all_known(column: Column, table: Table) -> bool:
    return (
        column.distinct is not None
        and column.distinct <= len(column.values)
        and not table.rows_estimated
    )
