"""What travels of databases: tables, columns, rows."""

from dataclasses import dataclass
from enum import StrEnum

from daemon.protocol.values import Milliseconds, SourceId, Timestamp


class DescribedBy(StrEnum):
    """Who says what a table or a column holds; a guess is shown as one."""

    PERSON = "person"
    REASONER = "reasoner"
    GUESS = "guess"


Cell = str | int | float | None
"""A value of a row as it travels; bytes are described, not sent."""


@dataclass(frozen=True, slots=True)
class Column:
    """`references`: `table.column`. `values`: the most frequent ones, or a sample of them.

    `distinct`, `minimum`, `maximum`: of the rows that were looked at; null where not known.
    """

    name: str
    type: str
    nullable: bool
    primary_key: bool
    references: str | None
    references_guessed: bool
    description: str
    described_by: DescribedBy
    distinct: int | None
    minimum: Cell
    maximum: Cell
    values: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """`kind`: `table` or `view`. `rows_estimated`: counted on a sample only."""

    name: str
    kind: str
    rows: int | None
    rows_estimated: bool
    description: str
    described_by: DescribedBy
    columns: list[Column]


@dataclass(frozen=True, slots=True)
class DatabaseDescription:
    """`kind`: `sqlite`, or `csv` for a file that was read into a database of ours."""

    name: str
    source_id: SourceId
    kind: str
    location: str
    private: bool
    tables: list[Table]
    refreshed_at: Timestamp | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """`more`: there were further rows, beyond the limit."""

    columns: list[str]
    rows: list[list[Cell]]
    more: bool
    took_ms: Milliseconds


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """Words of a question that are a value of this column."""

    database: str
    table: str
    column: str
    value: str
    phrase: str
