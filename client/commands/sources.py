"""`alvo sources`: what Alvo answers from; adds, refreshes and forgets."""

from __future__ import annotations

import os
import time
from argparse import Namespace

from client.console import Console
from client.ids import short
from client.place import absolute
from client.remote import EXIT_FAILED, EXIT_OK
from client.screens.index import progress_text, source_lines
from client.usage import Parser, UsageError
from daemon.protocol.escape import escape

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import SourceList
    from daemon.protocol.values import Source

_LOOK_S = 0.25
_SQLITE = b"SQLite format 3\0"
_TABLE_FILES = (".csv", ".tsv")


def arguments(parser: Parser, name: str) -> None:
    assert name == "sources"
    parser.json()
    parser.option("--name", help_="help_source_name", metavar="NAME")
    parser.option("--private", help_="help_private", action="store_true")
    parser.option("--no-wait", help_="help_no_wait", action="store_true")
    verbs = ("list", "add", "refresh", "remove")
    parser.word("verb", "help_sources_verb", nargs="?", choices=verbs, default="list")
    parser.word("what", "help_sources_what", nargs="?", metavar="PATH|ID")


def run(console: Console, name: str, given: Namespace) -> int:
    if given.verb == "list":
        return _list(console, given)
    if not given.what:
        raise UsageError(
            console.words("usage_empty", command=f"{name} {given.verb}"),
            console.words("usage_next", command=name),
        )
    match given.verb:
        case "add":
            location = absolute(given.what, console.environ)
            source: Source = console.call(
                "source.add",
                kind="database" if _is_database(location) else "documents",
                location=location,
                name=given.name,
                private=given.private,
            )
        case "refresh":
            source = console.call("source.refresh", source_id=_named(console, given.what))
        case _:
            return _remove(console, given)
    return _watched(console, source, given)


def _named(console: Console, given: str) -> str:
    """The id of the one source that has this name or lies there; else what was given: an id."""
    place = absolute(given, console.environ)
    listed: SourceList = console.call("source.list")
    fits = [one.id for one in listed.sources if given == one.name or place == one.location]
    return fits[0] if len(fits) == 1 else given


def _is_database(path: str) -> bool:
    """A file of SQLite, by how it begins, or of a table, by its name."""
    if path.lower().endswith(_TABLE_FILES):
        return True
    if not os.path.isfile(path):  # noqa: PTH113  (pathlib costs 6 ms)
        return False
    try:
        with open(path, "rb") as file:  # noqa: PTH123  (as above)
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _list(console: Console, given: Namespace) -> int:
    listed: SourceList = console.call("source.list")
    if given.json:
        console.document(listed)
    elif not listed.sources:
        console.say(console.words("sources_none"))
    else:
        for source in listed.sources:
            console.result(source_lines(source, console.words, console.paint, console.width))
    return EXIT_OK


def _remove(console: Console, given: Namespace) -> int:
    source = _named(console, given.what)
    console.call("source.remove", source_id=source)
    if given.json:
        console.document({"removed": source})
    else:
        said = short(source) if source == given.what else escape(given.what)
        console.say(console.words("source_removed", source=said))
    return EXIT_OK


def _watched(console: Console, source: Source, given: Namespace) -> int:
    """Its progress until it is ready; Ctrl-C stops the watching, not the indexing."""
    try:
        while source.state == "indexing" and not given.no_wait:
            if source.progress is not None:
                console.progress(progress_text(source.progress, console.words))
            time.sleep(_LOOK_S)
            listed: SourceList = console.call("source.list")
            found = [other for other in listed.sources if other.id == source.id]
            if not found:
                break
            source = found[0]
    except KeyboardInterrupt:
        console.say(console.words("source_goes_on"))
        raise
    console.clear_progress()
    if given.json:
        console.document(source)
    else:
        console.result(source_lines(source, console.words, console.paint, console.width))
    return EXIT_FAILED if source.state == "failed" else EXIT_OK
