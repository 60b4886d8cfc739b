"""Which phrases of a question are a value of some column, looked for within a time."""

import json
import unicodedata

import apsw

from daemon.sources.database.child import guards, schema
from daemon.sources.database.child.clock import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ROWS = 20_000
"""Of one table; what lies beyond is not found, unless the time is."""
_LONGEST = 120
_MATCHES = 60
_LOOK_EVERY = 256


def find(connection: guards.Connection, request: "dict[str, Any]", clock: Clock) -> str:
    """The reply as JSON, the surest matches first. Columns of one table are read together."""
    phrases = {folded(phrase): phrase for phrase in request["phrases"] if phrase.strip()}
    by_table: dict[str, list[str]] = {}
    for table, column in request["columns"]:
        by_table.setdefault(table, []).append(column)
    matches = _Matches(phrases)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, guards.STORED)
    for table, columns in by_table.items():
        if clock.over():
            break
        try:
            _look_up(connection, table, columns, matches, clock)
            _read(connection, table, columns, matches, clock)
        except (apsw.Error, UnicodeDecodeError):
            continue
    return json.dumps({"matches": matches.best()}, ensure_ascii=False)


def _look_up(
    connection: guards.Connection,
    table: str,
    columns: list[str],
    matches: "_Matches",
    clock: Clock,
) -> None:
    """Where a column has an index: there at once, however many rows there are."""
    spellings = [spelling for phrase in matches.given for spelling in _spellings(phrase)]
    indexed = schema.leading_indexed(connection, table)
    for column in columns:
        if column not in indexed or clock.over():
            continue
        name = guards.quoted(column)
        sql = f"SELECT DISTINCT {name} FROM {guards.quoted(table)} WHERE {name} = ?"
        for spelling in spellings:
            for (value,) in connection.rows(sql, (spelling,)):
                matches.look(table, column, str(value))


def _spellings(phrase: str) -> "set[str]":
    """How it may be written where case counts."""
    return {phrase, phrase.lower(), phrase.upper(), phrase.title(), phrase.capitalize()}


def _read(
    connection: guards.Connection,
    table: str,
    columns: list[str],
    matches: "_Matches",
    clock: Clock,
) -> None:
    picked = ", ".join(
        f"iif(typeof({name}) = 'text' AND length({name}) <= {_LONGEST}, CAST({name} AS BLOB), NULL)"
        for name in map(guards.quoted, columns)
    )
    sql = f"SELECT {picked} FROM {guards.quoted(table)} LIMIT {_ROWS}"
    seen: set[Any] = set()
    for number, row in enumerate(connection.execute(sql)):
        if number % _LOOK_EVERY == 0 and clock.over():
            return
        for column, value in zip(columns, row, strict=True):
            if value is not None and (column, value) not in seen:
                seen.add((column, value))
                matches.look(table, column, value.decode("utf-8", "replace"))


class _Matches:
    def __init__(self, phrases: dict[str, str]) -> None:
        self.given = tuple(phrases.values())
        self._phrases = phrases
        self._words = {phrase.split()[0]: None for phrase in phrases if phrase.split()}
        self._longest = max((len(phrase.split()) for phrase in phrases), default=0)
        self._found: dict[tuple[str, str, str], dict[str, Any]] = {}

    def look(self, table: str, column: str, value: str) -> None:
        plain = folded(value)
        if plain in self._phrases:
            self._add(table, column, value, self._phrases[plain], 0)
            return
        words = plain.replace(",", " ").replace("(", " ").replace(")", " ").split()
        for start, word in enumerate(words):
            if word in self._words:
                self._within(table, column, value, words, start)

    def _within(self, table: str, column: str, value: str, words: list[str], start: int) -> None:
        for length in range(min(self._longest, len(words) - start), 0, -1):
            phrase = self._phrases.get(" ".join(words[start : start + length]))
            if phrase is not None:
                self._add(table, column, value, phrase, 2 if start else 1)
                return

    def _add(self, table: str, column: str, value: str, phrase: str, how: int) -> None:
        """One value for each phrase in each column: the surest, and of those the shortest."""
        key = (table, column, phrase)
        before = self._found.get(key)
        if before is None or (how, len(value)) < (before["how"], len(before["value"])):
            self._found[key] = {
                "table": table,
                "column": column,
                "value": value,
                "phrase": phrase,
                "how": how,
            }

    def best(self) -> "list[dict[str, Any]]":
        found = sorted(self._found.values(), key=lambda one: (one["how"], -len(one["phrase"])))
        return found[:_MATCHES]


def folded(text: str) -> str:
    """As `daemon.index.language.fold`, which takes longer to import than a search may."""
    if text.isascii():
        return text.lower().strip()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).strip()
