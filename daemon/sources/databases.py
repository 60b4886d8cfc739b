"""A person's databases as things to ask: which there are, which fits a question, what is in them."""

import asyncio
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from daemon.config import Config, Paths
from daemon.index import Index, databases
from daemon.index.databases import DATABASES
from daemon.index.descriptions import Description
from daemon.index.question import AskedWords, asked
from daemon.index.routing import ENOUGH, Fit, Nearness, Router, with_joins
from daemon.index.table_documents import place_of
from daemon.protocol import codec, errors
from daemon.protocol.calls import AddSource, AnnotateDatabase, DescribeDatabase, QueryDatabase
from daemon.protocol.databases import DatabaseDescription, Rows, Table, ValueMatch
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Source, SourceId
from daemon.sources import database as door
from daemon.sources.database import DatabaseLimits
from daemon.sources.documents import arguments_of, found
from daemon.sources.indexing import Indexing
from daemon.store import Database

MAX_ROWS: Final = 1_000
_MOST_TABLES: Final = 12
"""Of one database for one question, with those that join them."""
_SMALL: Final = 6
"""A database of so few tables is given whole."""
_MOST_MATCHES: Final = 60
_LOOKED_INTO: Final = 3
"""Databases whose rows are searched for a name that no known value is."""
_HOPEFUL: Final = 0.15
"""How much of a question a database must explain for that."""
_MOST_PHRASES: Final = 8
_AGAIN_S: Final = 30.0
"""A database that is written all the time is not read all the time."""
_MOST_TEXT: Final = 10_000

_Matches = list[tuple[SourceId, ValueMatch]]


@dataclass(frozen=True, slots=True)
class Route:
    """`database`: with only the tables that matter, and those that join them. `score`: 0 to 1."""

    database: DatabaseDescription
    score: float
    matches: tuple[ValueMatch, ...]


