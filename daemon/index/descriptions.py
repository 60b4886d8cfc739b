"""What is said of tables and columns: by their person, else by the reasoner, else it is guessed."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from daemon.protocol.databases import Column, DescribedBy, Table
from daemon.protocol.values import SourceId
from daemon.store import Database
from daemon.store.clock import now

Described = TypeVar("Described", Table, Column)

LONGEST: Final = 300
"""Characters that a reasoner says of one table or column."""

_Place = tuple[str, str]
"""Table and column; no column: the table itself."""


@dataclass(frozen=True, slots=True)
class Description:
    """What the reasoner says of a table, or of a column of it; without a text it was asked and
    said nothing. `signature`: of what it was asked about.
    """

    table: str
    column: str
    signature: str
    text: str


@dataclass(slots=True)
class Said:
    """Of one database."""

    by_person: dict[_Place, str] = field(default_factory=dict)
    by_reasoner: dict[_Place, Description] = field(default_factory=dict)

    def over(self, table: Table) -> Table:
        """The table with what is said in place of what was guessed; its person's words first."""
        columns = [_with(column, self._of(table, column)) for column in table.columns]
        return _with(replace(table, columns=columns), self._of(table, None))

    def leaves_open(self, table: Table) -> bool:
        """Whether the reasoner was not asked yet about the table, or a column of it."""
        return any(self._asked(table, column) is None for column in (None, *table.columns))

    def _of(self, table: Table, column: Column | None) -> tuple[str, DescribedBy] | None:
        text = self.by_person.get(_place(table, column))
        if text is not None:
            return text, DescribedBy.PERSON
        asked = self._asked(table, column)
        return (asked.text, DescribedBy.REASONER) if asked and asked.text else None

    def _asked(self, table: Table, column: Column | None) -> Description | None:
        """Only where it still is what it was when the reasoner was asked."""
        found = self.by_reasoner.get(_place(table, column))
        return found if found and found.signature == signature(table, column) else None


def signature(table: Table, column: Column | None) -> str:
    """Another one when the table, or the column of it, is another; what is in it does not count."""
    if column is not None:
        return column.type
    parts = (table.kind, *(f"{one.name}\0{one.type}" for one in table.columns))
    return hashlib.sha256("\0\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def about(table: Table, texts: Mapping[str, str]) -> list[Description]:
    """What was said of a table when the reasoner was asked about all of it.

    `texts`: by column; under the empty name of the table itself.
    """
    return [
        Description(*_place(table, column), signature(table, column), texts.get(name, ""))
        for column in (None, *table.columns)
        for name in ("" if column is None else column.name,)
    ]


def read(db: Database) -> dict[SourceId, Said]:
    """By database."""
    said: dict[SourceId, Said] = {}
    for source_id, table, column, text in db.rows(
        "SELECT source_id, table_name, column_name, text FROM annotation"
    ):
        said.setdefault(SourceId(source_id), Said()).by_person[table, column] = text
    if not _there(db):
        return said
    for source_id, *row in db.rows(
        "SELECT source_id, table_name, column_name, signature, text FROM description"
    ):
        one = Description(*row)
        said.setdefault(SourceId(source_id), Said()).by_reasoner[one.table, one.column] = one
    return said


def annotate(db: Database, source_id: SourceId, table: str, column: str, text: str) -> None:
    """What a person says of a table, or of a column; empty takes it back."""
    if text:
        db.run(
            "INSERT OR REPLACE INTO annotation VALUES (?, ?, ?, ?, ?)",
            (source_id, table, column, text, now()),
        )
        return
    db.run(
        "DELETE FROM annotation WHERE source_id = ? AND table_name = ? AND column_name = ?",
        (source_id, table, column),
    )


def put(
    db: Database, source_id: SourceId, tables: Iterable[Table], given: Iterable[Description]
) -> None:
    """What the reasoner says of these tables, as far as they are what it was asked about; where
    it says nothing now, what it said before of the same holds.
    """
    is_now = {
        _place(table, column): signature(table, column)
        for table in tables
        for column in (None, *table.columns)
    }
    db.many(
        "INSERT INTO description VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET signature = excluded.signature, text = excluded.text"
        " WHERE excluded.text != '' OR signature != excluded.signature",
        (
            (source_id, one.table, one.column, one.signature, one.text[:LONGEST])
            for one in given
            if is_now.get((one.table, one.column)) == one.signature
        ),
    )


def _place(table: Table, column: Column | None) -> _Place:
    return table.name, "" if column is None else column.name


def _with(one: Described, said: tuple[str, DescribedBy] | None) -> Described:
    if said is None:
        return one
    text, by = said
    return replace(one, description=text, described_by=by)


def _there(db: Database) -> bool:
    """An index that an older Alvo made has none, until one writes into it."""
    return db.value("SELECT 1 FROM sqlite_schema WHERE name = 'description'") is not None
