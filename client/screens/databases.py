"""Databases, their tables and rows of them, as a person reads them."""

from __future__ import annotations

import os

from client import moments
from client.folding import cut_short
from client.place import shorten
from client.prose import one_line
from client.terminal import Paint, display_width
from client.words import Words
from daemon.protocol.escape import escape

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from typing import Any

    from daemon.protocol.databases import Cell, Column, DatabaseDescription, Rows, Table

_TABLES = 12
_VALUES = 5
_VALUE_WIDTH = 24
_LEAST = 6
"""Columns of the screen that a column of rows keeps, however many others there are."""


def database_lines(database: DatabaseDescription, words: Words, paint: Paint) -> str:
    """One of the list: where it is, how fresh, which tables it has."""
    place = escape(shorten(database.location, os.environ))
    private = "  " + paint(words("source_private"), "yellow") if database.private else ""
    lines = [f"{paint(escape(database.name), 'bold')}  {paint(place, 'dim')}{private}"]
    detail = words("database_tables", count=len(database.tables))
    if database.refreshed_at:
        detail += f" · {moments.moment(database.refreshed_at)}"
    lines.append(f"    {detail}")
    names = [one_line(table.name) for table in database.tables]
    if names:
        more = f" … (+{len(names) - _TABLES})" if len(names) > _TABLES else ""
        lines.append("    " + paint(", ".join(names[:_TABLES]) + more, "dim"))
    if database.problem:
        lines.append(f"    {paint('✗', 'red')} {one_line(database.problem)}")
    return "\n".join(lines) + "\n"


def tables_screen(database: DatabaseDescription, words: Words, paint: Paint) -> str:
    """Every table with how many rows it has and what it holds."""
    head = database_lines(database, words, paint).splitlines()
    lines = [head[0], *(line for line in head[1:] if "✗" in line), ""]
    column = max((display_width(one_line(table.name)) for table in database.tables), default=0)
    for table in database.tables:
        name = one_line(table.name)
        space = " " * (column - display_width(name))
        rows = paint(_row_count(table, words).rjust(12), "dim")
        lines.append(f"  {paint(name, 'bold')}{space}  {rows}  {_described(table, words, paint)}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def table_screen(table: Table, words: Words, paint: Paint) -> str:
    """One table with its columns: type, key, what it holds, some values."""
    counted = _row_count(table, words)
    kind = f" · {words('database_view')}" if table.kind == "view" else ""
    lines = [f"{paint(one_line(table.name), 'bold')}  {paint(counted + kind, 'dim')}"]
    if table.description:
        lines.append(f"  {_described(table, words, paint)}")
    lines.append("")
    width = max((display_width(one_line(column.name)) for column in table.columns), default=0)
    for column in table.columns:
        name = one_line(column.name)
        space = " " * (width - display_width(name))
        lines.append(f"  {paint(name, 'bold')}{space}  {_facts(column, words)}".rstrip())
        if column.description:
            lines.append(f"      {_described(column, words, paint)}")
        if shown := _shown_values(column):
            lines.append(f"      {paint(shown, 'dim')}")
    return "\n".join(lines) + "\n"


def _row_count(table: Table, words: Words) -> str:
    if table.rows is None:
        return ""
    return words("database_rows", count=f"{'~' if table.rows_estimated else ''}{table.rows}")


def _described(thing: Table | Column, words: Words, paint: Paint) -> str:
    """What it holds; a guess is shown as one."""
    if not thing.description:
        return ""
    text = one_line(thing.description)
    guessed = thing.described_by == "guess"
    return text + (" " + paint(words("database_guess"), "dim") if guessed else "")


def _facts(column: Column, words: Words) -> str:
    facts = [one_line(column.type)]
    if column.primary_key:
        facts.append(words("database_key"))
    if column.references:
        guessed = " " + words("database_guess") if column.references_guessed else ""
        facts.append(f"→ {one_line(column.references)}{guessed}")
    if column.minimum is not None and column.maximum is not None:
        facts.append(f"{_cell(column.minimum)} … {_cell(column.maximum)}")
    return " · ".join(fact for fact in facts if fact)


def _shown_values(column: Column) -> str:
    found: Any = column
    # A reply's record is a dict, and a dict has a method of that name.
    values = found["values"] if isinstance(found, dict) else found.values
    return ", ".join(cut_short(one_line(value), _VALUE_WIDTH) for value in values[:_VALUES])


def rows_screen(rows: Rows, paint: Paint, width: int) -> str:
    """Rows as a table no wider than the screen; numbers stand at the right."""
    lines = [[one_line(name) for name in rows.columns]]
    lines += [[_cell(cell) for cell in row] for row in rows.rows]
    wanted = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    widths = _fitted(wanted, width - 2 * (len(wanted) - 1))
    right = [_all_numbers([row[at] for row in rows.rows]) for at in range(len(wanted))]
    shown = [
        "  ".join(
            _aligned(cut_short(cell, room), room, to_the_right=to_the_right)
            for cell, room, to_the_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    ]
    if shown:
        shown[0] = paint(shown[0], "bold")
    return "\n".join(shown) + "\n"


def _fitted(wanted: list[int], room: int) -> list[int]:
    """The widest give way first, each down to what it needs at least."""
    widths = list(wanted)
    while sum(widths) > room and max(widths) > _LEAST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _all_numbers(cells: list[Cell]) -> bool:
    there = [cell for cell in cells if cell is not None]
    return bool(there) and all(isinstance(cell, int | float) for cell in there)


def _cell(cell: Cell) -> str:
    return "–" if cell is None else one_line(str(cell))


def _aligned(text: str, width: int, *, to_the_right: bool) -> str:
    space = " " * (width - display_width(text))
    return space + text if to_the_right else text + space