_Sources = list[Source]
_Descriptions = list[DatabaseDescription]
_Routes = list[Route]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of all databases, as of one revision."""

    revision: int
    databases: Sequence[DatabaseDescription]
    fingerprints: Mapping[SourceId, str]
    router: Router


class DatabaseSources:
    """Reads what the index knows of databases, and asks them through their door."""

    def __init__(
        self,
        paths: Paths,
        index: Index,
        config: Config,
        environ: Mapping[str, str],
        indexing: Indexing | None = None,
    ) -> None:
        self._index = index
        self._index_dir = paths.index_dir
        self._settings = config.database
        self._indexing = indexing or Indexing(paths, environ)
        self._lock = threading.Lock()
        self._known = _Known(-1, (), {}, Router(()))
        self._wanted_at: dict[SourceId, float] = {}
        self._looked = False

    async def list(self) -> list[DatabaseDescription]:
        """Without columns."""
        known = await self._current()
        return [databases.without_columns(one) for one in known.databases]

    async def describe(self, params: DescribeDatabase) -> DatabaseDescription:
        """Raises DATABASE_NOT_FOUND, TABLE_NOT_FOUND."""
        database = await self._find(params.name)
        if params.table is None:
            return database
        return replace(database, tables=[databases.table_of(database, params.table)])

    async def annotate(self, params: AnnotateDatabase) -> Table:
        """What a person says of a table or column, from now on; an empty text takes it back."""
        database = await self._find(params.name)
        table = databases.table_of(database, params.table)
        arguments = ["database", "annotate"]
        if params.column:
            column = databases.column_of(database, table, params.column)
            arguments.append(f"--column={column.name}")
        if "\0" in params.text or len(params.text) > _MOST_TEXT:
            raise AlvoError(
                errors.INVALID_PARAMS, method="database.annotate", reason="text", field="text"
            )
        result = await self._indexing.write(
            *arguments, "--", database.source_id, table.name, params.text
        )
        return codec.from_builtins(result["table"], Table)

    @property
    def settled(self) -> bool:
        """Whether nothing is being read anew, or waits for it."""
        return self._indexing.idle

    async def undescribed(self) -> _Descriptions:
        """Those that can be read, with the tables that the reasoner was not asked about yet."""
        none: _Descriptions = []
        found = await asyncio.to_thread(self._index.look, databases.undescribed, none)
        return [one for one in found if one.problem is None]

    async def put_descriptions(self, source_id: SourceId, given: Sequence[Description]) -> None:
        """What the reasoner says of tables and columns; a person's words go before it."""
        await self._indexing.write(
            "database", "describe", "--", source_id, given=codec.encode(given)
        )

    async def revision(self) -> int:
        """Another number when something else is known of databases."""
        return await asyncio.to_thread(self._index.look, databases.revision, 0)

    async def query(self, params: QueryDatabase) -> Rows:
        """Read-only; raises DATABASE_* and SQL_*."""
        database = await self._find(params.name)
        limits = DatabaseLimits.of(self._settings, max(1, min(params.limit, MAX_ROWS)))
        file = databases.file_of(self._index_dir, database)
        return await asyncio.to_thread(door.query, file, database.name, params.sql, limits)

    async def sources(self) -> _Sources:
        """As `source.list` tells of them."""
        await self._current()
        there = await asyncio.to_thread(self._index.sources, DATABASES)
        return [self._indexing.as_it_is(source) for source in there]

    async def has(self, source_id: str) -> bool:
        """Whether this is a database's, by its id or the beginning of it."""
        return any(source.id.startswith(source_id) for source in await self.sources() if source_id)

    async def add(self, params: AddSource) -> Source:
        """Noted at once, read from then on. Of a folder all databases in it; the first is given."""
        arguments = ["database", "add", "--later", *arguments_of(params)]
        result = await self._indexing.write(*arguments)
        added = [codec.from_builtins(source, Source) for source in result["sources"]]
        for source in added:
            self._indexing.want(source)
        return self._indexing.as_it_is(added[0])

    async def remove(self, source_id: SourceId) -> None:
        source = found(await self.sources(), source_id)
        self._indexing.forget(source.id)
        await self._indexing.write("database", "remove", "--", source.id)
        self._indexing.forget(source.id)

    async def refresh(self, source_id: SourceId) -> Source:
        source = found(await self.sources(), source_id)
        self._indexing.want(source)
        return self._indexing.as_it_is(source)

    async def route(self, question: str) -> _Routes:
        """The databases that a question needs, best first; none where it is about something else.

        A name that is no known value is looked for in the rows of the likeliest ones; all else
        takes milliseconds.
        """
        known = await self._current()
        words = asked(question)
        if not known.databases or not words.terms:
            return []
        values = await asyncio.to_thread(self._values, words)
        near = await asyncio.to_thread(self._near, question)
        values += await self._looked_up(known, words, values, near)
        fits = known.router.fits(words, values, near)
        by_id = {one.source_id: one for one in known.databases}
        best = fits[0].score if fits else 1.0
        return [_route(by_id[fit.source_id], fit, best, values) for fit in fits]

    async def close(self) -> None:
        await self._indexing.close()

    async def _find(self, name: str) -> DatabaseDescription:
        return databases.find((await self._current()).databases, name)

    async def _current(self) -> _Known:
        """What the index knows now; what has changed since is read again in the background."""
        known, changed = await asyncio.to_thread(self._look)
        if not self._looked:
            self._looked = True
            if self._settings.folders:
                self._indexing.want_folders()
        if changed:
            there = await asyncio.to_thread(self._index.sources, DATABASES)
            now = time.monotonic()
            for source in there:
                if source.id in changed:
                    self._wanted_at[source.id] = now
                    self._indexing.want(source)
        return known

    def _look(self) -> "tuple[_Known, set[SourceId]]":
        with self._lock:
            revision = self._index.look(databases.revision, 0)
            if revision != self._known.revision:
                self._known = self._index.look(_read, _Known(revision, (), {}, Router(())))
            return self._known, set(self._changed(self._known))

    def _changed(self, known: _Known) -> "Iterable[SourceId]":
        """Those whose file is another than was read, or that a crash left unread."""
        now = time.monotonic()
        for database in known.databases:
            last = self._wanted_at.get(database.source_id)
            if last is not None and now - last < _AGAIN_S:
                continue
            fingerprint = known.fingerprints.get(database.source_id, "")
            if self._is_another(database, fingerprint):
                yield database.source_id

    @staticmethod
    def _is_another(database: DatabaseDescription, fingerprint: str) -> bool:
        """Than was read; one that could not be read may be readable now."""
        if database.problem is not None:
            return Path(database.location).exists()
        try:
            now = databases.fingerprint_of(database.location, database.kind, door.fingerprint)
        except (AlvoError, OSError):
            return True
        return now != fingerprint

    def _values(self, words: AskedWords) -> _Matches:
        """Known values that the question names, also by their name in the other language."""
        asked_as: dict[str, str] = {}
        for phrase in words.phrases:
            for text in (phrase.words, *phrase.same):
                asked_as.setdefault(text, phrase.words)
        none: _Matches = []
        found = self._index.look(lambda db: databases.values_among(db, asked_as), none)
        return [(id_, replace(match, phrase=asked_as[match.phrase])) for id_, match in found]

    def _near(self, question: str) -> Nearness:
        found = self._index.near(question, DATABASES)
        return {place_of(path): cosine for path, cosine in found.items()}

    async def _looked_up(
        self, known: _Known, words: AskedWords, values: _Matches, near: Nearness
    ) -> _Matches:
        """Names of the question in the rows of the databases that it may be about, and what is
        left over of it in those of the databases that it is about.
        """
        seen = {match.phrase for _, match in values}
        names = [name for name in words.names if name not in seen]
        wanted: dict[SourceId, list[str]] = {}
        for fit in known.router.every(words, values, near)[:_LOOKED_INTO]:
            if fit.explained >= ENOUGH:
                left = known.router.leftover(fit.source_id, words, values)
                wanted[fit.source_id] = list(dict.fromkeys([*names, *left]))[:_MOST_PHRASES]
            elif fit.explained >= _HOPEFUL:
                wanted[fit.source_id] = names[:_MOST_PHRASES]
        found = await asyncio.gather(
            *(
                asyncio.to_thread(self._find_values, one, wanted[one.source_id])
                for one in known.databases
                if wanted.get(one.source_id)
            )
        )
        return [match for matches in found for match in matches]

    def _find_values(self, database: DatabaseDescription, phrases: Sequence[str]) -> _Matches:
        file = databases.file_of(self._index_dir, database)
        limits = DatabaseLimits.of(self._settings)
        try:
            matches = door.find_values(file, database.name, phrases, database.tables, limits)
        except AlvoError:
            # A database that cannot be asked now is still known by its tables.
            return []
        return [(database.source_id, match) for match in matches]


def _read(db: Database) -> _Known:
    found = databases.read(db)
    fingerprints = {one.source_id: one.fingerprint for one in databases.known(db)}
    return _Known(databases.revision(db), found, fingerprints, Router(found))


def _route(database: DatabaseDescription, fit: Fit, best: float, values: _Matches) -> Route:
    matches = {match: None for id_, match in values if id_ == database.source_id}
    longest_first = sorted(matches, key=lambda match: -len(match.phrase))
    tables = database.tables
    if len(tables) > _SMALL:
        tables = with_joins(database, fit.tables, _MOST_TABLES)
    names = {table.name for table in tables}
    kept = [match for match in longest_first if match.table in names]
    score = round(min(1.0, fit.explained) * fit.score / best, 4)
    return Route(replace(database, tables=tables), score, tuple(kept[:_MOST_MATCHES]))
