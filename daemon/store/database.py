"""The one door to SQLite: connections, transactions, numbered migrations, errors a person can read."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import apsw

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.store.clock import now
from daemon.store.failures import translated

T = TypeVar("T")
Row = tuple[Any, ...]
Params = Sequence[Any] | dict[str, Any]

BUSY_TIMEOUT_MS: Final = 10_000


class Durability(StrEnum):
    """FULL: a commit has reached the disk. NORMAL: a power cut may lose the last ones, no more."""

    FULL = "FULL"
    NORMAL = "NORMAL"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of a schema; numbered from 1 without gaps, never changed once released."""

    number: int
    name: str
    sql: str


_RECORD: Final = """CREATE TABLE IF NOT EXISTS migration (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT"""


class Database:
    """One connection in WAL mode, for one thread at a time."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    def open(
        cls,
        path: Path,
        migrations: Sequence[Migration] = (),
        *,
        durability: Durability = Durability.NORMAL,
        vectors: bool = False,
        page_size: int = 4096,
        mmap_bytes: int = 0,
        readonly: bool = False,
        shrinks: bool = False,
    ) -> Self:
        """Opens or makes the database; raises `STORE_*`. A readonly one must be there.

        `shrinks`: of one that is made, whether what is free in it can be given back to the disk.
        """
        flags = (
            apsw.SQLITE_OPEN_READONLY
            if readonly
            else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        )
        with translated(path):
            _refuse_unwritable(path, readonly=readonly)
            connection = apsw.Connection(str(path), flags=flags)
        database = cls(connection, path)
        try:
            with translated(path, connection):
                connection.set_busy_timeout(BUSY_TIMEOUT_MS)
                if vectors:
                    _load_vectors(connection)
                if shrinks:
                    database.run("PRAGMA auto_vacuum = INCREMENTAL")
                database._settle(durability, page_size, mmap_bytes, readonly=readonly)
                if not readonly:
                    database._migrate(migrations)
        except BaseException:
            connection.close()
            raise
        return database

    def _settle(
        self, durability: Durability, page_size: int, mmap_bytes: int, *, readonly: bool
    ) -> None:
        if not readonly:
            self.run(f"PRAGMA page_size = {page_size}")
            self.value("PRAGMA journal_mode = WAL")
            # What is deleted is overwritten: who has something removed wants it gone.
            self.value("PRAGMA secure_delete = ON")
        self.run(f"PRAGMA synchronous = {durability.value}")
        self.run("PRAGMA foreign_keys = ON")
        self.value(f"PRAGMA mmap_size = {mmap_bytes}")
        # Reads something: a file that is no database is found out here, not later.
        self.value("SELECT count(*) FROM sqlite_schema")

    def _migrate(self, migrations: Sequence[Migration]) -> None:
        if not migrations:
            return
        known = migrations[-1].number
        if self._version() == known:
            return
        with self.transaction():
            # Asked again inside: another process may have migrated meanwhile.
            found = self._version()
            if found > known:
                raise AlvoError(errors.STORE_NEWER, path=self.path, found=found, known=known)
            self.run(_RECORD)
        for migration in migrations:
            with self.transaction():
                if migration.number <= self._version():
                    continue
                self._connection.execute(migration.sql)
                self.run(
                    "INSERT INTO migration VALUES (?, ?, ?)",
                    (migration.number, migration.name, now()),
                )

    def _version(self) -> int:
        if self.value("SELECT 1 FROM sqlite_schema WHERE name = 'migration'") is None:
            return 0
        return int(self.value("SELECT coalesce(max(number), 0) FROM migration"))

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        with translated(self.path, self._connection):
            return self._connection.execute(sql, params).fetchall()

    def one(self, sql: str, params: Params = ()) -> Row | None:
        with translated(self.path, self._connection):
            row: Row | None = self._connection.execute(sql, params).fetchone()
            return row

    def value(self, sql: str, params: Params = ()) -> Any:
        """The first column of the first row; None without a row."""
        row = self.one(sql, params)
        return None if row is None else row[0]

    def rows(self, sql: str, params: Params = ()) -> Iterator[Row]:
        """Rows as they come, for results too large to hold."""
        with translated(self.path, self._connection):
            yield from self._connection.execute(sql, params)

    def run(self, sql: str, params: Params = ()) -> int:
        """How many rows the statement changed."""
        with translated(self.path, self._connection):
            before = self._connection.total_changes()
            self._connection.execute(sql, params).fetchall()
            return self._connection.total_changes() - before

    def many(self, sql: str, params: Iterable[Params]) -> None:
        with translated(self.path, self._connection):
            self._connection.executemany(sql, params).fetchall()

    @property
    def last_row_id(self) -> int:
        return self._connection.last_insert_rowid()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """BEGIN IMMEDIATE to COMMIT, or back to before on any exception; nests by savepoint."""
        outermost = self._connection.get_autocommit()
        begin, end, undo = (
            ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
            if outermost
            else ("SAVEPOINT nested", "RELEASE nested", "ROLLBACK TO nested; RELEASE nested")
        )
        self.run(begin)
        try:
            yield
            self.run(end)
        except BaseException:
            # A full disk may have rolled back already; then there is nothing left to undo.
            if not self._connection.get_autocommit():
                self._connection.execute(undo)
            raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read in it is of one moment, whatever is committed meanwhile."""
        self.run("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def write_through(self) -> None:
        """All of it in the file itself: what was deleted is in no log beside it either. Where a
        reader is in the way, that is left to the next time.
        """
        self.all("PRAGMA wal_checkpoint(TRUNCATE)")

    def interrupt(self) -> None:
        """Ends the statement that another thread runs here."""
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()


class Worker:
    """A thread that owns a database, so that waiting for the disk never holds the event loop."""

    def __init__(self, open_database: Callable[[], Database], name: str) -> None:
        """Raises what `open_database` raises."""
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._database = self._pool.submit(open_database).result()
        self._open = threading.Event()
        self._open.set()

    async def run(self, work: Callable[[Database], T]) -> T:
        """`work` done in the thread; whole transactions go into one call."""
        import asyncio

        if not self._open.is_set():
            raise AlvoError(errors.DAEMON_STOPPING)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, work, self._database)

    def run_blocking(self, work: Callable[[Database], T]) -> T:
        """As `run`, for start and end, where no event loop turns."""
        return self._pool.submit(work, self._database).result()

    def close(self) -> None:
        """After what was already asked for."""
        if self._open.is_set():
            self._open.clear()
            self._pool.submit(self._database.close).result()
            self._pool.shutdown()


def _load_vectors(connection: apsw.Connection) -> None:
    import sqlite_vec

    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    connection.enable_load_extension(False)


def _refuse_unwritable(path: Path, *, readonly: bool) -> None:
    """SQLite opens what it cannot write silently for reading only; we say so at once."""
    if readonly:
        return
    target = path if path.exists() else path.parent
    if not os.access(target, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise AlvoError(errors.STORE_READONLY, path=path)
