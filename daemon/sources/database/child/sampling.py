"""How many rows a table has, and what is in its columns, without reading a large one whole."""

import time
from collections import Counter

import apsw

from daemon.sources.database.child import guards, schema
from daemon.sources.database.child.clock import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    Seen = dict[str, Any]

now = time.monotonic

_SMALL = 5000
"""Rows of a table of which all are looked at."""
_COUNT_S = 0.1
_PLACES = 40
_AT_A_PLACE = 50
_FREQUENT = 30
_LONGEST_VALUE = 60
"""Characters of a text that is worth keeping as a value."""
_LONGEST_READ = 200
_DISTINCT = 20_000


def fill(connection: guards.Connection, table: "Seen", clock: Clock) -> None:
    """Writes into it what can be known in time.

    What fails is left unknown: a view may be broken, a page damaged, and the other tables are to be
    seen all the same.
    """
    by_rowid = table.pop("rowid")
    try:
        ends = _ends(connection, table["name"]) if by_rowid else None
        _count(connection, table, ends, clock)
        rows = _rows(connection, table, ends)
        looked = _look(rows, table["columns"], clock)
        table["complete"] = looked.whole and table["rows"] == looked.rows
        if looked.whole and table["rows"] is None:
            table["rows"], table["complete"] = looked.rows, True
        _widen(connection, table, clock)
    except (apsw.Error, UnicodeDecodeError):
        return


class _Looked:
    def __init__(self, rows: int, whole: bool) -> None:
        self.rows = rows
        self.whole = whole


def _ends(connection: guards.Connection, table: str) -> "tuple[int, int] | None":
    name = guards.quoted(table)
    low = connection.rows(f"SELECT min(rowid) FROM {name}")[0][0]
    high = connection.rows(f"SELECT max(rowid) FROM {name}")[0][0]
    return None if low is None else (low, high)


def _count(
    connection: guards.Connection, table: "Seen", ends: "tuple[int, int] | None", clock: Clock
) -> None:
    """Exact where counting is quick; by how closely the row numbers lie otherwise."""
    brief = Clock(_COUNT_S)
    brief.end = min(brief.end, clock.end)
    connection.set_progress_handler(brief.over, guards.STEPS)
    try:
        sql = f"SELECT count(*) FROM {guards.quoted(table['name'])}"
        table["rows"] = connection.rows(sql)[0][0]
    except apsw.InterruptError:
        connection.set_progress_handler(clock.over, guards.STEPS)
        table["rows_estimated"] = True
        table["rows"] = _estimate(connection, table["name"], ends) if ends else None
    finally:
        connection.set_progress_handler(clock.over, guards.STEPS)


def _estimate(connection: guards.Connection, table: str, ends: tuple[int, int]) -> int:
    low, high = ends
    name = guards.quoted(table)
    met = spans = 0
    for start in _starts(ends):
        rows = connection.rows(
            f"SELECT rowid FROM {name} WHERE rowid >= ? LIMIT {_AT_A_PLACE}", (start,)
        )
        if len(rows) == _AT_A_PLACE:
            met += len(rows)
            spans += rows[-1][0] - start + 1
    return round((high - low + 1) * met / spans) if spans else high - low + 1


