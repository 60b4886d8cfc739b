"""Reads what a database holds into the index: its tables, their values, a document for each."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from daemon.config import private_directory
from daemon.index import databases
from daemon.index.databases import Collected, KnownDatabase
from daemon.index.table_documents import table_document
from daemon.index.writer import IndexWriter
from daemon.protocol import errors
from daemon.protocol.databases import Cell, Column, Table
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Progress, SourceState
from daemon.sources import database as door
from daemon.sources.database import DatabaseLimits
from daemon.store import crash
from embed_tool import words
from embed_tool.context import Context
from embed_tool.reasons import Reason
from embed_tool.report import Step

_COLLECT_S: Final = 60.0
_LOOKED_AT: Final = 5_000
"""Rows of a table whose values are noted for routing: enough to know every value of a column of
kinds, and some names of a column of names."""
_VALUES_EACH: Final = 200
"""Of a column."""
_VALUE_CHARS: Final = 80


class Collecting:
    """One run over some databases."""

    def __init__(self, context: Context, writer: IndexWriter) -> None:
        self._context = context
        self._writer = writer
        settings = context.config.database
        self._limits = DatabaseLimits(
            timeout_s=max(_COLLECT_S, settings.timeout_s),
            rows=100_000,
            bytes=64 * 1024**2,
            memory_bytes=max(512 * 1024**2, settings.memory_bytes),
        )

    def run(self, known: KnownDatabase) -> bool:
        """Whether it could be read; if not, that is noted, and what was known of it stays."""
        writer, context = self._writer, self._context
        kind = ""
        source = next(s for s in writer.sources(databases.DATABASES) if s.id == known.source_id)
        context.report.source(source)
        try:
            kind = self._kind(known)
            fingerprint = self._fingerprint(known, kind)
            if fingerprint != known.fingerprint or not writer.known_paths(known.source_id):
                writer.set_state(known.source_id, SourceState.INDEXING)
                self._collect(known, kind, fingerprint)
            elif self._lacks_vectors(known):
                self._put_documents(known)
        except AlvoError as error:
            self._failed(known, kind, error)
            return False
        context.report.step(Step(source, Progress(1, 1, "databases"), 0.0))
        writer.clear_failures(known.source_id)
        databases.set_problem(writer.db, known.source_id, kind, None)
        writer.set_state(known.source_id, SourceState.READY)
        return True

    def _kind(self, known: KnownDatabase) -> str:
        if not Path(known.location).is_file():
            raise AlvoError(errors.DATABASE_GONE, database=known.name, location=known.location)
        kind = door.kind_of(known.location)
        if kind is None:
            raise AlvoError(
                errors.DATABASE_NOT_READABLE, location=known.location, reason=Reason.NO_DATABASE
            )
        return kind

    def _fingerprint(self, known: KnownDatabase, kind: str) -> str:
        """Another reading of the same file gives the same."""
        return databases.fingerprint_of(known.location, kind, door.fingerprint)

    def _collect(self, known: KnownDatabase, kind: str, fingerprint: str) -> None:
        file = known.location
        if kind == databases.CSV:
            file = str(self._import(known))
        tables = door.collect(file, known.name, self._limits)
        crash.point("embed.collected")
        values = tuple(self._values(file, known.name, tables))
        databases.put(
            self._writer.db,
            known.source_id,
            Collected(kind, fingerprint, tuple(tables), values),
        )
        self._put_documents(known)

    def _import(self, known: KnownDatabase) -> Path:
        """A table file as a database of ours, whole or not at all."""
        into = databases.imported_file(self._context.paths.index_dir, known.source_id)
        private_directory(into.parent)
        fresh = into.with_suffix(f".{os.getpid()}")
        try:
            door.import_table_file(Path(known.location), fresh)
            fresh.replace(into)
        finally:
            fresh.unlink(missing_ok=True)
        return into

    def _put_documents(self, known: KnownDatabase) -> None:
        """With annotations, which are searched like the rest."""
        writer = self._writer
        described = databases.find(databases.read(writer.db), known.source_id)
        documents = [table_document(described, table) for table in described.tables]
        gone = set(writer.known_paths(known.source_id)) - {one.path for one in documents}
        for path in gone:
            writer.remove(path, known.source_id)
        writer.put_many(known.source_id, documents)

    def _lacks_vectors(self, known: KnownDatabase) -> bool:
        paths = self._writer.known_paths(known.source_id)
        return len(self._writer.known_files(known.source_id)) < len(paths)

    def _values(self, file: str, name: str, tables: list[Table]) -> Iterator[tuple[str, str, str]]:
        """More values than a description shows, of columns of words: a question may name any."""
        limits = replace(self._limits, timeout_s=self._context.config.database.timeout_s)
        for table in tables:
            columns = [column for column in table.columns if _of_words(column)]
            if not columns:
                continue
            try:
                rows = door.query(file, name, _distinct(table, columns), limits).rows
            except AlvoError:
                # Its description is there all the same; a view may be too slow to look into.
                continue
            for at, value in rows:
                yield table.name, columns[_number(at)].name, str(value)

    def _failed(self, known: KnownDatabase, kind: str, error: AlvoError) -> None:
        sentence, _ = words.sentence(error, self._context.language)
        writer = self._writer
        writer.record_failure(known.source_id, known.location, sentence)
        databases.set_problem(writer.db, known.source_id, kind, sentence)
        writer.set_state(known.source_id, SourceState.FAILED)
        self._context.report.failure(known.location, sentence)


def _of_words(column: Column) -> bool:
    """Not those that are known whole, nor numbers, dates and long texts."""
    words = [value for value in column.values if databases.value_words(value)]
    whole = column.distinct is not None and column.distinct <= len(column.values)
    return bool(words) and not whole


def _distinct(table: Table, columns: list[Column]) -> str:
    """One SELECT for all columns; of a large table the first rows."""
    name = _quoted(table.name)
    parts = (
        f"SELECT * FROM (SELECT DISTINCT {at}, value FROM"
        f" (SELECT {_quoted(column.name)} AS value FROM {name} LIMIT {_LOOKED_AT})"
        f" WHERE typeof(value) = 'text' AND length(value) <= {_VALUE_CHARS}"
        f" LIMIT {_VALUES_EACH})"
        for at, column in enumerate(columns)
    )
    return " UNION ALL ".join(parts)


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _number(cell: Cell) -> int:
    assert isinstance(cell, int)
    return cell
