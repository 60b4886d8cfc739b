"""The commands on databases: add, list, remove, refresh, annotate, describe."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import prompts
from daemon.index import databases
from daemon.index.descriptions import Description
from daemon.index.table_documents import table_document
from daemon.protocol import codec, errors
from daemon.protocol.databases import DatabaseDescription
from daemon.protocol.errors import AlvoError
from daemon.protocol.escape import escape
from daemon.protocol.values import Source, SourceId, SourceKind
from embed_tool import words
from embed_tool.context import Context
from embed_tool.reasons import Reason, of_os_error

if TYPE_CHECKING:
    from daemon.index.writer import IndexWriter

_DEPTH: Final = 3
"""How far below a folder of databases is looked."""
_MANY: Final = 500
"""Of the databases of one folder."""
_MOST_SAID: Final = 64 * 1024**2
"""Bytes of descriptions."""


def add(context: Context, paths: list[str], name: str | None, *, private: bool, later: bool) -> int:
    """A database a source of its own; of a folder all that are in it. Given again it is brought
    up to date.
    """
    locations = [found for path in paths for found in _found_at(path)]
    with context.writing(embedding=not later) as writer:
        writer.require_same_model()
        added = []
        for location in dict.fromkeys(locations):
            databases.set_wanted(writer.db, location, wanted=True)
            added.append(_added(writer, location, name, private=private))
        if later:
            _tell_noted(context, added)
            return 0
        failed = bring_up(context, writer, [source.id for source in added])
        return _tell(context, writer, {source.id for source in added}, failed)


def _added(writer: "IndexWriter", location: str, name: str | None, *, private: bool) -> Source:
    everything = sources_of(writer)
    there = [source for source in everything if source.location == location]
    if there:
        if private:
            writer.set_private(there[0].id, private=True)
            databases.changed(writer.db)
        return there[0]
    wanted = name or Path(location).stem or location
    source = writer.add_source(
        SourceKind.DATABASE,
        location,
        _free(wanted, {source.name.casefold() for source in everything}),
        private,
        owner=databases.DATABASES,
    )
    databases.changed(writer.db)
    return source


def _free(name: str, taken: set[str]) -> str:
    """Commands go by the name: no two databases share one."""
    n = 2
    free = name
    while free.casefold() in taken:
        free, n = f"{name}-{n}", n + 1
    return free


def list_databases(context: Context) -> int:
    with context.reading(embedding=False) as index:
        none: list[DatabaseDescription] = []
        found = index.look(databases.read, none)
    text = "\n".join(_line(one, context.language) for one in found)
    text = text or prompts.phrase("embed_no_databases", context.language)
    context.report.result({"databases": [_value(one) for one in found]}, text)
    return 0


def remove(context: Context, names: list[str]) -> int:
    """The file stays; what is known of it, and what was said of it, goes."""
    with context.writing(embedding=False) as writer:
        known = databases.read(writer.db)
        ids = {databases.find(known, _given(name)).source_id for name in names}
        chosen = [source for source in sources_of(writer) if source.id in ids]
        for source in chosen:
            forget(context, writer, source)
    removed = codec.to_builtins(chosen)
    said = (
        prompts.phrase("embed_removed", context.language, source=escape(one.name)) for one in chosen
    )
    context.report.result({"removed": removed}, "\n".join(said))
    return 0


def forget(context: Context, writer: "IndexWriter", source: Source) -> None:
    # One in a configured folder would come back with the next refresh.
    databases.set_wanted(writer.db, source.location, wanted=False)
    writer.remove_source(source.id)
    databases.imported_file(context.paths.index_dir, source.id).unlink(missing_ok=True)
    databases.changed(writer.db)


def sources_of(writer: "IndexWriter") -> list[Source]:
    return writer.sources(databases.DATABASES)


def refresh(context: Context, names: list[str]) -> int:
    """Those named, else all, with what is new in the configured folders."""
    with context.writing() as writer:
        writer.require_same_model()
        if not names:
            notice_folders(context, writer)
        known = databases.read(writer.db)
        chosen = [databases.find(known, _given(name)) for name in names] if names else known
        ids = [one.source_id for one in chosen]
        failed = bring_up(context, writer, ids)
        return _tell(context, writer, set(ids), failed)


def annotate(context: Context, name: str, table: str, column: str, text: str) -> int:
    """What a person says of a table or column; it wins over every guess, until it is taken back
    by an empty text.
    """
    with context.writing() as writer:
        database = databases.find(databases.read(writer.db), name)
        found = databases.table_of(database, table)
        if column:
            column = databases.column_of(database, found, column).name
        databases.annotate(writer.db, database.source_id, found.name, column, text.strip())
        database = databases.find(databases.read(writer.db), database.source_id)
        found = databases.table_of(database, found.name)
        writer.put(database.source_id, table_document(database, found))
    context.report.result(
        {"table": codec.to_builtins(found)},
        prompts.phrase(
            "embed_annotated",
            context.language,
            what=escape(f"{database.name}.{found.name}" + (f".{column}" if column else "")),
        ),
    )
    return 0


def describe(context: Context, name: str) -> int:
    """What the reasoner says of tables and columns, a JSON list of `Description` on standard input.

    It is no person's: whatever a person says goes before it.
    """
    given = _descriptions(sys.stdin.buffer.read(_MOST_SAID + 1))
    with context.writing() as writer:
        database = databases.find(databases.read(writer.db), name)
        databases.put_descriptions(writer.db, database, given)
        database = databases.find(databases.read(writer.db), database.source_id)
        meant = {one.table for one in given}
        documents = [table_document(database, t) for t in database.tables if t.name in meant]
        writer.put_many(database.source_id, documents)
    context.report.result(
        {"tables": len(documents)},
        prompts.phrase(
            "embed_described",
            context.language,
            database=escape(database.name),
            count=len(documents),
        ),
    )
    return 0


def _descriptions(content: bytes) -> list[Description]:
    try:
        if len(content) > _MOST_SAID:
            raise codec.Malformed
        return codec.decode(content, list[Description])
    except codec.Malformed as error:
        raise AlvoError(
            errors.INVALID_PARAMS, method="database describe", reason=str(error), field="-"
        ) from None


def notice_folders(context: Context, writer: "IndexWriter") -> None:
    """The databases in the folders of the configuration become sources."""
    unwanted = databases.unwanted(writer.db)
    there = {source.location for source in sources_of(writer)}
    for folder in context.config.database.folders:
        path = os.path.realpath(os.path.expanduser(folder))  # noqa: PTH111  (paths are strings here)
        try:
            found = list(_found_at(path))
        except AlvoError as error:
            context.report.notice(" ".join(words.sentence(error, context.language)))
            continue
        for location in found:
            if location not in there and location not in unwanted:
                _added(writer, location, None, private=False)


def bring_up(context: Context, writer: "IndexWriter", ids: Iterable[SourceId]) -> int:
    """Reads what has changed; gives how many could not be read."""
    from embed_tool.collecting import Collecting

    collecting = Collecting(context, writer)
    wanted = set(ids)
    failed = 0
    for known in databases.known(writer.db):
        if known.source_id in wanted:
            failed += not collecting.run(known)
    return failed


def _found_at(path: str) -> Iterator[str]:
    """The real paths of a database, or of all in a folder; raises SOURCE_UNREADABLE,
    DATABASE_NOT_READABLE.
    """
    from daemon.sources.database import kind_of

    location = Path(os.path.realpath(path))
    if location.is_dir():
        found = [str(file) for file in _files_below(location, _DEPTH) if kind_of(str(file))]
        if not found:
            raise AlvoError(
                errors.DATABASE_NOT_READABLE, location=location, reason=Reason.NO_DATABASE
            )
        yield from found[:_MANY]
        return
    try:
        location.lstat()
        str(location).encode()
    except (OSError, UnicodeEncodeError) as error:
        reason = of_os_error(error) if isinstance(error, OSError) else Reason.NAME_NOT_UTF8
        raise AlvoError(errors.SOURCE_UNREADABLE, location=location, reason=reason) from error
    if kind_of(str(location)) is None:
        raise AlvoError(errors.DATABASE_NOT_READABLE, location=location, reason=Reason.NO_DATABASE)
    yield str(location)


def _files_below(folder: Path, depth: int) -> Iterator[Path]:
    """Without hidden ones, in order; a folder that cannot be read has none."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_file():
            yield entry
        elif entry.is_dir() and depth > 1:
            yield from _files_below(entry, depth - 1)