def _starts(ends: tuple[int, int]) -> "Iterator[int]":
    low, high = ends
    step = max(1, (high - low + 1) // _PLACES)
    return iter(range(low, high + 1, step))


def _rows(
    connection: guards.Connection, table: "Seen", ends: "tuple[int, int] | None"
) -> "Iterator[tuple[Any, ...]]":
    """All of a small table, rows of many places of a large one, the first ones of a view."""
    name = guards.quoted(table["name"])
    picked = ", ".join(_picked(guards.quoted(column["name"])) for column in table["columns"])
    count = table["rows"]
    if ends is None or (count is not None and count <= _SMALL):
        yield from connection.rows(f"SELECT {picked} FROM {name} LIMIT {_SMALL}")
        return
    for start in _starts(ends):
        sql = f"SELECT {picked} FROM {name} WHERE rowid >= ? LIMIT {_AT_A_PLACE}"
        yield from connection.execute(sql, (start,))


def _picked(column: str) -> str:
    """Its kind and its value: of bytes the number, of a text the beginning.

    A text is read as bytes, since it need not be UTF-8.
    """
    return (
        f"typeof({column}), CASE typeof({column}) WHEN 'blob' THEN length({column})"
        f" WHEN 'text' THEN CAST(substr({column}, 1, {_LONGEST_READ}) AS BLOB) ELSE {column} END"
    )


def _look(rows: "Iterable[tuple[Any, ...]]", columns: "list[Seen]", clock: Clock) -> _Looked:
    tallies = [_Tally() for _ in columns]
    count, whole = 0, True
    try:
        for row in rows:
            for number, tally in enumerate(tallies):
                tally.add(row[2 * number], row[2 * number + 1])
            count += 1
            if clock.over():
                whole = False
                break
    except apsw.InterruptError:
        whole = False
    for column, tally in zip(columns, tallies, strict=True):
        tally.write(column)
        if whole and count and tally.distinct() == count == column["seen"]:
            column["unique_in_sample"] = True
    return _Looked(count, whole)


class _Tally:
    """What one column held."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.values: Counter[Any] = Counter()
        self.longest = 0
        self.low: Any = None
        self.high: Any = None

    def add(self, kind: str, value: "Any") -> None:
        self.kinds[kind] += 1
        if kind in ("null", "blob"):
            return
        if kind == "text":
            value = value.decode("utf-8", "replace")
            self.longest = max(self.longest, len(value))
        self._range(value)
        if len(self.values) < _DISTINCT or value in self.values:
            self.values[value] += 1

    def _range(self, value: "Any") -> None:
        """Of numbers if there are any: a stray text among them is no end of the range."""
        number = not isinstance(value, str)
        if self.low is None or (number and isinstance(self.low, str)):
            self.low = self.high = value
        elif number == (not isinstance(self.low, str)):
            self.low = min(self.low, value)
            self.high = max(self.high, value)

    def distinct(self) -> int:
        return len(self.values)

    def write(self, column: "Seen") -> None:
        column["seen"] = self.kinds.total() - self.kinds["null"]
        column["kinds"] = dict(self.kinds)
        column["longest"] = self.longest
        if not self.values:
            return
        column["distinct"] = self.distinct()
        column["minimum"], column["maximum"] = _end(self.low), _end(self.high)
        # most_common() with a number would import a module, which this process cannot read any more.
        short = [
            (_end(value), times)
            for value, times in self.values.most_common()
            if not isinstance(value, str) or (0 < len(value) <= _LONGEST_VALUE and value.strip())
        ]
        column["frequent"] = short[:_FREQUENT]


def _end(value: "Any") -> "Any":
    if isinstance(value, str):
        return value[:_LONGEST_VALUE]
    # JSON knows no infinity.
    return None if value in (float("inf"), float("-inf")) else value


def _widen(connection: guards.Connection, table: "Seen", clock: Clock) -> None:
    """The ends of a range that an index knows are those of all rows."""
    for column in table["columns"]:
        sampled = column.pop("unique_in_sample", False)
        column["unique"] = column["unique"] or (table["complete"] and sampled)
    if table["complete"] or clock.over() or not table["rows"]:
        return
    for column in schema.leading_indexed(connection, table["name"]):
        seen = next((one for one in table["columns"] if one["name"] == column), None)
        if seen is None:
            continue
        name = guards.quoted(column)
        for aggregate, end in (("min", "minimum"), ("max", "maximum")):
            sql = f"SELECT {aggregate}({name}) FROM {guards.quoted(table['name'])}"
            value = connection.rows(sql)[0][0]
            if isinstance(value, (str, int, float)):
                seen[end] = _end(value)
