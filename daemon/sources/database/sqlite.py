"""SQLite files: what the child is asked, and what is made of its answers."""

import time
from collections.abc import Sequence
from typing import Final

from daemon.protocol import errors
from daemon.protocol.databases import Rows, Table, ValueMatch
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Milliseconds
from daemon.sources.database import describing, likely_keys, traces
from daemon.sources.database.asking import Visit
from daemon.sources.database.known import exact_first, known_values, worth_looking
from daemon.sources.database.limits import DatabaseLimits
from daemon.sources.database.wire import (
    Contained,
    FindRequest,
    Found,
    KeysRequest,
    Looked,
    QueryReply,
    QueryRequest,
    SurveyReply,
    SurveyRequest,
)

MAGIC: Final = traces.MAGIC

_SURVEY_S: Final = 8.0
"""Of a survey of all tables; what it has by then is what there is."""
_KEYS_S: Final = 2.0
_FIND_S: Final = 0.12


class SQLiteDoor:
    """Each call is a visit of one child, or of several where the file changed meanwhile."""

    def query(self, location: str, name: str, sql: str, limits: DatabaseLimits) -> Rows:
        began = time.perf_counter()
        request = QueryRequest(sql, max(0, limits.rows), limits.bytes)
        reply = Visit(location, name, limits).ask(request, QueryReply, limits.timeout_s)
        took = Milliseconds((time.perf_counter() - began) * 1000)
        return Rows(reply.columns, reply.rows, reply.more, took)

    def collect(self, location: str, name: str, limits: DatabaseLimits) -> list[Table]:
        visit = Visit(location, name, limits)
        survey = visit.ask(SurveyRequest(), SurveyReply, _SURVEY_S)
        guesses = likely_keys.candidates(survey.tables)
        held: list[bool] = []
        if guesses:
            pairs = [(key.table, key.column, key.to_table, key.to_column) for key in guesses]
            held = visit.ask(KeysRequest(pairs), Contained, _KEYS_S).contained
        keys = likely_keys.chosen(guesses, held)
        return describing.tables(survey.tables, keys)

    def find_values(
        self,
        location: str,
        name: str,
        phrases: Sequence[str],
        tables: Sequence[Table],
        limits: DatabaseLimits,
    ) -> list[ValueMatch]:
        known = known_values(name, phrases, tables)
        columns = worth_looking(tables)
        if not columns or not phrases:
            return known
        request = FindRequest(list(phrases), columns)
        try:
            found = Visit(location, name, limits).ask(request, Found, _FIND_S).matches
        except AlvoError as error:
            if error.type is errors.SQL_TIMEOUT:
                return known
            raise
        return exact_first(known, [_match(name, looked) for looked in found])

    def fingerprint(self, location: str) -> str:
        return traces.fingerprint(location)


def _match(database: str, looked: Looked) -> ValueMatch:
    return ValueMatch(database, looked.table, looked.column, looked.value, looked.phrase)
