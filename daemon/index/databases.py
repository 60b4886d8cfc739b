"""The rows of databases: what was collected of them, with what is said of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from daemon.index import descriptions, language
from daemon.index.descriptions import Description, Said
from daemon.protocol import codec, errors
from daemon.protocol.databases import Column, DatabaseDescription, Table, ValueMatch
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import SourceId, Timestamp
from daemon.store import Database

DATABASES: Final = "\0databases"
"""Who owns the documents that describe tables: no search of a person's documents finds them."""

MAX_VALUE_WORDS: Final = 6
"""A longer value is a text, which nobody gives whole in a question."""
CSV: Final = "csv"
_MAX_VALUES: Final = 20_000
"""Of one database."""
_MOST_PLACES: Final = 200
"""Of one value: in so many columns it tells nothing."""
_REVISION: Final = "databases"


@dataclass(frozen=True, slots=True)
class Collected:
    """What was read of a database. `values`: table, column and value, beyond those that the
    columns tell.
    """

    kind: str
    fingerprint: str
    tables: tuple[Table, ...]
    values: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class KnownDatabase:
    """`fingerprint`: of when it was collected; empty before the first time."""

    source_id: SourceId
    location: str
    name: str
    fingerprint: str


def put(db: Database, source_id: SourceId, collected: Collected) -> None:
    """Takes the place of what was known; what is said of it stays."""
    with db.transaction():
        db.run("DELETE FROM database WHERE source_id = ?", (source_id,))
        db.run(
            "INSERT INTO database VALUES (?, ?, ?, NULL)",
            (source_id, collected.kind, collected.fingerprint),
        )
        db.many(
            "INSERT INTO database_table VALUES (?, ?, ?, ?)",
            (
                (source_id, position, table.name, codec.encode(table).decode())
                for position, table in enumerate(collected.tables)
            ),
        )
        rows = {
            (words, table, column, value): None
            for table, column, value in _values(collected)
            if (words := value_words(value))
        }
        db.many(
            "INSERT OR IGNORE INTO database_value VALUES (?, ?, ?, ?, ?)",
            (
                (words, source_id, table, column, value)
                for words, table, column, value in list(rows)[:_MAX_VALUES]
            ),
        )
        _changed(db)


def _values(collected: Collected) -> Iterator[tuple[str, str, str]]:
    for table in collected.tables:
        for column in table.columns:
            yield from ((table.name, column.name, value) for value in column.values)
    yield from collected.values


def value_words(value: str) -> str:
    """A value as it is looked up; empty for one that no question would name: a number, a text."""
    found = language.words(value)
    if len(found) > MAX_VALUE_WORDS or not any(char.isalpha() for char in value):
        return ""
    return " ".join(found)


def set_problem(db: Database, source_id: SourceId, kind: str, problem: str | None) -> None:
    """Why it cannot be read now; what was known of it stays."""
    with db.transaction():
        db.run(
            "INSERT INTO database VALUES (?, ?, '', ?)"
            " ON CONFLICT (source_id) DO UPDATE SET problem = excluded.problem",
            (source_id, kind, problem),
        )
        _changed(db)


def touch(db: Database, source_id: SourceId, fingerprint: str) -> None:
    """The file changed and what it holds did not."""
    db.run("UPDATE database SET fingerprint = ? WHERE source_id = ?", (fingerprint, source_id))


def known(db: Database) -> list[KnownDatabase]:
    """Every database, whether it has been read or not, by name."""
    if not _there(db):
        return []
    rows = db.all(
        "SELECT source.id, location, source.name, coalesce(fingerprint, '') FROM source"
        " LEFT JOIN database ON source_id = source.id WHERE source.kind = 'database'"
        " ORDER BY source.name, source.id"
    )
    return [KnownDatabase(SourceId(id_), at, name, print_) for id_, at, name, print_ in rows]


def read(db: Database) -> list[DatabaseDescription]:
    """Every database, with what is said of it in place of what was guessed."""
    if not _there(db):
        return []
    said = descriptions.read(db)
    tables: dict[str, list[Table]] = {}
    for source_id, described in db.rows(
        "SELECT source_id, described FROM database_table ORDER BY source_id, position"
    ):
        table = codec.decode(described, Table)
        if source_id in said:
            table = said[SourceId(source_id)].over(table)
        tables.setdefault(source_id, []).append(table)
    rows = db.all(
        "SELECT source.id, source.name, coalesce(database.kind, ''), location, private,"
        " refreshed_at, problem FROM source LEFT JOIN database ON source_id = source.id"
        " WHERE source.kind = 'database' ORDER BY source.name, source.id"
    )
    return [
        DatabaseDescription(
            name=name,
            source_id=SourceId(id_),
            kind=kind,
            location=location,
            private=bool(private),
            tables=tables.get(id_, []),
            refreshed_at=None if refreshed_at is None else Timestamp(refreshed_at),
            problem=problem,
        )
        for id_, name, kind, location, private, refreshed_at, problem in rows
    ]


def annotate(db: Database, source_id: SourceId, table: str, column: str, text: str) -> None:
    """What a person says of a table, or of a column; empty takes it back."""
    with db.transaction():
        descriptions.annotate(db, source_id, table, column, text)
        _changed(db)


def put_descriptions(
    db: Database, database: DatabaseDescription, given: Iterable[Description]
) -> None:
    """What the reasoner says of its tables and columns; a person's words go before it."""
    with db.transaction():
        descriptions.put(db, database.source_id, database.tables, given)
        _changed(db)


