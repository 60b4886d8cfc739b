"""Brings the index up to date with the files of one source."""

import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import PurePath
from typing import Final, assert_never

from daemon.config import IndexSettings
from daemon.index.documents import KnownFile, ParsedDocument
from daemon.index.writer import IndexWriter
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Digest,
    Progress,
    Seconds,
    Source,
    SourceState,
)
from daemon.store import crash
from embed_tool import reading, words
from embed_tool.parsing import Parsers
from embed_tool.reading import Content
from embed_tool.report import UNIT, Report, Step
from embed_tool.walk import Found, Unread, WalkRules, shown, walk

_READERS: Final = 2
_AHEAD: Final = 8
"""Documents that are read before the embedder wants them: it never waits, memory stays small."""
_AHEAD_BYTES: Final = 64 * 1024 * 1024
_TOGETHER: Final = 64
"""Passages that are embedded together, at least, where there are as many."""
_TOLD_EVERY_S: Final = 1.0
"""How often the index itself is told of the progress, for other processes to read."""


@dataclass(slots=True)
class Tally:
    """What a run did, in files. `read`: what was new or had changed; `passages`: put in."""

    read: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: int = 0
    passages: int = 0

    def add(self, other: "Tally") -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass(frozen=True, slots=True)
class _Same:
    """A file whose time has changed and whose content has not."""

    content: Content


@dataclass(frozen=True, slots=True)
class _Moved:
    """A file that was known by another path, which is gone.

    `document`: read anew if the name changed, which may be its title; None if only the folder did.
    """

    content: Content
    old: str
    document: ParsedDocument | None


@dataclass(frozen=True, slots=True)
class _NoText:
    """A file that is none to read, though only its content told so."""


_Outcome = ParsedDocument | _Same | _Moved | _NoText | AlvoError


@dataclass(slots=True)
class _Difference:
    """Between the files of a source and what the index knows of them."""

    gone: set[str]
    changed: list[Found] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Refresh:
    """What every source of a run is brought up to date with."""

    writer: IndexWriter
    parsers: Parsers
    settings: IndexSettings
    report: Report
    language: str

    def run(self, source: Source, elsewhere: frozenset[str]) -> Tally:
        """Each file is stored by itself, so that a run cut off anywhere goes on at the next one.

        Raises `SOURCE_UNREADABLE`, with nothing removed, if the source is not there at all.
        """
        writer = self.writer
        known = writer.known_files(source.id)
        rules = WalkRules(self.settings.max_file_bytes, self.settings.ignore, elsewhere)
        try:
            found = _compared(walk(source.location, rules), known, writer.known_paths(source.id))
            tally = self._brought_up(source, found, known)
        except AlvoError as error:
            # Not if interrupted: then what is missing is still wanted.
            sentence, _ = words.sentence(error, self.language)
            writer.record_failure(source.id, source.location, sentence)
            writer.set_state(source.id, SourceState.FAILED)
            raise
        writer.set_state(source.id, SourceState.READY)
        return tally

    def _brought_up(self, source: Source, found: _Difference, known: dict[str, KnownFile]) -> Tally:
        tally = Tally(unchanged=found.unchanged)
        self.writer.clear_failures(source.id)
        for unread in found.unread:
            self.failed(source, unread.path, unread.error, tally)
        _Storing(self, source, found, tally).run(self._outcomes(found, known))
        for path in found.gone:
            self.writer.remove(path, source.id)
            tally.removed += 1
            crash.point("embed.removed")
        return tally

    def _outcomes(
        self, found: _Difference, known: dict[str, KnownFile]
    ) -> Iterator[tuple[Found, _Outcome]]:
        """The changed files in their order, read and parsed ahead of who takes them."""
        # Empty files are all alike: they do not move.
        moved_from = {
            known[path].content_hash: path
            for path in found.gone
            if path in known and known[path].size
        }
        ahead: deque[tuple[Found, Future[_Outcome]]] = deque()
        with ThreadPoolExecutor(_READERS, thread_name_prefix="reader") as pool:
            try:
                for file in found.changed:
                    work = pool.submit(self._prepare, file, known.get(file.path), moved_from)
                    ahead.append((file, work))
                    while len(ahead) >= _AHEAD or sum(f.size for f, _ in ahead) > _AHEAD_BYTES:
                        first, done = ahead.popleft()
                        yield first, done.result()
                while ahead:
                    first, done = ahead.popleft()
                    yield first, done.result()
            finally:
                for _, waiting in ahead:
                    waiting.cancel()

    def _prepare(
        self, file: Found, known: KnownFile | None, moved_from: dict[Digest, str]
    ) -> _Outcome:
        try:
            content = reading.read(file, self.settings.max_file_bytes)
            if content is None:
                return _NoText()
            if known is not None and known.content_hash == content.content_hash:
                return _Same(content)
            old = None if known else moved_from.pop(content.content_hash, None)
            if old is not None and PurePath(old).name == PurePath(file.path).name:
                return _Moved(content, old, None)
            document = reading.parse(file, content, self.parsers)
            return document if old is None else _Moved(content, old, document)
        except AlvoError as error:
            return error

    def failed(self, source: Source, path: str, error: AlvoError, tally: Tally) -> None:
        sentence, _ = words.sentence(error, self.language)
        self.writer.record_failure(source.id, shown(path), sentence)
        self.report.failure(shown(path), sentence)
        tally.failed += 1


