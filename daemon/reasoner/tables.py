"""Tables as a prompt shows them: on their lines, without what nobody would see, and short."""

from dataclasses import replace
from typing import Final

from daemon.protocol.databases import Cell, Column, Table
from daemon.reasoner.writing import line

_VALUES: Final = 6
_LONGEST_VALUE: Final = 60
_LONGEST_DESCRIPTION: Final = 300


def shown(table: Table) -> Table:
    """The table as it may stand in a prompt."""
    return replace(
        table,
        name=line(table.name),
        description=line(table.description[:_LONGEST_DESCRIPTION]),
        columns=[_column(column) for column in table.columns],
    )


def shown_value(text: str) -> str:
    """A value, or the beginning of a long one."""
    return line(text[:_LONGEST_VALUE])


def _column(column: Column) -> Column:
    return replace(
        column,
        name=line(column.name),
        type=line(column.type),
        references=None if column.references is None else line(column.references),
        description=line(column.description[:_LONGEST_DESCRIPTION]),
        minimum=_cell(column.minimum),
        maximum=_cell(column.maximum),
        values=[shown_value(value) for value in column.values[:_VALUES]],
    )


def _cell(value: Cell) -> Cell:
    return shown_value(value) if isinstance(value, str) else value
