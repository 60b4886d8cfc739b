"""The question block: what is known about it, what kind it is, whether that is enough."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from daemon.agents.serving import Served, Serving
from daemon.blocks.journal import Journal
from daemon.blocks.outcome import Outcome, Proceed, respond
from daemon.blocks.pieces import DECISION, FOUND, PIECES, Pieces, numbered
from daemon.blocks.private import PrivatePlaces
from daemon.config import FlowSettings
from daemon.index import Index
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Block,
    Hit,
    PlannedCommand,
    ReplyType,
    SourceName,
)
from daemon.reasoner import (
    AskedAgent,
    ContextPiece,
    DecisionRequest,
    Exchange,
    RanCommand,
    Reasoner,
    Reply,
    introduction,
)
from daemon.reasoner.explain import query
from daemon.sources.databases import DatabaseSources, Route
from daemon.store.clock import now
from daemon.store.flows import StoredFlow
from prompts import Phrase

COMMAND_SIGN = "!"


@dataclass(frozen=True, slots=True)
class Context:
    """What is known before anything is looked up; `about`: the question is why `ran` failed."""

    earlier: tuple[Exchange, ...]
    ran: RanCommand | None
    about: bool


class QuestionBlock:
    """Retrieves, then asks the reasoner once for a decision."""

    def __init__(
        self,
        index: Index,
        databases: DatabaseSources,
        reasoner: Reasoner,
        settings: FlowSettings,
        *,
        places: PrivatePlaces,
        serving: Serving,
    ) -> None:
        self._index = index
        self._serving = serving
        self._databases = databases
        self._reasoner = reasoner
        self._settings = settings
        self._places = places

    async def run(self, stored: StoredFlow, context: Context, journal: Journal) -> Outcome:
        command = direct_command(stored.flow.question)
        if command is not None:
            return Proceed(Block.RESPONSE, ReplyType.TASK, (PlannedCommand("", command),))
        request = await self.request(stored, context, journal)
        reply = await journal.once(
            DECISION,
            Reply,
            lambda: self._reasoner.decide(request),
            cost=lambda reply: (reply.reasoner, reply.usage),
        )
        if reply.notice:
            await journal.notice(reply.notice)
        if not reply.decision.enough:
            return Proceed(Block.SEARCH, reply.decision.type)
        return respond(reply.decision)

    async def request(
        self, stored: StoredFlow, context: Context, journal: Journal
    ) -> DecisionRequest:
        """All that the reasoner is told; the same again when it is asked for again."""
        flow = stored.flow
        agent = None
        if flow.agent is not None:
            agent = await self._serving.of_flow(flow.agent, stored.agent_version)
        ran = context.ran and await asyncio.to_thread(self._places.mark, context.ran)
        routes = [] if context.about else await self._databases.route(flow.question)
        wanted = query(ran) if ran is not None and context.about else flow.question
        found = await journal.once(PIECES, Pieces, lambda: self._pieces(wanted, agent, journal))
        return DecisionRequest(
            question=flow.question,
            language=flow.language,
            pieces=found.pieces,
            earlier=context.earlier,
            given=stored.given,
            cwd=stored.cwd,
            today=now(),
            failed=await journal.recall("failed", RanCommand),
            ran=ran,
            about=context.about,
            databases=_hints(routes),
            routed=bool(routes),
            agent=_asked(agent),
        )

    async def _pieces(self, query: str, agent: Served | None, journal: Journal) -> Pieces:
        """What the search found in earlier rounds first; then the person's documents, or what the
        agent that is asked knows, and nothing of the others.
        """
        owner, model = ("", None) if agent is None else (agent.owner, agent.model)
        k = self._settings.retrieve_k
        hits = await asyncio.to_thread(self._index.search, query, k, owner=owner, model=model)
        if agent is not None and agent.profile is not None and introduction.is_asked(query):
            # “Who are you?” is asked by no word of what the answer stands in.
            said = agent.profile.expertise
            hits += await asyncio.to_thread(self._index.search, said, k, owner=owner, model=model)
            hits = list({(hit.path, hit.place): hit for hit in hits}.values())
        searched = [
            piece for found in await journal.history(FOUND, Pieces) for piece in found.pieces
        ]
        return numbered(searched, map(_piece, hits))


def _asked(agent: Served | None) -> AskedAgent | None:
    if agent is None or agent.profile is None:
        return None
    return AskedAgent(agent.profile, agent.private)


def direct_command(question: str) -> str | None:
    """The command of a question that begins with `!`, whatever the reasoner."""
    if not question.startswith(COMMAND_SIGN):
        return None
    command = question.removeprefix(COMMAND_SIGN)
    if not command.strip():
        raise AlvoError(errors.COMMAND_INVALID, reason=Phrase("reason_empty"))
    return command


def _hints(routes: Sequence[Route]) -> str:
    """Which databases may hold more; a private one is not named to who knows whom."""
    return "\n".join(
        f"{route.database.name}: {', '.join(table.name for table in route.database.tables)}"
        for route in routes
        if not route.database.private
    )


def _piece(hit: Hit) -> ContextPiece:
    return ContextPiece(
        n=0,
        source=SourceName.DOCUMENTS,
        title=hit.title,
        location=f"{hit.path}#{hit.place}" if hit.place else hit.path,
        text=hit.text,
        modified_at=hit.modified_at,
        retrieved_at=None,
        private=hit.private,
        score=hit.score,
        path=hit.path,
    )
