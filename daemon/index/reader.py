"""Reading the index: hybrid search, status and sources, from any thread."""

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from daemon.config import Paths
from daemon.index import candidates as finding
from daemon.index import hybrid, pointer, sources, trials
from daemon.index.candidates import Within
from daemon.index.hybrid import WEIGHTS, Candidate, Query, Weights
from daemon.index.retrieval_model import UNTRAINED, RetrievalModel
from daemon.index.schema import CACHE_KIB, INDEX_MIGRATIONS, MMAP_BYTES
from daemon.index.trials import NOTHING_RETOLD, Embed, Known, Retold, Trial
from daemon.index.vocabulary import Vocabulary
from daemon.models.embedder import Embedder, Vectors
from daemon.protocol.calls import IndexStatus
from daemon.protocol.errors import EMBEDDER_SERVER_FAILED, STORE_NEWER, AlvoError
from daemon.protocol.values import (
    Hit,
    Ranks,
    SearchMode,
    Source,
    Timestamp,
)
from daemon.store import Database

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)

MAX_K: Final = 100
_ATTEMPTS: Final = 3
_SIDE_FILES: Final = ("", "-wal")


class Index:
    """Thread-safe and blocking. Without an index yet it is empty; a rebuilt one is noticed by the
    pointer that moved, with the next call.
    """

    def __init__(self, directory: Path, embedder: Embedder | None) -> None:
        self._directory = directory
        self._embedder = embedder
        self._lock = threading.Lock()
        self._opened = _Opened(None)

    @classmethod
    def open(cls, paths: Paths, embedder: Embedder | None) -> "Index":
        return cls(paths.index_dir, embedder)

    def search(
        self,
        query: str,
        k: int = 8,
        mode: SearchMode = SearchMode.HYBRID,
        owner: str = "",
        filter: str | None = None,  # noqa: A002  (the word of the protocol)
        *,
        model: RetrievalModel | None = None,
    ) -> list[Hit]:
        """Best first, one for each place. Where vectors cannot be used (no embedder, or one that
        the index was not made with) all modes search by keywords, and `ranks.vector` is null.
        `model`: what an agent learned.
        """
        with self._connection() as opened:
            if opened is None:
                return []
            db, vocabulary = opened
            number = db.value("SELECT number FROM owner WHERE name = ?", (owner,))
            if number is None:
                return []
            asked = Query.of(query, vocabulary.language(db, number))
            if not asked.words:
                return []
            if model is not None:
                asked = model.expanded(asked)
            vector = self._vector(db, asked, model) if mode is not SearchMode.KEYWORD else None
            search = _Search(db, vocabulary, asked, vector, Within(number, filter or None))
            return search.hits(max(1, min(k, MAX_K)), mode, model)

    def near(self, query: str, owner: str, k: int = 50) -> dict[str, float]:
        """The documents of an owner nearest in meaning, by path, with their cosine; none without
        vectors.
        """
        with self._connection() as opened:
            number = opened and opened[0].value("SELECT number FROM owner WHERE name = ?", (owner,))
            if opened is None or number is None:
                return {}
            vector = self._vector(opened[0], Query.of(query, "en"))
            return {} if vector is None else finding.nearest(opened[0], vector, number, k)

    @property
    def embedder(self) -> Embedder | None:
        """What questions are embedded with; None also where the index has another's vectors."""
        return self.look(lambda db: self._embedder if self._fits(db) else None, None)

    def trial(
        self,
        question: str,
        owner: str,
        embed: Embed | None,
        *,
        known: Known,
        model: RetrievalModel = UNTRAINED,
        retold: Mapping[int, Retold | None] = NOTHING_RETOLD,
    ) -> Trial | None:
        """What a search for the question would score, to try models on; `embed`: None for keywords
        alone. None where the owner has nothing.
        """
        with self._connection() as opened:
            number = opened and opened[0].value("SELECT number FROM owner WHERE name = ?", (owner,))
            if opened is None or number is None:
                return None
            db, vocabulary = opened
            query = model.expanded(Query.of(question, vocabulary.language(db, number)))
            return trials.run(
                db, vocabulary, query, Within(number), embed=embed, retold=retold, known=known
            )

    def status(self) -> IndexStatus:
        """`embedder`: whose vectors questions are compared with; null: keywords alone."""
        name = None if self._embedder is None else self._embedder.name
        with self._connection() as opened:
            if opened is None:
                return IndexStatus(0, 0, 0, name, False, 0, str(self._directory))
            db, _ = opened
            counted = "coalesce(sum(documents), 0), coalesce(sum(passages), 0)"
            row = db.one(
                f"SELECT {counted}, coalesce(sum(embedded), 0) FROM source WHERE kind != 'database'"
            )
            documents, passages, embedded = row or (0, 0, 0)
            return IndexStatus(
                documents=documents,
                passages=passages,
                embedded=embedded,
                embedder=name,
                rebuild_needed=name is not None and passages > 0 and _made_with(db) != name,
                size_bytes=sum(_size(Path(f"{db.path}{suffix}")) for suffix in _SIDE_FILES),
                path=str(db.path),
            )

    def sources(self, owner: str | None = "") -> list[Source]:
        """The person's own; with an owner an agent's; None: all."""
        with self._connection() as opened:
            return [] if opened is None else sources.read(opened[0], owner)

    def look(self, at: Callable[[Database], T], otherwise: T) -> T:
        """What a function reads, in one read transaction; `otherwise` without an index."""
        with self._connection() as opened:
            return otherwise if opened is None else at(opened[0])

    def close(self) -> None:
        with self._lock:
            self._opened.close()
            self._opened = _Opened(None)

    def _vector(
        self, db: Database, query: Query, model: RetrievalModel | None = None
    ) -> Vectors | None:
        if self._embedder is None or not self._fits(db):
            return None
        embed = self._embedder.embed_query
        try:
            if model is None:
                return embed(query.text)
            gloss = embed(query.gloss) if query.gloss and model.glossed else None
            return model.vector(embed(query.text), gloss, self._embedder.name)
        except AlvoError as error:
            # A server that is away costs the vectors of this question, not its answer.
            if error.type is not EMBEDDER_SERVER_FAILED:
                raise
            _log.warning("%s", error)
            return None

    def _fits(self, db: Database) -> bool:
        return self._embedder is not None and _made_with(db) == self._embedder.name

    @contextlib.contextmanager
    def _connection(self) -> Iterator[tuple[Database, Vocabulary] | None]:
        """One for this call alone, inside one read transaction: what is found is of one moment."""
        taken = self._take()
        if taken is None:
            yield None
            return
        opened, db = taken
        try:
            db.run("BEGIN")
            try:
                yield db, opened.vocabulary
            finally:
                db.run("ROLLBACK")
        except BaseException:
            db.close()
            raise
        opened.give_back(db)

    def _take(self) -> "tuple[_Opened, Database] | None":
        for attempt in range(_ATTEMPTS):
            path = pointer.current(self._directory)
            if path is None:
                return None
            with self._lock:
                if self._opened.path != path:
                    self._opened.close()
                    self._opened = _Opened(path)
                opened = self._opened
            try:
                return opened, opened.take()
            except AlvoError as error:
                # The pointer moved, and the old database was deleted, between the two looks.
                if error.type is STORE_NEWER or attempt == _ATTEMPTS - 1 or path.exists():
                    raise
        return None


