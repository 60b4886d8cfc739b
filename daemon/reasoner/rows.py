"""An answer from the rows that a query gave: a value, a list or a table, with its number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import prompts
from daemon.reasoner.marks import quoted
from daemon.reasoner.request import ContextPiece

MOST_LISTED: Final = 20
"""Rows that are shown; the citation has the query that gives them all."""
_COUNT: Final = re.compile(r"(\d+)( or more)? rows?\b")
_CELLS: Final = re.compile(r"(?<!\\)\|")
_LONG_FRACTION: Final = re.compile(r"-?\d+\.\d{5,}")


@dataclass(frozen=True, slots=True)
class FoundRows:
    """`count`: all that the query found, of which `rows` may be the first; `more`: even more."""

    count: int
    more: bool
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read(text: str) -> FoundRows | None:
    """A line with the row count, then the first rows as a Markdown table; None for anything else."""
    head, _, table = text.strip().partition("\n")
    count = _COUNT.match(head)
    if count is None:
        return None
    lines = [line for line in table.splitlines() if line.startswith("|")]
    columns = _cells(lines[0]) if lines else ()
    # The second line is the rule below the headings.
    rows = tuple(cells for cells in map(_cells, lines[2:]) if len(cells) == len(columns))
    return FoundRows(int(count[1]), count[2] is not None, columns, rows)


def answer(piece: ContextPiece, language: str) -> str | None:
    """What the rows say, cited; that there are none is an answer too. None: no rows to be read."""
    found = read(piece.text)
    if found is None or (found.count and not found.rows):
        return None
    blanks = {"title": piece.title, "n": piece.n}
    if not found.count or _is_nothing(found):
        return prompts.phrase("offline_rows_none", language, **blanks)
    if found.count == 1:
        return prompts.phrase("offline_rows_one", language, said=_said(found), **blanks)
    lead = prompts.phrase("offline_rows_many", language, count=_counted(found, language), **blanks)
    body = _list(found) if len(found.columns) == 1 else _table(found)
    return f"{lead}\n\n{body}"


def is_empty(piece: ContextPiece) -> bool:
    """Whether the query ran and found nothing."""
    found = read(piece.text)
    return found is not None and (not found.count or _is_nothing(found))


def _is_nothing(found: FoundRows) -> bool:
    """A sum or an average of no rows is one row without a value."""
    return found.count == 1 and all(not cell for row in found.rows for cell in row)


def _said(found: FoundRows) -> str:
    (row,) = found.rows
    if len(row) == 1:
        return f"**{_value(row[0])}**"
    pairs = zip(found.columns, row, strict=True)
    return "; ".join(f"{column}: **{_value(cell)}**" for column, cell in pairs if cell)


def _counted(found: FoundRows, language: str) -> str:
    shown = min(len(found.rows), MOST_LISTED)
    if shown == found.count and not found.more:
        return str(found.count)
    name = "offline_rows_first_more" if found.more else "offline_rows_first"
    return prompts.phrase(name, language, shown=shown, count=found.count)


def _list(found: FoundRows) -> str:
    return "\n".join(f"- {_value(row[0]) or '–'}" for row in found.rows[:MOST_LISTED])


def _table(found: FoundRows) -> str:
    rows = [tuple(map(_value, row)) for row in found.rows[:MOST_LISTED]]
    lines = [found.columns, ("---",) * len(found.columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in _CELLS.split(line)[1:-1])


def _value(cell: str) -> str:
    """As the database gives it, but for the digits that only come of computing in binary."""
    return f"{float(cell):.4f}".rstrip("0").rstrip(".") if _is_long(cell) else quoted(cell)


def _is_long(cell: str) -> bool:
    return _LONG_FRACTION.fullmatch(cell) is not None and abs(float(cell)) >= 0.01


def of(pieces: Sequence[ContextPiece]) -> tuple[ContextPiece, ...]:
    """The pieces that can be read as rows, those with rows before those without."""
    readable = [piece for piece in pieces if read(piece.text) is not None]
    return tuple(sorted(readable, key=is_empty))
