"""The schema as SQLite tells it: tables, views, columns, and the keys that are declared."""

import apsw

from daemon.sources.database.child import guards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Seen = dict[str, Any]

_MOST_TABLES = 500
_LONGEST_SQL = 20_000
_SHADOWS = ("virtual", "shadow")


def tables(connection: guards.Connection) -> "list[Seen]":
    """One of `SeenTable` for each table and view, and of `SeenColumn` for each of its columns."""
    created = dict(
        connection.rows("SELECT name, substr(sql, 1, ?) FROM sqlite_schema", (_LONGEST_SQL,))
    )
    found = connection.rows(
        "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main'"
        " AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " ORDER BY name LIMIT ?",
        (_MOST_TABLES,),
    )
    result = []
    for name, kind, without_rowid in found:
        try:
            columns = _columns(connection, name)
        except apsw.Error:
            # A virtual table whose module is not there, a view of what is gone.
            continue
        table = {
            "name": name,
            "kind": "view" if kind == "view" else "table",
            "sql": created.get(name) or "",
            "rows": None,
            "rows_estimated": False,
            "complete": False,
            "columns": columns,
        }
        # Whether rows can be reached by number; not to be sent.
        table["rowid"] = kind == "table" and not without_rowid
        result.append(table)
    return result


def _columns(connection: guards.Connection, table: str) -> "list[Seen]":
    declared = _declared_keys(connection, table)
    unique = _unique(connection, table)
    rows = connection.rows(
        'SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?) WHERE hidden <> 1', (table,)
    )
    keys = sum(pk > 0 for *_, pk in rows)
    return [
        {
            "name": name,
            "type": type_ or "",
            "nullable": not notnull and not pk,
            "primary_key": pk > 0,
            "unique": (pk > 0 and keys == 1) or name in unique,
            "references": declared.get(name),
            "seen": 0,
            "distinct": None,
            "minimum": None,
            "maximum": None,
            "longest": 0,
            "kinds": {},
            "frequent": [],
        }
        for name, type_, notnull, pk in rows
    ]


def _declared_keys(connection: guards.Connection, table: str) -> dict[str, str]:
    found = {}
    for parent, column, target in connection.rows(
        'SELECT "table", "from", "to" FROM pragma_foreign_key_list(?)', (table,)
    ):
        target_column = target or _primary_key(connection, parent)
        if target_column:
            found[column] = f"{parent}.{target_column}"
    return found


def _primary_key(connection: guards.Connection, table: str) -> str | None:
    rows = connection.rows("SELECT name FROM pragma_table_info(?) WHERE pk > 0", (table,))
    return rows[0][0] if len(rows) == 1 else None


def _unique(connection: guards.Connection, table: str) -> set[str]:
    """Columns that alone have an index which is unique."""
    found = set()
    for index, partial in connection.rows(
        'SELECT name, partial FROM pragma_index_list(?) WHERE "unique"', (table,)
    ):
        names = [
            row[0] for row in connection.rows("SELECT name FROM pragma_index_info(?)", (index,))
        ]
        if len(names) == 1 and names[0] is not None and not partial:
            found.add(names[0])
    return found


def leading_indexed(connection: guards.Connection, table: str) -> set[str]:
    """Columns whose smallest and largest value, or one value, an index finds at once."""
    found = set()
    for index, partial in connection.rows(
        "SELECT name, partial FROM pragma_index_list(?)", (table,)
    ):
        rows = connection.rows("SELECT name FROM pragma_index_info(?) WHERE seqno = 0", (index,))
        if rows and rows[0][0] is not None and not partial:
            found.add(rows[0][0])
    return found
