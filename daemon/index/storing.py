"""The rows of documents and passages, with their words and vectors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from daemon.index import language
from daemon.index.documents import ParsedDocument, ParsedPassage
from daemon.index.embeddings import EmbeddingCache
from daemon.index.schema import (
    STEM_MARK,
    is_agent,
    owner_of,
    passage_range,
    vectors_of,
    window_ids,
)
from daemon.index.sources import forget_failure
from daemon.index.windows import windows
from daemon.models.embedder import Embedder, Vectors
from daemon.protocol.errors import SOURCE_NOT_FOUND, AlvoError
from daemon.protocol.values import (
    Digest,
    SourceId,
    Timestamp,
)
from daemon.store import Database


@dataclass(frozen=True, slots=True)
class PreparedPassage:
    """`columns`: words for the four columns of the keyword table; `vectors`: one a window."""

    passage: ParsedPassage
    columns: tuple[str, str, str, str]
    length: int
    vectors: Vectors | None


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    document: ParsedDocument
    passages: tuple[PreparedPassage, ...]
    embedded: bool


def full_title(title: str, heading: str) -> str:
    """What stands in front of a passage: the document's title, and its heading if it has one."""
    if not heading or heading == title:
        return title
    return f"{title} › {heading}" if title else heading


def prepare(
    documents: Sequence[ParsedDocument], embedder: Embedder | None, cache: EmbeddingCache
) -> list[PreparedDocument]:
    """Words and vectors of each, which takes long: to be done outside of a transaction."""
    documents = [_storable(document) for document in documents]
    cuts = [
        windows(full_title(document.title, passage.heading), passage.text, embedder)
        if embedder is not None
        else []
        for document in documents
        for passage in document.passages
    ]
    vectors = None
    if embedder is not None:
        vectors = cache.embed([text for cut in cuts for text in cut], embedder)
    prepared, first, at = [], 0, 0
    for document in documents:
        passages = []
        for passage in document.passages:
            last = first + len(cuts[at])
            own = None if vectors is None else vectors[first:last]
            passages.append(_prepare_passage(document, passage, own))
            first, at = last, at + 1
        prepared.append(PreparedDocument(document, tuple(passages), embedder is not None))
    return prepared


def _prepare_passage(
    document: ParsedDocument, passage: ParsedPassage, vectors: Vectors | None
) -> PreparedPassage:
    of = language.known(document.language)
    title = language.words(full_title(document.title, passage.heading))
    body = language.words(passage.text)
    columns = (
        " ".join(title),
        " ".join(body),
        " ".join(STEM_MARK + stem for stem in language.stem(title, of)),
        " ".join(STEM_MARK + stem for stem in language.stem(body, of)),
    )
    return PreparedPassage(passage, columns, 2 * (len(title) + len(body)), vectors)


def without_vectors(prepared: PreparedDocument) -> PreparedDocument:
    passages = tuple(replace(one, vectors=None) for one in prepared.passages)
    return replace(prepared, passages=passages, embedded=False)


def put(db: Database, source_id: SourceId, prepared: PreparedDocument) -> None:
    document = prepared.document
    with db.transaction():
        owner = db.value("SELECT owner FROM source WHERE id = ?", (source_id,))
        if owner is None:
            raise AlvoError(SOURCE_NOT_FOUND, source=source_id)
        for old, _ in find(db, document.path, source_id):
            remove(db, old)
        db.run(
            "INSERT INTO document (source_id, path, title, language, modified_at, size, mtime_ns,"
            " content_hash, embedded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                source_id,
                document.path,
                document.title,
                document.language,
                document.modified_at,
                document.size,
                document.mtime_ns,
                document.content_hash,
                prepared.embedded,
            ),
        )
        _put_passages(db, db.last_row_id, owner, prepared.passages)
        count = len(prepared.passages)
        _count(
            db,
            source_id,
            1,
            passages=count,
            embedded=count if prepared.embedded else 0,
            length=sum(one.length for one in prepared.passages),
        )
        forget_failure(db, source_id, document.path)