class _Opened:
    """Connections to one database file: as many as there were calls at the same time."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.vocabulary = Vocabulary()
        # The last one given back is taken first: its pages are warm.
        self._idle: deque[Database] = deque()
        self._closed = False

    def take(self) -> Database:
        try:
            return self._idle.pop()
        except IndexError:
            assert self.path is not None
            return _open(self.path)

    def give_back(self, db: Database) -> None:
        if self._closed:
            db.close()
        else:
            self._idle.append(db)

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()


class _Search:
    """One search, with all that it goes by."""

    def __init__(
        self,
        db: Database,
        vocabulary: Vocabulary,
        query: Query,
        vector: Vectors | None,
        within: Within,
    ) -> None:
        self._db = db
        self._query = query
        self._vector = vector
        self._within = within
        self._statistics = vocabulary.statistics(db, query.terms(), within.owner)

    def hits(self, k: int, mode: SearchMode, model: RetrievalModel | None) -> list[Hit]:
        vector_only = mode is SearchMode.VECTOR and self._vector is not None
        found = list[int]()
        if not vector_only:
            found = finding.by_keywords(self._db, self._query, self._statistics, self._within)
        if self._vector is not None:
            found += finding.by_vectors(self._db, self._vector, self._statistics, self._within)
        candidates, windows = finding.load(self._db, list(dict.fromkeys(found)))
        if not candidates:
            return []
        self._score(candidates, windows)
        weights = WEIGHTS[self._query.language]
        if model is not None:
            weights = model.weights_for(self._query.language)
        if vector_only:
            weights = Weights(keyword=0, grams=0, vector=1)
        elif self._vector is None:
            weights = Weights(keyword=weights.keyword, grams=weights.grams, vector=0)
        if weights.grams:
            hybrid.score_grams(self._query, candidates)
        ranks = _ranks(candidates)
        neighbours = 0.0 if model is None or mode is not SearchMode.HYBRID else model.neighbours
        ordered = hybrid.fuse(candidates, weights, neighbours)
        return self._first_of_each_place(ordered, ranks, k)

    def _score(self, candidates: list[Candidate], windows: dict[int, int]) -> None:
        hybrid.score_keywords(self._query, candidates, self._statistics)
        if self._vector is not None:
            finding.score_vectors(self._db, self._vector, candidates, windows)

    def _first_of_each_place(
        self, ordered: list[Candidate], ranks: dict[int, Ranks], k: int
    ) -> list[Hit]:
        hits: dict[tuple[str, str], Hit] = {}
        for candidate in ordered:
            if candidate.score <= 0:
                break
            row = self._db.one(
                "SELECT path, document.title, place, text, modified_at, private FROM passage"
                " JOIN document ON document.id = document_id"
                " JOIN source ON source.id = source_id WHERE passage.id = ?",
                (candidate.id,),
            )
            assert row is not None
            path, title, place, text, modified_at, private = row
            if (path, place) not in hits:
                hits[path, place] = Hit(
                    path=path,
                    title=title,
                    place=place,
                    text=text,
                    score=round(candidate.score, 4),
                    ranks=ranks[candidate.id],
                    modified_at=Timestamp(modified_at),
                    private=bool(private),
                )
            if len(hits) == k:
                break
        return list(hits.values())


def _ranks(candidates: Sequence[Candidate]) -> dict[int, Ranks]:
    """Places in the two lists before they were joined."""
    by_keyword = sorted((one for one in candidates if one.keyword > 0), key=lambda c: -c.keyword)
    by_vector = sorted(
        (one for one in candidates if one.cosine is not None), key=lambda c: -(c.cosine or 0)
    )
    keyword = {one.id: rank for rank, one in enumerate(by_keyword, 1)}
    vector = {one.id: rank for rank, one in enumerate(by_vector, 1)}
    return {one.id: Ranks(keyword.get(one.id), vector.get(one.id)) for one in candidates}


def _made_with(db: Database) -> str | None:
    name: str | None = db.value("SELECT value FROM meta WHERE name = 'embedder'")
    return name


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _open(path: Path) -> Database:
    db = Database.open(path, vectors=True, mmap_bytes=MMAP_BYTES, readonly=True)
    try:
        newest = INDEX_MIGRATIONS[-1].number
        found = db.value("SELECT max(number) FROM migration")
        if found > newest:
            raise AlvoError(STORE_NEWER, path=path, found=found, known=newest)
        db.run(f"PRAGMA cache_size = -{CACHE_KIB}")
    except BaseException:
        db.close()
        raise
    return db
