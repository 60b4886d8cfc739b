"""The commands that only look: list, status, search, verify."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import prompts
from daemon.index.documents import KnownFile
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.escape import escape
from daemon.protocol.values import (
    Hit,
    SearchMode,
    Source,
    SourceState,
)
from embed_tool import reading, words
from embed_tool.context import Context, chosen, documents_of, elsewhere
from embed_tool.walk import Found, Unread, WalkRules, shown, walk

if TYPE_CHECKING:
    from daemon.index.writer import IndexWriter
    from embed_tool.parsing import Parsers


def list_sources(context: Context) -> int:
    with context.reading(embedding=False) as index:
        sources = [_as_it_is(source, context) for source in documents_of(index.sources())]
    lines = [_line(source, context.language) for source in sources]
    text = "\n".join(lines) or prompts.phrase("embed_no_sources", context.language)
    context.report.result({"sources": codec.to_builtins(sources)}, text)
    return 0


def _as_it_is(source: Source, context: Context) -> Source:
    """One that was cut off is not being indexed, whatever it says, if nobody writes."""
    if source.state is not SourceState.INDEXING:
        return source
    from daemon.index import pointer

    try:
        pointer.WriterLock(context.paths.index_dir).release()
    except AlvoError:
        return source
    return replace(source, state=SourceState.FAILED)


def _line(source: Source, language: str) -> str:
    progress = source.progress
    state = prompts.phrase(f"embed_state_{source.state.value}", language)
    if progress is not None:
        state += f" {progress.done}/{progress.total}"
    line = prompts.phrase(
        "embed_source",
        language,
        id=source.id[:8],
        source=escape(source.name),
        location=escape(source.location),
        state=state,
        documents=source.documents,
        passages=source.passages,
        private=prompts.phrase("embed_private", language) if source.private else "",
    )
    return "\n".join([line, *(f"    {escape(failure)}" for failure in source.failures)])


def status(context: Context) -> int:
    """What the index holds, and how the children that read documents are confined here."""
    with context.reading() as index, context.parsing() as parsers:
        found = index.status()
        guards = parsers.guards()
    value: dict[str, Any] = codec.to_builtins(found)
    language = context.language
    text = prompts.phrase(
        "embed_status",
        language,
        **(value | {"embedder": found.embedder or prompts.phrase("embed_keywords", language)}),
        size=f"{found.size_bytes / 1e6:.1f}",
        guards=", ".join(
            prompts.phrase(f"embed_guard_{name}", language)
            for name, there in codec.to_builtins(guards).items()
            if there
        )
        or prompts.phrase("embed_guard_none", language),
    )
    if found.rebuild_needed:
        text += "\n" + prompts.phrase("embed_rebuild_needed", language)
    context.report.result(value | {"guards": codec.to_builtins(guards)}, text)
    return 0


def search(context: Context, query: str, k: int, mode: SearchMode, within: str | None) -> int:
    require_index(context)
    with context.reading() as index:
        hits = index.search(query, k, mode, filter=within)
    text = "\n\n".join(_hit(n, hit) for n, hit in enumerate(hits, 1))
    if not hits:
        text = prompts.phrase("embed_no_hits", context.language)
    context.report.result({"hits": codec.to_builtins(hits)}, text)
    return 0 if hits else 1


def _hit(n: int, hit: Hit) -> str:
    text = escape(" ".join(hit.text.split()))
    shortened = text if len(text) <= 300 else text[:299] + "…"
    return f"{n}. {escape(hit.path)} · {escape(hit.place)} ({hit.score:.2f})\n   {shortened}"


def verify(context: Context, names: list[str]) -> int:
    """Every file read and compared by its content, whatever its time of change says."""
    require_index(context)
    with context.writing(embedding=False) as writer, context.parsing() as parsers:
        everything = writer.sources()
        different = []
        for source in chosen(documents_of(everything), names):
            look = _Comparison(context, writer, parsers, source, elsewhere(source, everything))
            different += look.differences()
    value = {"different": [{"path": path, "what": what} for path, what in different]}
    text = "\n".join(
        prompts.phrase(f"embed_verify_{what}", context.language, path=escape(path))
        for path, what in different
    ) or prompts.phrase("embed_verify_same", context.language)
    context.report.result(value, text)
    return 1 if different else 0


@dataclass(frozen=True, slots=True)
class _Comparison:
    context: Context
    writer: "IndexWriter"
    parsers: "Parsers"
    source: Source
    elsewhere: frozenset[str]

    def differences(self) -> list[tuple[str, str]]:
        """Path, and what is wrong with it: `missing` on the disk, `changed`, `new`, `unreadable`."""
        settings = self.context.config.index
        known = self.writer.known_files(self.source.id)
        rules = WalkRules(settings.max_file_bytes, settings.ignore, self.elsewhere)
        different = []
        try:
            for item in walk(self.source.location, rules):
                what = self._difference(item, known.pop(item.path, None))
                if what:
                    different.append((shown(item.path), what))
        except AlvoError as error:
            self.context.report.notice(" ".join(words.sentence(error, self.context.language)))
            return [(self.source.location, "unreadable")]
        return different + [(path, "missing") for path in known]

    def _difference(self, item: Found | Unread, known: KnownFile | None) -> str:
        if isinstance(item, Unread):
            return "unreadable" if known else ""
        try:
            content = reading.read(item, self.context.config.index.max_file_bytes)
            if content is None:
                return "changed" if known else ""
            if known is None:
                # One that cannot be read is not missing in the index: it is in its report.
                reading.parse(item, content, self.parsers)
                return "new"
        except AlvoError:
            return "unreadable" if known else ""
        return "" if known.content_hash == content.content_hash else "changed"


def require_index(context: Context) -> None:
    """Raises `INDEX_MISSING`."""
    from daemon.index import pointer

    if pointer.current(context.paths.index_dir) is None:
        raise AlvoError(errors.INDEX_MISSING)
