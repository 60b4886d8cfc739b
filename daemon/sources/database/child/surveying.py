"""What is in a database: tables, columns, counts, ranges and values, from a sample of the rows."""

import json

import apsw

from daemon.sources.database.child import guards, sampling, schema
from daemon.sources.database.child.clock import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_GENEROSITY = 3.0
"""Most tables need next to nothing of their share."""
_TABLE_S = 2.0
_REPLY_S = 0.5


def survey(connection: guards.Connection, _request: "dict[str, Any]", clock: Clock) -> str:
    """The reply as JSON. Every table is in it; later ones with less in them when time runs out."""
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, guards.STORED)
    tables = schema.tables(connection)
    for number, table in enumerate(tables):
        # Each gets its share of the time that is left: one giant leaves something to the others.
        share = Clock((clock.end - sampling.now()) / (len(tables) - number) * _GENEROSITY)
        share.end = min(share.end, sampling.now() + _TABLE_S, clock.end - _REPLY_S)
        connection.set_progress_handler(share.over, guards.STEPS)
        sampling.fill(connection, table, share)
    return json.dumps({"tables": tables}, ensure_ascii=False)
