"""Writing the index: one document at a time, whole or not at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from daemon.config import Paths, private_directory
from daemon.index import databases, pointer, sources, storing
from daemon.index.documents import KnownFile, ParsedDocument
from daemon.index.embeddings import EmbeddingCache
from daemon.index.schema import CACHE_KIB, INDEX_MIGRATIONS, MMAP_BYTES, PAGE_SIZE, vector_tables
from daemon.models.embedder import Embedder
from daemon.protocol.errors import INDEX_REBUILD_NEEDED, AlvoError
from daemon.protocol.values import (
    Digest,
    Progress,
    Source,
    SourceId,
    SourceKind,
    SourceState,
)
from daemon.store import Database


class IndexWriter:
    """The one writer, for one thread at a time. Without an embedder it writes keywords alone;
    a later run with one finds those documents unknown and so gives them their vectors.
    """

    def __init__(
        self, directory: Path, database: Path, embedder: Embedder | None, shared: "_Shared"
    ) -> None:
        self._directory = directory
        self._embedder = embedder
        self._shared = shared
        self._rebuild: IndexWriter | None = None
        self.db = _open(database)
        self.made_with: str | None = None
        try:
            self.made_with = self._settle_embedder()
        except BaseException:
            self.db.close()
            raise

    @classmethod
    def open(cls, paths: Paths, embedder: Embedder | None, *, wait_s: float = 0.0) -> Self:
        """Makes the index where there is none. Raises INDEX_BUSY while another one writes, once
        that has gone on for `wait_s`.
        """
        directory = private_directory(paths.index_dir)
        shared = _Shared(pointer.wait_for_lock(directory, wait_s), paths.cache_dir)
        try:
            pointer.remove_others(directory)
            database = pointer.current(directory)
            if database is not None and database.exists():
                return cls(directory, database, embedder, shared)
            database = pointer.next_database(directory)
            writer = cls(directory, database, embedder, shared)
            pointer.point_to(database)
        except BaseException:
            shared.close()
            raise
        return writer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        return self.db.path

    @property
    def embeds(self) -> bool:
        """Whether what is put gets vectors."""
        return self._embedder is not None and self.made_with == self._embedder.name

    @property
    def rebuild_needed(self) -> bool:
        """Whether the index was made with another model than the one that is set."""
        return self._embedder is not None and not self.embeds

    def require_same_model(self) -> None:
        """Raises INDEX_REBUILD_NEEDED: two models are never mixed."""
        if self._embedder is not None and not self.embeds:
            raise AlvoError(INDEX_REBUILD_NEEDED, found=self.made_with, wanted=self._embedder.name)

    def sources(self, owner: str | None = "") -> list[Source]:
        """The person's own; with an owner an agent's; None: all."""
        return sources.read(self.db, owner)

    def add_source(
        self, kind: SourceKind, location: str, name: str, private: bool, *, owner: str = ""
    ) -> Source:
        """Raises SOURCE_EXISTS where this owner has that location already."""
        return sources.add(self.db, kind, location, name, private=private, owner=owner)

    def put_prepared(
        self, source_id: SourceId, documents: Sequence[storing.PreparedDocument]
    ) -> None:
        """What was embedded before, so that nobody waits for this writer meanwhile. Vectors that
        the index was not made with are left out.
        """
        for document in documents:
            fits = document if self.embeds else storing.without_vectors(document)
            storing.put(self.db, source_id, fits)

    def remove_owner(self, owner: str) -> int:
        """All that an agent's version had; gives how many passages that were."""
        removed = 0
        for source in sources.read(self.db, owner):
            for path in self.known_paths(source.id):
                self.remove(path, source.id)
            removed += source.passages
            sources.remove(self.db, source.id)
        sources.forget_owner(self.db, owner)
        self.db.write_through()
        return removed

    def forget_words(self) -> None:
        """Of agents that were removed: FTS5 keeps words, marked as gone, until their parts are joined.
        That takes some seconds for a hundred thousand passages.
        """
        self._join("agent_keyword")
        self.db.write_through()

    def remove_source(self, source: str) -> None:
        """With all its documents. Its id, the beginning of it, or its name; SOURCE_NOT_FOUND."""
        source_id = sources.resolve(self.db, source)
        for path in self.known_paths(source_id):
            # Each in its own transaction: a source may be large, and a reader must not wait.
            self.remove(path, source_id)
        sources.remove(self.db, source_id)
        self.db.write_through()

    def set_state(
        self, source_id: SourceId, state: SourceState, progress: Progress | None = None
    ) -> None:
        """What `source.list` tells of it; `ready` also says when."""
        sources.set_state(self.db, source_id, state, progress)

    def set_private(self, source_id: SourceId, private: bool) -> None:
        self.db.run("UPDATE source SET private = ? WHERE id = ?", (private, source_id))

    def known_files(self, source_id: SourceId) -> dict[str, KnownFile]:
        """By path; without those that this writer could give the vectors they lack."""
        rows = self.db.rows(
            "SELECT path, size, mtime_ns, content_hash FROM document"
            " WHERE source_id = ? AND embedded >= ?",
            (source_id, self._embedder_for(source_id) is not None),
        )
        return {path: KnownFile(size, at, Digest(content)) for path, size, at, content in rows}

    def known_paths(self, source_id: SourceId) -> list[str]:
        """Of every document of the source, with vectors or without."""
        rows = self.db.all("SELECT path FROM document WHERE source_id = ?", (source_id,))
        return [path for (path,) in rows]

    def put(self, source_id: SourceId, document: ParsedDocument) -> None:
        """Takes the place of what the source had at that path, in one transaction."""
        self.put_many(source_id, [document])

    def put_many(self, source_id: SourceId, documents: Sequence[ParsedDocument]) -> None:
        """As `put` for each, embedded together: for many small documents."""
        # Embedding takes long and needs no transaction.
        embedder = self._embedder_for(source_id)
        prepared = storing.prepare(documents, embedder, self._shared.cache)
        for document in prepared:
            storing.put(self.db, source_id, document)

    def _embedder_for(self, source_id: SourceId) -> Embedder | None:
        """None for keywords alone: what is private is given to no other machine."""
        embedder = self._embedder if self.embeds else None
        if embedder is None or not embedder.remote:
            return embedder
        private = self.db.value("SELECT private FROM source WHERE id = ?", (source_id,))
        return None if private else embedder

    def move(self, old: str, new: str, source_id: SourceId | None = None) -> None:
        """A document was renamed, its content is the same. Without a source: in all of the
        person's own.
        """
        for document_id, source in storing.find(self.db, old, source_id):
            with self.db.transaction():
                for replaced, _ in storing.find(self.db, new, source):
                    storing.remove(self.db, replaced)
                self.db.run("UPDATE document SET path = ? WHERE id = ?", (new, document_id))

    def touch(self, source_id: SourceId, path: str, known: KnownFile) -> None:
        """The file's size or time changed, its content did not."""
        self.db.run(
            "UPDATE document SET size = ?, mtime_ns = ?, content_hash = ?"
            " WHERE source_id = ? AND path = ?",
            (known.size, known.mtime_ns, known.content_hash, source_id, path),
        )

    def remove(self, path: str, source_id: SourceId | None = None) -> None:
        """Without a source: in all of the person's own."""
        for document_id, source in storing.find(self.db, path, source_id):
            with self.db.transaction():
                storing.remove(self.db, document_id)
                sources.forget_failure(self.db, source, path)

    def record_failure(self, source_id: SourceId, path: str, sentence: str) -> None:
        """One line of the source's report, until the path is put or removed."""
        sources.record_failure(self.db, source_id, path, sentence)

    def clear_failures(self, source_id: SourceId) -> None:
        self.db.run("DELETE FROM failure WHERE source_id = ?", (source_id,))

    def begin_rebuild(self) -> "IndexWriter":
        """A writer of a new database beside this one, with the same sources, still empty but for
        what agents own, of which there are no files to read again, and what is known of databases.
        """
        if self._rebuild is not None:
            self._rebuild.close()
            pointer.remove_others(self._directory)
        database = pointer.next_database(self._directory)
        fresh = IndexWriter(self._directory, database, self._embedder, self._shared)
        try:
            owned_sources = sources.copy(self.db, fresh.db)
            databases.copy(self.db, fresh.db)
            for owned in owned_sources:
                fresh.copy_documents(self, owned)
        except BaseException:
            fresh.db.close()
            raise
        self._rebuild = fresh
        return fresh

    def copy_documents(self, other: "IndexWriter", source_id: SourceId) -> None:
        """The documents of a source as the other index has them, embedded anew."""
        for path in other.known_paths(source_id):
            self.put(source_id, storing.read(other.db, source_id, path))

    def commit_rebuild(self) -> None:
        """From here on the rebuilt database is the index; the old one is deleted. This writer
        writes the new one.
        """
        if self._rebuild is None:
            raise RuntimeError("no rebuild was begun")
        fresh, self._rebuild = self._rebuild, None
        fresh.write_through()
        pointer.point_to(fresh.path)
        self.db.close()
        self.db, self.made_with = fresh.db, fresh.made_with
        pointer.remove_others(self._directory)

    def write_through(self) -> None:
        """All of it in the database file itself and on the disk."""
        self._join("keyword")
        self._join("agent_keyword")
        self.db.write_through()

    def _join(self, words: str) -> None:
        self.db.all(f"INSERT INTO {words} ({words}) VALUES ('optimize')")

    def close(self) -> None:
        """An uncommitted rebuild is dropped; only the writer that holds the lock lets go of it."""
        if self._rebuild is not None:
            self._rebuild.db.close()
            self._rebuild = None
            pointer.remove_others(self._directory)
        self.db.close()
        self._shared.close()

    def _settle_embedder(self) -> str | None:
        """Whose vectors the index has. An index without any takes those of this writer."""
        found: str | None = self.db.value("SELECT value FROM meta WHERE name = 'embedder'")
        embedder = self._embedder
        if embedder is None or (found is not None and found != embedder.name):
            return found
        if found is not None and not self._lacks_tables():
            # Nor is the embedder asked for its dimensions, which a server may be needed for.
            return found
        with self.db.transaction():
            # An index from before agents had a table of their own gets it now.
            for table in vector_tables(embedder.dimensions):
                self.db.run(table)
            self.db.run("INSERT OR IGNORE INTO meta VALUES ('embedder', ?)", (embedder.name,))
        return embedder.name

    def _lacks_tables(self) -> bool:
        sql = "SELECT count(*) FROM sqlite_schema WHERE name IN ('vector', 'agent_vector')"
        return bool(self.db.value(sql) < 2)


class _Shared:
    """What a writer and its rebuild have in common."""

    def __init__(self, lock: pointer.WriterLock, cache_dir: Path) -> None:
        self._lock = lock
        self._cache_dir = cache_dir
        self._cache: EmbeddingCache | None = None

    @property
    def cache(self) -> EmbeddingCache:
        """Opened by who embeds: closing it looks through all of it."""
        if self._cache is None:
            self._cache = EmbeddingCache(self._cache_dir)
        return self._cache

    def close(self) -> None:
        try:
            if self._cache is not None:
                self._cache.close()
        finally:
            self._lock.release()


def _open(database: Path) -> Database:
    db = Database.open(
        database, INDEX_MIGRATIONS, vectors=True, page_size=PAGE_SIZE, mmap_bytes=MMAP_BYTES
    )
    db.run(f"PRAGMA cache_size = -{CACHE_KIB * 8}")
    return db