class _Storing:
    """Puts outcomes into the index: documents some at a time, since they embed faster together."""

    def __init__(self, refresh: Refresh, source: Source, found: _Difference, tally: Tally) -> None:
        self._refresh = refresh
        self._writer = refresh.writer
        self._source = source
        self._found = found
        self._tally = tally
        self._waiting: list[ParsedDocument] = []
        self._began = self._told = time.monotonic()
        self._bytes_total = sum(file.size for file in found.changed)

    def run(self, outcomes: Iterator[tuple[Found, _Outcome]]) -> None:
        bytes_done = 0
        if self._found.changed:
            self._writer.set_state(self._source.id, SourceState.INDEXING)
        for done, (file, outcome) in enumerate(outcomes, 1):
            crash.point("embed.read")
            self._keep(file, outcome)
            bytes_done += file.size
            if sum(len(document.passages) for document in self._waiting) >= _TOGETHER:
                self._put_waiting()
            self._tell(done, bytes_done)
        self._put_waiting()

    def _keep(self, file: Found, outcome: _Outcome) -> None:
        source, tally = self._source, self._tally
        match outcome:
            case ParsedDocument():
                self._waiting.append(outcome)
                tally.read += 1
            case _Same(content):
                self._touch(content)
                tally.unchanged += 1
            case _Moved(content, old, None):
                self._writer.move(old, file.path, source.id)
                self._touch(content)
                self._found.gone.discard(old)
                tally.moved += 1
            case _Moved(_, old, document):
                assert document is not None
                self._writer.put(source.id, document)
                self._writer.remove(old, source.id)
                self._found.gone.discard(old)
                tally.moved += 1
            case _NoText():
                self._writer.remove(file.path, source.id)
            case AlvoError():
                # What it held before is no longer what it holds.
                self._writer.remove(file.path, source.id)
                self._refresh.failed(source, file.path, outcome, tally)
            case _:
                assert_never(outcome)

    def _touch(self, content: Content) -> None:
        known = KnownFile(content.size, content.mtime_ns, content.content_hash)
        self._writer.touch(self._source.id, content.path, known)

    def _put_waiting(self) -> None:
        documents, self._waiting = self._waiting, []
        if documents:
            self._writer.put_many(self._source.id, documents)
            self._tally.passages += sum(len(document.passages) for document in documents)
            crash.point("embed.stored")

    def _tell(self, done: int, bytes_done: int) -> None:
        elapsed = time.monotonic() - self._began
        left = elapsed * (self._bytes_total - bytes_done) / bytes_done if bytes_done else None
        progress = Progress(
            done, len(self._found.changed), UNIT, None if left is None else Seconds(round(left, 1))
        )
        step = Step(self._source, progress, self._tally.passages / max(elapsed, 0.001))
        self._refresh.report.step(step)
        if time.monotonic() - self._told > _TOLD_EVERY_S:
            self._told = time.monotonic()
            self._writer.set_state(self._source.id, SourceState.INDEXING, progress)


def _compared(
    items: Iterator[Found | Unread], known: dict[str, KnownFile], paths: list[str]
) -> _Difference:
    difference = _Difference(set(paths))
    for item in items:
        if isinstance(item, Unread):
            difference.unread.append(item)
            continue
        difference.gone.discard(item.path)
        was = known.get(item.path)
        if was is not None and was.size == item.size and was.mtime_ns == item.mtime_ns:
            difference.unchanged += 1
        else:
            difference.changed.append(item)
    for unread in difference.unread:
        if unread.is_folder:
            # A folder that cannot be read is not an empty one: what is known of it is kept.
            below = unread.path + os.sep
            difference.gone -= {path for path in difference.gone if path.startswith(below)}
    return difference
