"""`alvo databases` and `alvo sql`: what databases hold, what a person says of it, and their rows."""

from __future__ import annotations

import sys
from argparse import Namespace

from client.console import Console
from client.prose import one_line
from client.remote import EXIT_OK
from client.screens.databases import database_lines, rows_screen, table_screen, tables_screen
from client.usage import Parser, Text, UsageError

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import DatabaseList
    from daemon.protocol.databases import Column, DatabaseDescription, Rows, Table

_ANNOTATE = "annotate"
_LIMIT = 1000


def arguments(parser: Parser, name: str) -> None:
    parser.json()
    if name == "sql":
        parser.text_follows = Text.ANYWHERE
        parser.option("--limit", help_="help_sql_limit", type=int, default=_LIMIT, metavar="N")
        parser.word("words", "help_sql_words", nargs="*", metavar="NAME SELECT")
        return
    parser.option("--names", help_="help_database_names", action="store_true")
    parser.word("words", "help_databases_words", nargs="*", metavar="NAME [TABLE]")


def run(console: Console, name: str, given: Namespace) -> int:
    if name == "sql":
        return _sql(console, given)
    if given.words[:1] == [_ANNOTATE] and len(given.words) > 1:
        return _annotate(console, given)
    match given.words:
        case []:
            return _list(console, given)
        case [database]:
            return _describe(console, given, database, None)
        case [database, table]:
            return _describe(console, given, database, table)
        case _:
            raise _wrong_words(console, name)


def _wrong_words(console: Console, name: str) -> UsageError:
    words = console.words
    return UsageError(words("usage_empty", command=name), words("usage_next", command=name))


def _list(console: Console, given: Namespace) -> int:
    listed: DatabaseList = console.call("database.list")
    if given.json:
        console.document(listed)
    elif given.names:
        console.result("".join(f"{one_line(found.name)}\n" for found in listed.databases))
    elif not listed.databases:
        console.say(console.words("databases_none"))
    else:
        for found in listed.databases:
            console.screen(database_lines(found, console.words, console.paint))
    return EXIT_OK


def _describe(console: Console, given: Namespace, database: str, table: str | None) -> int:
    found: DatabaseDescription = console.call("database.describe", name=database, table=table)
    if given.json:
        console.document(found)
    elif table is None:
        console.screen(tables_screen(found, console.words, console.paint))
    else:
        console.screen(table_screen(found.tables[0], console.words, console.paint))
    return EXIT_OK


def _annotate(console: Console, given: Namespace) -> int:
    """`TABLE.COLUMN` is the column, unless there is a table of that very name."""
    if len(given.words) < 4:
        raise _wrong_words(console, f"databases {_ANNOTATE}")
    _, database, what, *text = given.words
    known: DatabaseDescription = console.call("database.describe", name=database)
    table, column = what, None
    if all(one.name.casefold() != what.casefold() for one in known.tables):
        before, point, after = what.rpartition(".")
        if point:
            table, column = before, after
    noted: Table = console.call(
        "database.annotate", name=database, table=table, column=column, text=" ".join(text)
    )
    if given.json:
        console.document(noted)
        return EXIT_OK
    said = _of(noted, column).description
    note = console.words("database_noted", what=one_line(what), text=one_line(said))
    console.notice(console.paint_notice(f"✓ {note}", "green") + "\n")
    return EXIT_OK


def _of(table: Table, column: str | None) -> Table | Column:
    for one in table.columns:
        if column is not None and one.name.casefold() == column.casefold():
            return one
    return table


def _sql(console: Console, given: Namespace) -> int:
    database, *words = given.words or [""]
    sql = " ".join(words)
    if not sql and database and not sys.stdin.isatty():
        sql = sys.stdin.read()
    if not database or not sql.strip():
        raise _wrong_words(console, "sql")
    rows: Rows = console.call("database.query", name=database, sql=sql, limit=given.limit)
    if given.json:
        console.document(rows)
        return EXIT_OK
    if console.result_is_terminal:
        console.result(rows_screen(rows, console.paint, console.width))
    else:
        console.result(_csv(rows))
    words_ = console.words
    counted = words_("sql_rows", count=len(rows.rows), ms=f"{rows.took_ms:.0f}")
    if rows.more:
        counted += " " + words_("sql_more", limit=len(rows.rows))
    console.notice(console.paint_notice(counted, "dim") + "\n")
    return EXIT_OK


def _csv(rows: Rows) -> str:
    """For programs: every cell as it is, a null as nothing."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(rows.rows)
    return out.getvalue()
