"""One SELECT, and as many of its rows as may be given back."""

import json

import apsw

from daemon.sources.database.child import allowed, guards
from daemon.sources.database.child.cells import cell
from daemon.sources.database.child.clock import Clock
from daemon.sources.database.child.refusals import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def query(connection: guards.Connection, request: "dict[str, Any]", _clock: Clock) -> str:
    """The reply as JSON; raises `SQL_*`."""
    sql = request["sql"]
    if "\0" in sql:
        raise Refused("SQL_REFUSED", "NUL")
    try:
        return _rows(connection, sql, request["rows"], request["bytes"])
    except apsw.TooBigError:
        # A cell may be as long as it likes; what the statement itself makes may not.
        if connection.functions & allowed.BUILDERS:
            raise
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, guards.STORED)
        return _rows(connection, sql, request["rows"], request["bytes"])


def _rows(connection: guards.Connection, sql: str, most_rows: int, most_bytes: int) -> str:
    statement = _Statement(sql)
    try:
        cursor = statement.run(connection)
        return _reply(statement.names, cursor, most_rows, most_bytes)
    except UnicodeDecodeError:
        # Some text is not UTF-8; as bytes it can be read, and then decoded as far as it goes.
        cursor = connection.execute(_as_bytes(statement.first, len(statement.names)))
        return _reply(statement.names, map(_decoded, cursor), most_rows, most_bytes)


def _reply(names: list[str], rows, most_rows: int, most_bytes: int) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
    lines: list[str] = []
    room, more = most_bytes, False
    for row in rows:
        line = json.dumps([cell(value) for value in row], ensure_ascii=False)
        room -= len(line.encode("utf-8", "replace")) + 1
        if len(lines) == most_rows or room < 0:
            more = True
            break
        lines.append(line)
    ending = "true" if more else "false"
    head = json.dumps(names, ensure_ascii=False)
    return f'{{"columns":{head},"rows":[{",".join(lines)}],"more":{ending}}}'


class _Statement:
    """`first`: the text of the one statement, once SQLite has said where it ends."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.first = ""
        self.names: list[str] = []

    def run(self, connection: guards.Connection) -> apsw.Cursor:
        cursor = connection.cursor()
        cursor.exec_trace = self._check
        cursor.execute(self.sql)
        if not self.first:
            raise Refused("SQL_INVALID", "empty")
        return cursor

    def _check(self, cursor: apsw.Cursor, first: str, _bindings: object) -> bool:
        """Called when SQLite has prepared a statement and not yet run it."""
        if not cursor.has_vdbe:
            return True  # a comment, or nothing
        if not cursor.is_readonly:
            raise Refused("SQL_REFUSED", first.strip()[:40])
        rest = self.sql[len(first) :]
        if not _blank(rest):
            raise Refused("SQL_REFUSED", f"; {rest.strip()[:40]}")
        self.first = first
        self.names = [str(column[0]) for column in cursor.get_description()]
        return True


def _blank(rest: str) -> bool:
    """Only spaces, semicolons and comments."""
    while rest := rest.lstrip(" \t\r\n\f;"):
        if rest.startswith("--"):
            rest = rest.partition("\n")[2]
        elif rest.startswith("/*"):
            rest = rest[2:].partition("*/")[2]
        else:
            return False
    return True


def _as_bytes(statement: str, columns: int) -> str:
    """The same rows with every text as bytes behind a 1, and everything else behind a 0."""
    names = [f"c{number}" for number in range(columns)]
    picked = ", ".join(
        f"typeof({name}) = 'text', iif(typeof({name}) = 'text', CAST({name} AS BLOB), {name})"
        for name in names
    )
    inner = statement.rstrip(" \t\r\n\f;")
    return f"WITH alvo({', '.join(names)}) AS (\n{inner}\n) SELECT {picked} FROM alvo"


def _decoded(row):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    pairs = zip(row[::2], row[1::2], strict=True)
    return [value.decode("utf-8", "replace") if text else value for text, value in pairs]