def undescribed(db: Database) -> list[DatabaseDescription]:
    """Those with tables that the reasoner was not asked about yet, with these tables alone."""
    if not _there(db):
        return []
    said = descriptions.read(db)
    found = []
    for database in read(db):
        of_it = said.get(database.source_id, Said())
        tables = [table for table in database.tables if of_it.leaves_open(table)]
        if tables:
            found.append(replace(database, tables=tables))
    return found


def table_of(database: DatabaseDescription, name: str) -> Table:
    """By its name, else whatever its case; raises TABLE_NOT_FOUND."""
    for fits in (
        [table for table in database.tables if table.name == name],
        [table for table in database.tables if table.name.casefold() == name.casefold()],
    ):
        if fits:
            return fits[0]
    raise AlvoError(errors.TABLE_NOT_FOUND, database=database.name, what=name)


def column_of(database: DatabaseDescription, table: Table, name: str) -> Column:
    """By its name, else whatever its case; raises TABLE_NOT_FOUND."""
    for column in table.columns:
        if column.name.casefold() == name.casefold():
            return column
    raise AlvoError(errors.TABLE_NOT_FOUND, database=database.name, what=f"{table.name}.{name}")


def without_columns(database: DatabaseDescription) -> DatabaseDescription:
    return replace(database, tables=[replace(table, columns=[]) for table in database.tables])


def imported_file(index_dir: Path, source_id: SourceId) -> Path:
    """Where the rows of a CSV or TSV file are."""
    return index_dir / "tables" / f"{source_id}.sqlite"


def file_of(index_dir: Path, database: DatabaseDescription) -> str:
    """The SQLite file to ask: the person's own, or what was made of their table file."""
    if database.kind == CSV:
        return str(imported_file(index_dir, database.source_id))
    return database.location


def fingerprint_of(location: str, kind: str, of_database: Callable[[str], str]) -> str:
    """What changes with what a database holds; a table file's size and time are enough."""
    if kind == CSV:
        status = Path(location).stat()
        return f"{status.st_size}:{status.st_mtime_ns}"
    return of_database(location)


def values_among(db: Database, phrases: Iterable[str]) -> list[tuple[SourceId, ValueMatch]]:
    """The values whose words are one of the phrases, folded, with one space between."""
    if not _there(db):
        return []
    found: list[tuple[SourceId, ValueMatch]] = []
    for phrase in dict.fromkeys(phrases):
        rows = db.rows(
            "SELECT source_id, source.name, table_name, column_name, value FROM database_value"
            " JOIN source ON source.id = source_id WHERE words = ? LIMIT ?",
            (phrase, _MOST_PLACES),
        )
        for source_id, database, table, column, value in rows:
            match = ValueMatch(database, table, column, value, phrase)
            found.append((SourceId(source_id), match))
    return found


def revision(db: Database) -> int:
    """Grows with every change of what is known of databases."""
    return int(db.value("SELECT value FROM meta WHERE name = ?", (_REVISION,)) or 0)


def copy(old: Database, new: Database) -> None:
    """Into an index that a rebuild makes, after its sources."""
    with new.transaction():
        for table in (
            "database",
            "database_table",
            "annotation",
            "description",
            "unwanted_database",
        ):
            _copy_rows(old, new, table)
        _copy_rows(old, new, "database_value")
        new.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_REVISION, str(revision(old))))
        _changed(new)


def _copy_rows(old: Database, new: Database, table: str) -> None:
    columns = len(old.all(f"PRAGMA table_info({table})"))
    marks = ",".join("?" * columns)
    new.many(f"INSERT INTO {table} VALUES ({marks})", old.rows(f"SELECT * FROM {table}"))


def changed(db: Database) -> None:
    """Says that something else of a database changed: its name, whether it is private."""
    with db.transaction():
        _changed(db)


def _changed(db: Database) -> None:
    db.run(
        "INSERT INTO meta VALUES (?, '1') ON CONFLICT (name) DO UPDATE SET value = value + 1",
        (_REVISION,),
    )


def unwanted(db: Database) -> set[str]:
    return {location for (location,) in db.all("SELECT location FROM unwanted_database")}


def set_wanted(db: Database, location: str, *, wanted: bool) -> None:
    """Whether a database in one of the configured folders is to be a source."""
    if wanted:
        db.run("DELETE FROM unwanted_database WHERE location = ?", (location,))
    else:
        db.run("INSERT OR IGNORE INTO unwanted_database VALUES (?)", (location,))


def _there(db: Database) -> bool:
    """An index that an older Alvo made has no databases, until one writes into it."""
    return db.value("SELECT 1 FROM sqlite_schema WHERE name = 'database'") is not None


def find(databases: Sequence[DatabaseDescription], given: str) -> DatabaseDescription:
    """By name, id or the beginning of one, or location; raises DATABASE_NOT_FOUND."""
    for fits in (
        [one for one in databases if one.name == given],
        [one for one in databases if one.name.casefold() == given.casefold()],
        [one for one in databases if given in (one.source_id, one.location)],
        [one for one in databases if len(given) > 2 and one.source_id.startswith(given)],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise AlvoError(errors.AMBIGUOUS_ID, id=given)
    raise AlvoError(errors.DATABASE_NOT_FOUND, database=given)
