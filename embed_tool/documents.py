"""The commands that change what is indexed: add, remove, refresh, rebuild."""

import os
import stat
import time
from typing import TYPE_CHECKING, Any

import prompts
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.escape import escape
from daemon.protocol.values import (
    Source,
    SourceKind,
)
from embed_tool import databases, words
from embed_tool.context import Context, chosen, documents_of, elsewhere, within
from embed_tool.reasons import Reason, of_os_error
from embed_tool.refresh import Refresh, Tally
from embed_tool.walk import shown

if TYPE_CHECKING:
    from daemon.index.writer import IndexWriter


def add(context: Context, paths: list[str], name: str | None, *, private: bool, later: bool) -> int:
    """Every path a source of its own; one that is a source already is brought up to date, so that
    an `add` which was cut off can simply be given again.
    """
    locations = list(dict.fromkeys(_location(path) for path in paths))
    with context.writing(embedding=not later) as writer:
        writer.require_same_model()
        there = {source.location: source for source in documents_of(writer.sources())}
        added = []
        for location in locations:
            source = there.get(location)
            if source is None:
                source = writer.add_source(
                    SourceKind.DOCUMENTS, location, name or _name_of(location), private=private
                )
            elif private:
                writer.set_private(source.id, private=True)
            context.report.source(source)
            _take_over(writer, source)
            added.append(source)
        if later:
            _tell_noted(context, added)
            return 0
        return _bring_up(context, writer, added)


def refresh(context: Context, names: list[str]) -> int:
    """Documents and databases; without names all, with what is new in the configured folders."""
    with context.writing() as writer:
        writer.require_same_model()
        if not names:
            databases.notice_folders(context, writer)
        sources = chosen([*documents_of(writer.sources()), *databases.sources_of(writer)], names)
        ids = [source.id for source in sources if not _documents(source)]
        failed = databases.bring_up(context, writer, ids)
        if ids:
            note = prompts.phrase("embed_databases_done", context.language, count=len(ids))
            context.report.notice(note)
        status = _bring_up(context, writer, documents_of(sources))
        return 1 if failed else status


def remove(context: Context, names: list[str]) -> int:
    """The files stay; only what the index knows of them goes."""
    with context.writing() as writer:
        sources = chosen([*documents_of(writer.sources()), *databases.sources_of(writer)], names)
        for source in sources:
            if _documents(source):
                writer.remove_source(source.id)
            else:
                databases.forget(context, writer, source)
    context.report.result(
        {"removed": codec.to_builtins(sources)},
        "\n".join(
            prompts.phrase("embed_removed", context.language, source=escape(source.name))
            for source in sources
        ),
    )
    return 0


def rebuild(context: Context) -> int:
    """A new index beside the old one, which serves until the new one is whole.

    A source that is not there now stops it: its documents would be lost.
    """
    with context.writing() as writer:
        for source in documents_of(writer.sources()):
            _location(source.location)
        fresh = writer.begin_rebuild()
        return _bring_up(context, fresh, documents_of(fresh.sources()), committed=writer)


def _bring_up(
    context: Context,
    writer: "IndexWriter",
    sources: list[Source],
    committed: "IndexWriter | None" = None,
) -> int:
    began, total, unreadable = time.monotonic(), Tally(), []
    everything = writer.sources()
    with context.parsing() as parsers:
        run = Refresh(writer, parsers, context.config.index, context.report, context.language)
        for source in sources:
            try:
                total.add(run.run(source, elsewhere(source, everything)))
            except AlvoError as error:
                # The others can be brought up to date all the same.
                if error.type is not errors.SOURCE_UNREADABLE or committed is not None:
                    raise
                unreadable.append(error)
    if committed is not None:
        committed.commit_rebuild()
    ids = {source.id for source in sources}
    after = [source for source in (committed or writer).sources() if source.id in ids]
    _tell(context, after, total, time.monotonic() - began)
    for failure in unreadable:
        context.report.notice(" ".join(words.sentence(failure, context.language)))
    return 1 if unreadable else 0


def _tell(context: Context, sources: list[Source], tally: Tally, took_s: float) -> None:
    value: dict[str, Any] = {
        "sources": codec.to_builtins(sources),
        "files": codec.to_builtins(tally),
        "took_s": round(took_s, 3),
    }
    text = prompts.phrase(
        "embed_done",
        context.language,
        **value["files"],
        took=f"{took_s:.1f}",
        rate=round(tally.passages / max(took_s, 0.001)),
    )
    context.report.result(value, text)


def _tell_noted(context: Context, sources: list[Source]) -> None:
    noted = (
        prompts.phrase("embed_noted", context.language, source=escape(source.name))
        for source in sources
    )
    context.report.result({"sources": codec.to_builtins(sources)}, "\n".join(noted))


def _take_over(writer: "IndexWriter", source: Source) -> None:
    """What lies inside a new source belongs to it alone, at once: it may be private."""
    for other in documents_of(writer.sources()):
        if within(source.location, other.location):
            for path in writer.known_paths(other.id):
                if path == source.location or within(path, source.location):
                    writer.remove(path, other.id)


def _documents(source: Source) -> bool:
    return source.kind is SourceKind.DOCUMENTS


def _location(path: str) -> str:
    """The real path; raises `SOURCE_UNREADABLE`."""
    location = os.path.realpath(path)
    reason: Reason | str
    try:
        mode = os.lstat(location).st_mode
        location.encode()
    except OSError as error:
        reason = of_os_error(error)
    except UnicodeEncodeError:
        reason = Reason.NAME_NOT_UTF8
    else:
        if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
            return location
        reason = Reason.NOT_REGULAR
    raise AlvoError(errors.SOURCE_UNREADABLE, location=shown(location), reason=reason)


def _name_of(location: str) -> str:
    return os.path.basename(location) or location  # noqa: PTH119  (paths are strings here, for speed)
