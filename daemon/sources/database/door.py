"""What can be asked of any database, whatever its kind: the one interface, and its choice."""

import os
import stat
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final, Literal, Protocol

from daemon.protocol import errors
from daemon.protocol.databases import Rows, Table, ValueMatch
from daemon.protocol.errors import AlvoError
from daemon.sources.database.limits import DatabaseLimits
from daemon.sources.database.sqlite import MAGIC, SQLiteDoor

Kind = Literal["sqlite", "csv"]

_SQLITE_SUFFIXES: Final = frozenset((".sqlite", ".sqlite3", ".db", ".db3"))
_TABLE_SUFFIXES: Final = frozenset((".csv", ".tsv"))


class DatabaseDoor(Protocol):
    """One kind of database. Every method blocks, changes nothing, and raises `DATABASE_*`.

    `location` says where the database is (a path; an address, once there is a kind that has one);
    `name` is what its person calls it, for the sentences of errors.
    """

    def query(self, location: str, name: str, sql: str, limits: DatabaseLimits) -> Rows:
        """The rows of one SELECT; raises `SQL_*`."""
        ...

    def collect(self, location: str, name: str, limits: DatabaseLimits) -> list[Table]:
        """Its tables and views, with what their columns hold by a sample of the rows."""
        ...

    def find_values(
        self,
        location: str,
        name: str,
        phrases: Sequence[str],
        tables: Sequence[Table],
        limits: DatabaseLimits,
    ) -> list[ValueMatch]:
        """Which of these phrases are a cell's value, or whole words of one; the surest first."""
        ...

    def fingerprint(self, location: str) -> str:
        """Another one when the schema, or the data's shape, is another."""
        ...


_SQLITE: Final[DatabaseDoor] = SQLiteDoor()


def query(location: str, name: str, sql: str, limits: DatabaseLimits) -> Rows:
    """The rows of one SELECT; raises `DATABASE_*` and `SQL_*`. Blocks for up to the time limit."""
    return _door(location).query(location, name, sql, limits)


def collect(location: str, name: str, limits: DatabaseLimits) -> list[Table]:
    """Tables and views with keys, counts, ranges, values, guessed keys and guessed descriptions.

    Large tables are sampled, never scanned; blocks for some seconds at most.
    """
    return _door(location).collect(location, name, limits)


def find_values(
    location: str,
    name: str,
    phrases: Sequence[str],
    tables: Sequence[Table],
    limits: DatabaseLimits,
) -> list[ValueMatch]:
    """Which phrases of a question are values of a column of `tables`; takes some 150 ms at most.

    Case and accents do not matter. The surest come first: exact, then the beginning of a value,
    then whole words within one; of these, only what the time allows to look at is found.
    """
    return _door(location).find_values(location, name, phrases, tables, limits)


def fingerprint(location: str) -> str:
    """Changes when the schema or the data does; costs two stats and the reading of a header.

    Raises `DATABASE_GONE` and `DATABASE_NOT_READABLE`.
    """
    return _door(location).fingerprint(location)


def kind_of(location: str) -> Kind | None:
    """What a file is by its first bytes, or else by its name; None if it is no database."""
    try:
        described = os.open(location, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(described).st_mode):
            return None
        if os.pread(described, len(MAGIC), 0) == MAGIC:
            return "sqlite"
    except OSError:
        return None
    finally:
        os.close(described)
    suffix = PurePath(location).suffix.lower()
    if suffix in _TABLE_SUFFIXES:
        return "csv"
    # Encrypted, damaged or empty: opening it says so better than we could here.
    return "sqlite" if suffix in _SQLITE_SUFFIXES else None


def _door(location: str) -> DatabaseDoor:
    """The only one so far; an address such as `postgresql://…` will have another."""
    if "\0" in location:
        raise AlvoError(
            errors.DATABASE_NOT_READABLE, database=location, location=location, reason="NUL"
        )
    return _SQLITE