def _given(name: str) -> str:
    """A name, or the path of a database."""
    return os.path.realpath(name) if os.sep in name else name


def _tell(context: Context, writer: "IndexWriter", ids: set[SourceId], failed: int) -> int:
    """The end of a run; the exit status."""
    found = [one for one in databases.read(writer.db) if one.source_id in ids]
    sources = [source for source in sources_of(writer) if source.id in ids]
    value = {
        "sources": codec.to_builtins(sources),
        "databases": [_value(one) for one in found],
    }
    text = "\n".join(_line(one, context.language) for one in found)
    context.report.result(value, text or prompts.phrase("embed_no_databases", context.language))
    return 1 if failed else 0


def _tell_noted(context: Context, added: list[Source]) -> None:
    noted = (
        prompts.phrase("embed_noted", context.language, source=escape(source.name))
        for source in added
    )
    context.report.result({"sources": codec.to_builtins(added)}, "\n".join(noted))


def _value(database: DatabaseDescription) -> dict[str, Any]:
    """Without columns, as `database.list` has it."""
    value: dict[str, Any] = codec.to_builtins(databases.without_columns(database))
    return value


def _line(database: DatabaseDescription, language: str) -> str:
    tables = len(database.tables)
    line = prompts.phrase(
        "embed_database",
        language,
        id=database.source_id[:8],
        name=escape(database.name),
        location=escape(database.location),
        tables=tables,
        private=prompts.phrase("embed_private", language) if database.private else "",
    )
    return line if database.problem is None else f"{line}\n    {escape(database.problem)}"
