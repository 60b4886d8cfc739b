"""The first of the four: from extracted documents to passages in the agent's own partition."""

import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from daemon.agents.child.cleaning import cleaned, line
from daemon.agents.child.duplicates import Duplicates, digest
from daemon.agents.jobs import Bench, Drop, Dropped, Process, Processed
from daemon.index import IndexWriter
from daemon.index.documents import ParsedDocument, ParsedPassage
from daemon.index.embeddings import EmbeddingCache
from daemon.index.language import Language, detect, known
from daemon.index.materials import Extracted
from daemon.index.storing import PreparedDocument, prepare
from daemon.models.embedder import Embedder
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Digest, Progress, Seconds, SourceKind, SourceState, Timestamp
from daemon.store.clock import now

_UNIT: Final = "passages"
_TOGETHER: Final = 32
"""Passages that are embedded before the progress is told."""
_STORED: Final = 256
"""Passages that are written while the index is locked: some hundredths of a second."""
_BUSY_S: Final = 3600.0
"""How long a rebuild of the index may go on before a training that waits for it is begun anew."""
_MINOR: Final = 0.05
"""A language of fewer passages than this share is a quotation."""


def process(job: Process, bench: Bench) -> Processed:
    """Begins anew where it was cut off: what was embedded already is known by its text."""
    documents, duplicates = _read(job)
    if not documents:
        raise AlvoError(errors.AGENT_DATA_EMPTY, where=job.name)
    embedder = bench.embedder_for(private=job.private)
    with _writing(bench, embedder) as writer:
        writer.remove_owner(job.owner)
        source = writer.add_source(
            SourceKind.DOCUMENTS, job.owner, job.owner, job.private, owner=job.owner
        )
    total = sum(len(document.passages) for document in documents)
    prepared = _prepared(documents, embedder, bench, total)
    for batch in _batches(prepared):
        with _writing(bench, embedder) as writer:
            writer.put_prepared(source.id, batch)
    with _writing(bench, embedder) as writer:
        writer.set_state(source.id, SourceState.READY)
    return Processed(len(documents), total, duplicates, _languages(documents))


def drop(job: Drop, bench: Bench) -> Dropped:
    if not bench.paths.index_dir.exists():
        return Dropped(0)
    removed = 0
    for owner in job.owners:
        with _writing(bench, None) as writer:
            removed += writer.remove_owner(owner)
    if job.thoroughly:
        with _writing(bench, None) as writer:
            writer.forget_words()
    return Dropped(removed)


def extracted_of(file: Path) -> Iterator[Extracted]:
    with file.open("rb") as lines:
        for one in lines:
            yield codec.decode(one, Extracted)


@contextlib.contextmanager
def _writing(bench: Bench, embedder: Embedder | None) -> Iterator[IndexWriter]:
    """The index for a moment: others are waited for, and wait for us hardly at all."""
    with IndexWriter.open(bench.paths, embedder, wait_s=_BUSY_S) as writer:
        yield writer


def _read(job: Process) -> tuple[list[ParsedDocument], int]:
    """The documents with what is new in each, and how many passages were not."""
    before = Duplicates()
    at = now()
    found: list[ParsedDocument] = []
    left_out = 0
    for extracted in _newest(Path(job.extracted)):
        fresh: list[ParsedPassage] = []
        # Once: a question may be as long as all of its answer.
        asked = digest(extracted.question) if extracted.question else b""
        for passage in filter(None, map(cleaned, extracted.passages)):
            # The same answer may serve two questions.
            if before.seen(passage.text, asked):
                left_out += 1
            else:
                fresh.append(passage)
        if fresh:
            found.append(_document(extracted, fresh, job, at))
    return found, left_out


def _newest(file: Path) -> Iterator[Extracted]:
    """Of what was given again under the same path, as a file that has changed, the last."""
    given: Counter[str] = Counter(one.path for one in extracted_of(file) if one.part == 1)
    seen: Counter[str] = Counter()
    for one in extracted_of(file):
        seen[one.path] += one.part == 1
        if seen[one.path] == given[one.path]:
            yield one


def _document(
    extracted: Extracted, passages: Sequence[ParsedPassage], job: Process, at: Timestamp
) -> ParsedDocument:
    text = "\n".join(passage.text for passage in passages)
    language: Language = known(job.language) if job.language else detect(text)
    content = text.encode("utf-8", "replace")
    title = line(extracted.title) or job.name
    return ParsedDocument(
        path=extracted.path if extracted.part == 1 else f"{extracted.path} ({extracted.part})",
        title=title,
        language=language,
        modified_at=extracted.modified_at or at,
        size=len(content),
        mtime_ns=0,
        content_hash=Digest(hashlib.sha256(content).hexdigest()),
        passages=tuple(passages),
    )


def _prepared(
    documents: Iterable[ParsedDocument], embedder: Embedder | None, bench: Bench, total: int
) -> Iterator[PreparedDocument]:
    """Each document with its words and vectors, some at a time."""
    began, done = time.monotonic(), 0
    with contextlib.closing(EmbeddingCache(bench.paths.cache_dir)) as cache:
        for group in _grouped(documents):
            ready = prepare(group, embedder, cache)
            yield from ready
            done += sum(len(one.passages) for one in ready)
            left = (time.monotonic() - began) * (total - done) / max(1, done)
            bench.tell(Progress(done, total, _UNIT, Seconds(round(left, 1))))


def _grouped(documents: Iterable[ParsedDocument]) -> Iterator[list[ParsedDocument]]:
    """Small documents together: they embed faster so."""
    group: list[ParsedDocument] = []
    for document in documents:
        group.append(document)
        if sum(len(one.passages) for one in group) >= _TOGETHER:
            yield group
            group = []
    if group:
        yield group


def _batches(prepared: Iterable[PreparedDocument]) -> Iterator[list[PreparedDocument]]:
    batch: list[PreparedDocument] = []
    for document in prepared:
        batch.append(document)
        if sum(len(one.passages) for one in batch) >= _STORED:
            yield batch
            batch = []
    if batch:
        yield batch


def _languages(documents: Iterable[ParsedDocument]) -> list[str]:
    counted: Counter[str] = Counter()
    for document in documents:
        counted[document.language] += len(document.passages)
    total = counted.total()
    return [name for name, count in counted.most_common() if count >= _MINOR * total]
