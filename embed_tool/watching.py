"""The command `watch`: keeps documents up to date while their files change."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import watchfiles

import prompts
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Source, SourceId
from embed_tool import documents
from embed_tool.context import Context, chosen, documents_of, within
from embed_tool.report import Report

_SETTLED_MS: Final = 1_000
"""What is saved is often written in several steps."""
_LOOK_MS: Final = 5_000
"""How often it looks for what the system does not tell of: sources that came, went or are back,
and files that are sources by themselves, which editors replace."""
_BUSY_S: Final = 1.0


def watch(context: Context, names: list[str]) -> int:
    """Until it is interrupted. Raises `SOURCE_NOT_FOUND`, `WATCH_LIMIT`."""
    sources = _sources(context, names)
    text = prompts.phrase("embed_watching", context.language, count=len(sources))
    context.report.notice(text)
    context = replace(context, report=_Changes(context.report))
    while True:
        _bring_up(context, {source.id for source in sources})
        for behind in _behind(context, names, sources):
            _bring_up(context, behind)
        sources = _sources(context, names)


def _sources(context: Context, names: list[str]) -> list[Source]:
    """Those that are there now."""
    with context.reading(embedding=False) as index:
        found = chosen(documents_of(index.sources()), names)
    return [source for source in found if os.path.lexists(source.location)]


def _bring_up(context: Context, ids: set[SourceId]) -> None:
    """Waits for another that writes; a source that is gone meanwhile is none to wait for."""
    waiting = threading.Event()
    while True:
        there = {source.id for source in _sources(context, [])}
        try:
            if wanted := sorted(ids & there):
                documents.refresh(context, list(wanted))
        except AlvoError as error:
            if error.type is errors.INDEX_BUSY:
                waiting.wait(_BUSY_S)
                continue
            if error.type is not errors.SOURCE_NOT_FOUND:
                raise
        return


def _behind(context: Context, names: list[str], sources: list[Source]) -> Iterator[set[SourceId]]:
    """The sources in which something has changed, until there are others to watch."""
    folders = {source.location: source.id for source in sources if Path(source.location).is_dir()}
    single = [source for source in sources if source.location not in folders]
    marks = {source.id: _mark(source.location) for source in single}
    # Between the first look and the watch something may have changed: the first tick looks again.
    unseen = {source.id for source in sources}
    for changes in _changes(list(folders)):
        changed = unseen | {
            id_
            for _, path in changes
            for location, id_ in folders.items()
            if path == location or within(path, location)
        }
        unseen = set()
        for source in single:
            mark = _mark(source.location)
            if mark != marks[source.id]:
                marks[source.id] = mark
                changed.add(source.id)
        if changed:
            yield changed
        if _places(_sources(context, names)) != _places(sources):
            return


def _changes(folders: list[str]) -> Iterator[set[tuple[Any, str]]]:
    """Each time something changed, and now and then nothing. Raises `WATCH_LIMIT`."""
    if not folders:
        waiting = threading.Event()
        while True:
            waiting.wait(_LOOK_MS / 1000)
            yield set()
    try:
        yield from watchfiles.watch(
            *folders,
            watch_filter=None,
            debounce=_SETTLED_MS,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
    except FileNotFoundError:
        # Gone since it was looked for: the caller looks again.
        yield set()
    except OSError as error:
        raise AlvoError(errors.WATCH_LIMIT, reason=error.strerror or str(error)) from None


def _places(sources: list[Source]) -> list[tuple[SourceId, bool]]:
    """A folder that became a file is another thing to watch."""
    return [(source.id, Path(source.location).is_dir()) for source in sources]


def _mark(location: str) -> tuple[int, int, int] | None:
    """Changes with the file's content."""
    try:
        status = os.lstat(location)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


@dataclass(slots=True)
class _Changes:
    """Tells a result only where there is something to tell, and each problem of a source once."""

    report: Report
    _told: set[str] = field(default_factory=set)

    def result(self, value: dict[str, Any], text: str) -> None:
        files = value.get("files", {})
        if any(files.get(name) for name in ("read", "moved", "removed", "failed")):
            self.report.result(value, text)

    def notice(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.report.notice(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.report, name)
