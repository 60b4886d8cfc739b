"""Looks for missing pieces in the person's databases: no permission asked, nothing changed (P4)."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import prompts
from daemon.blocks.journal import Journal
from daemon.blocks.pieces import SAID, Pieces, Said, ready
from daemon.blocks.rows import rows_text
from daemon.protocol import errors
from daemon.protocol.calls import QueryDatabase
from daemon.protocol.databases import DatabaseDescription, Rows
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Flow, SourceName
from daemon.reasoner import AskedAgent, ContextPiece, Missing, Reasoner
from daemon.reasoner.sql_request import SqlReply, SqlRequest, TriedSql
from daemon.sources.databases import DatabaseSources, Route
from daemon.store.clock import now

MAX_REPAIRS: Final = 2
_MAX_ROUTES: Final = 3
_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class _Answered:
    """What SQL brought; `problem`: why it brought nothing, for the next try."""

    piece: ContextPiece | None = None
    problem: str = ""


class DatabaseSearch:
    """Routes a missing piece to databases, has SQL written for it, runs that, mends it twice."""

    def __init__(self, databases: DatabaseSources, reasoner: Reasoner) -> None:
        self._databases = databases
        self._reasoner = reasoner

    async def look(
        self,
        flow: Flow,
        missing: Sequence[tuple[int, Missing]],
        tag: str,
        journal: Journal,
        agent: AskedAgent | None = None,
    ) -> dict[int, tuple[ContextPiece, ...]]:
        """What was found, by the number of the piece; the pieces are looked for side by side."""

        async def one(number: int, piece: Missing) -> tuple[int, Pieces]:
            step = f"database/{tag}/{number}"
            found = await journal.once(
                step, Pieces, lambda: self._look_for(flow, piece, f"{tag}/{number}", journal, agent)
            )
            return number, found

        # A secret is no business of a database's.
        wanted = [(number, piece) for number, piece in missing if not piece.secret]
        found = await asyncio.gather(*(one(number, piece) for number, piece in wanted))
        return {number: pieces.pieces for number, pieces in found if pieces.pieces}

    async def _look_for(
        self, flow: Flow, piece: Missing, place: str, journal: Journal, agent: AskedAgent | None
    ) -> Pieces:
        wanted = piece.information or flow.question
        routes = (await self._databases.route(wanted))[:_MAX_ROUTES]
        if not routes:
            return Pieces()
        tried: tuple[TriedSql, ...] = ()
        for attempt in range(MAX_REPAIRS + 1):
            request = replace(_request(flow, wanted, routes, tried), agent=agent)
            reply = await journal.once(
                f"sql/{place}/{attempt}",
                SqlReply,
                lambda request=request: self._reasoner.write_sql(request),  # type: ignore[misc]  # bound now, not at the call
                cost=lambda reply: (reply.reasoner, reply.usage),
            )
            if reply.notice:
                await self._say(reply.notice, journal)
            if not reply.sql.strip():
                where = ", ".join(route.database.name for route in routes)
                said = prompts.phrase("looked_no_sql", flow.language)
                await journal.looked(SourceName.DATABASE, where, said)
                return Pieces()
            answered = await self._run(flow, reply, routes, journal)
            if answered.piece is not None:
                return Pieces((answered.piece,))
            tried = (*tried, TriedSql(reply.sql, answered.problem, reply.database))
        return Pieces()

    @staticmethod
    async def _say(notice: str, journal: Journal) -> None:
        """Once for a round: pieces that are looked for side by side mostly have the same to say."""
        if await journal.recall(SAID, Said) is None:
            await journal.notice(notice)
            await journal.once(SAID, Said, lambda: ready(Said(notice)))

    async def _run(
        self, flow: Flow, reply: SqlReply, routes: Sequence[Route], journal: Journal
    ) -> _Answered:
        where = f"{reply.database}: {reply.sql}"
        try:
            database = _proposed(reply.database, routes)
            rows = await self._databases.query(
                QueryDatabase(reply.database, reply.sql, limit=_ROWS)
            )
        except AlvoError as error:
            problem = str(error.blanks.get("reason") or error.type.name)
            said, _ = prompts.sentence(error.type.name, flow.language, **error.blanks)
            await journal.looked(SourceName.DATABASE, where, said)
            return _Answered(problem=f"{error.type.name}: {problem}")
        said = prompts.phrase("looked_rows", flow.language, count=len(rows.rows))
        await journal.looked(SourceName.DATABASE, where, said)
        return _Answered(_piece(reply, rows, database))


def is_answered(pieces: Sequence[ContextPiece]) -> bool:
    """Whether rows came; an empty result is told, and the next source is asked all the same."""
    return any(not piece.text.startswith("0 rows") for piece in pieces)


def _request(
    flow: Flow, wanted: str, routes: Sequence[Route], tried: tuple[TriedSql, ...]
) -> SqlRequest:
    return SqlRequest(
        question=flow.question,
        information=wanted,
        language=flow.language,
        databases=tuple(route.database for route in routes),
        matches=tuple(match for route in routes for match in route.matches),
        tried=tried,
        today=now(),
    )


def _proposed(name: str, routes: Sequence[Route]) -> DatabaseDescription:
    """Raises DATABASE_NOT_FOUND for a database that was not proposed: a reply is no leave."""
    for route in routes:
        if route.database.name == name:
            return route.database
    raise AlvoError(errors.DATABASE_NOT_FOUND, database=name)


def _piece(reply: SqlReply, rows: Rows, database: DatabaseDescription) -> ContextPiece:
    words = set(re.findall(r"\w+", reply.sql.casefold()))
    tables = [
        t.name for t in database.tables if words >= set(re.findall(r"\w+", t.name.casefold()))
    ]
    title = ".".join(filter(None, [database.name, ", ".join(tables)]))
    return ContextPiece(
        n=0,
        source=SourceName.DATABASE,
        title=title,
        location=f"{title}: {' '.join(reply.sql.split())}",
        text=rows_text(rows),
        modified_at=None,
        retrieved_at=now(),
        private=database.private,
        score=1.0,
        path=None,
    )
