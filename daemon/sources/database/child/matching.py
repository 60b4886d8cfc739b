"""Whether what one column holds is all among what another holds: a likely foreign key."""

import json

import apsw

from daemon.sources.database.child import guards
from daemon.sources.database.child.clock import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_VALUES = 200
_READ = 5000
_PAIR_S = 0.15


def contained(connection: guards.Connection, request: "dict[str, Any]", clock: Clock) -> str:
    """The reply as JSON: one truth for each pair. What time does not allow to look at is false."""
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, guards.STORED)
    answers = []
    for pair in request["pairs"]:
        share = Clock(_PAIR_S)
        share.end = min(share.end, clock.end - 0.1)
        connection.set_progress_handler(share.over, guards.STEPS)
        try:
            answers.append(not share.over() and _contained(connection, *pair))
        except apsw.Error:
            answers.append(False)
    return json.dumps({"contained": answers})


def _contained(
    connection: guards.Connection, table: str, column: str, to_table: str, to_column: str
) -> bool:
    """An empty column is contained: its name alone then speaks for it."""
    column, to_column = guards.quoted(column), guards.quoted(to_column)
    rows = connection.rows(
        f"SELECT count(*), count(found) FROM (SELECT value, (SELECT 1 FROM {guards.quoted(to_table)}"
        f" WHERE {to_column} = value LIMIT 1) AS found FROM (SELECT DISTINCT value FROM"
        f" (SELECT {column} AS value FROM {guards.quoted(table)} WHERE {column} IS NOT NULL"
        f" AND {column} <> '' LIMIT {_READ}) LIMIT {_VALUES}))"
    )
    total, found = rows[0]
    return bool(found >= total * 0.95)