def _put_passages(
    db: Database, document_id: int, owner: int, passages: Sequence[PreparedPassage]
) -> None:
    lowest, highest = passage_range(owner)
    last = db.value("SELECT max(id) FROM passage WHERE id BETWEEN ? AND ?", (lowest, highest))
    first = lowest + 1 if last is None else last + 1
    numbered = list(enumerate(passages, first))
    db.many(
        "INSERT INTO passage VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                id_,
                document_id,
                one.passage.place,
                one.passage.heading,
                one.passage.text,
                one.length,
                0 if one.vectors is None else len(one.vectors),
            )
            for id_, one in numbered
        ),
    )
    if is_agent(owner):
        db.many(
            "INSERT INTO agent_keyword (rowid, terms) VALUES (?, ?)",
            ((id_, " ".join(one.columns)) for id_, one in numbered),
        )
    else:
        db.many(
            "INSERT INTO keyword (rowid, title, body, title_stem, body_stem)"
            " VALUES (?, ?, ?, ?, ?)",
            ((id_, *one.columns) for id_, one in numbered),
        )
    windowed = [
        (window, owner, vector.tobytes())
        for id_, one in numbered
        if one.vectors is not None
        for window, vector in zip(window_ids(id_, len(one.vectors)), one.vectors, strict=True)
    ]
    if windowed:
        # Without any there may be no table for them.
        table = vectors_of(owner)
        db.many(f"INSERT INTO {table} (rowid, owner, embedding) VALUES (?, ?, ?)", windowed)


def _count(
    db: Database, source_id: str, sign: int, *, passages: int, embedded: int, length: int
) -> None:
    db.run(
        "UPDATE source SET documents = documents + ?, passages = passages + ?,"
        " embedded = embedded + ?, length = length + ? WHERE id = ?",
        (sign, sign * passages, sign * embedded, sign * length, source_id),
    )


def find(db: Database, path: str, source_id: SourceId | None) -> list[tuple[int, SourceId]]:
    """Documents at that path: of one source, or of all the person's own."""
    if source_id is None:
        return [
            (id_, SourceId(source))
            for id_, source in db.all(
                "SELECT document.id, source_id FROM document JOIN source ON source.id = source_id"
                " WHERE path = ? AND owner = 0",
                (path,),
            )
        ]
    rows = db.all("SELECT id FROM document WHERE source_id = ? AND path = ?", (source_id, path))
    return [(id_, source_id) for (id_,) in rows]


def remove(db: Database, document_id: int) -> None:
    """Inside of a transaction."""
    passages = db.all(
        "SELECT id, windows, length FROM passage WHERE document_id = ?", (document_id,)
    )
    for id_, count, _ in passages:
        if count:
            db.many(
                f"DELETE FROM {vectors_of(owner_of(id_))} WHERE rowid = ?",
                ((window,) for window in window_ids(id_, count)),
            )
    for id_, _, _ in passages:
        keyword = "agent_keyword" if is_agent(owner_of(id_)) else "keyword"
        db.run(f"DELETE FROM {keyword} WHERE rowid = ?", (id_,))
    db.run("DELETE FROM passage WHERE document_id = ?", (document_id,))
    source_id = db.value("SELECT source_id FROM document WHERE id = ?", (document_id,))
    _count(
        db,
        source_id,
        -1,
        passages=len(passages),
        embedded=sum(count > 0 for _, count, _ in passages),
        length=sum(length for _, _, length in passages),
    )
    db.run("DELETE FROM document WHERE id = ?", (document_id,))


def read(db: Database, source_id: SourceId, path: str) -> ParsedDocument:
    """The document as it was put."""
    row = db.one(
        "SELECT id, title, language, modified_at, size, mtime_ns, content_hash FROM document"
        " WHERE source_id = ? AND path = ?",
        (source_id, path),
    )
    assert row is not None
    id_, title, of, modified_at, size, mtime_ns, content_hash = row
    passages = db.all(
        "SELECT place, text, heading FROM passage WHERE document_id = ? ORDER BY id", (id_,)
    )
    return ParsedDocument(
        path=path,
        title=title,
        language=of,
        modified_at=Timestamp(modified_at),
        size=size,
        mtime_ns=mtime_ns,
        content_hash=Digest(content_hash),
        passages=tuple(ParsedPassage(*passage) for passage in passages),
    )


def _storable(document: ParsedDocument) -> ParsedDocument:
    """Half characters, as a broken file may give, can be neither stored nor embedded."""
    return ParsedDocument(
        path=document.path,
        title=_whole(document.title),
        language=document.language,
        modified_at=document.modified_at,
        size=document.size,
        mtime_ns=document.mtime_ns,
        content_hash=document.content_hash,
        passages=tuple(
            ParsedPassage(_whole(one.place), _whole(one.text), _whole(one.heading))
            for one in document.passages
        ),
    )


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
