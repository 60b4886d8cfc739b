"""The question block: what is known about it, what kind it is, whether that is enough."""

import asyncio
from dataclasses import dataclass, replace

from daemon.blocks.journal import Journal
from daemon.blocks.outcome import Outcome, Proceed
from daemon.config import FlowSettings
from daemon.index import Index
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Block,
    Flow,
    Hit,
    PlannedCommand,
    ReplyType,
    SourceName,
)
from daemon.reasoner import (
    ContextPiece,
    Decision,
    DecisionRequest,
    Exchange,
    FailedCommand,
    Reasoner,
    Reply,
)
from daemon.store.clock import now
from daemon.store.flows import StoredFlow

COMMAND_SIGN = "!"


@dataclass(frozen=True, slots=True)
class Pieces:
    """The numbered context of one round: what `[n]` counts."""

    pieces: tuple[ContextPiece, ...] = ()


class QuestionBlock:
    """Retrieves, then asks the reasoner once for a decision."""

    def __init__(self, index: Index, reasoner: Reasoner, settings: FlowSettings) -> None:
        self._index = index
        self._reasoner = reasoner
        self._settings = settings

    async def run(
        self, stored: StoredFlow, earlier: tuple[Exchange, ...], journal: Journal
    ) -> Outcome:
        command = direct_command(stored.flow.question)
        if command is not None:
            return Proceed(Block.RESPONSE, ReplyType.TASK, (PlannedCommand("", command),))
        request = await self.request(stored, earlier, journal)
        reply = await journal.once(
            "decide",
            Reply,
            lambda: self._reasoner.decide(request),
            cost=lambda reply: (reply.reasoner, reply.usage),
        )
        if reply.notice:
            await journal.notice(reply.notice)
        return _next(reply.decision)

    async def request(
        self, stored: StoredFlow, earlier: tuple[Exchange, ...], journal: Journal
    ) -> DecisionRequest:
        """All that the reasoner is told; the same again when it is asked for again."""
        flow = stored.flow
        found = await journal.once("pieces", Pieces, lambda: self._pieces(flow, journal))
        return DecisionRequest(
            question=flow.question,
            language=flow.language,
            pieces=found.pieces,
            earlier=earlier,
            given=stored.given,
            cwd=stored.cwd,
            today=now(),
            failed=await journal.recall("failed", FailedCommand),
        )

    async def _pieces(self, flow: Flow, journal: Journal) -> Pieces:
        """What the search found in earlier rounds first, then the person's documents."""
        hits = await asyncio.to_thread(
            self._index.search, flow.question, self._settings.retrieve_k, owner=flow.agent or ""
        )
        searched = [
            piece for found in await journal.history("found", Pieces) for piece in found.pieces
        ]
        pieces = [*searched, *(_piece(hit) for hit in hits)]
        return Pieces(tuple(replace(piece, n=n) for n, piece in enumerate(pieces, start=1)))


def direct_command(question: str) -> str | None:
    """The command of a question that begins with `!`, whatever the reasoner."""
    if not question.startswith(COMMAND_SIGN):
        return None
    command = question.removeprefix(COMMAND_SIGN)
    if not command.strip():
        raise AlvoError(errors.COMMAND_INVALID, reason="it is empty")
    return command


def _next(decision: Decision) -> Outcome:
    if not decision.enough:
        return Proceed(Block.SEARCH, decision.type)
    plan = tuple(PlannedCommand(item.explanation, item.script) for item in decision.plan)
    return Proceed(Block.RESPONSE, decision.type, plan)


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
