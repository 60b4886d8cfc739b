"""The search block: gets what is missing, source by source, and says whether that is enough."""

from dataclasses import dataclass, replace
from typing import Final

import prompts
from daemon.blocks.databases import DatabaseSearch, is_answered
from daemon.blocks.internet import InternetSearch
from daemon.blocks.journal import Journal
from daemon.blocks.outcome import Ask, Outcome, Proceed, respond
from daemon.blocks.person import PersonReply, PersonSearch
from daemon.blocks.pieces import CONTEXT, DECISION, FOUND, VERDICT, Pieces, numbered, ready
from daemon.config import FlowSettings
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Block, Flow, InquiryKind, SourceName
from daemon.reasoner import AskedAgent, ContextPiece, DecisionRequest, Missing, Reasoner, Reply
from prompts import Phrase

SEARCH_AGAIN: Final = "search_again"
_FIRST: Final = "first"
_AGAIN: Final = "again"


@dataclass(frozen=True, slots=True)
class _Gathered:
    """`gained`: whether there is anything that the decision did not know of."""

    pieces: tuple[ContextPiece, ...]

    @property
    def gained(self) -> bool:
        return bool(self.pieces)


class SearchBlock:
    """Databases, then the person, then the internet; then: enough, or once more?"""

    def __init__(
        self,
        databases: DatabaseSearch,
        person: PersonSearch,
        internet: InternetSearch,
        reasoner: Reasoner,
        settings: FlowSettings,
    ) -> None:
        self._databases = databases
        self._person = person
        self._internet = internet
        self._reasoner = reasoner
        self._settings = settings

    async def run(self, flow: Flow, request: DecisionRequest, journal: Journal) -> Outcome:
        """`request`: what the decision of this round was asked with."""
        first = await journal.recall(DECISION, Reply)
        missing = missing_of(first, flow)
        deferred = first is not None and first.decision.deferred
        agent = request.agent
        found = await self._gather(flow, missing, _FIRST, journal, agent, deferred=deferred)
        if isinstance(found, Ask):
            return found
        verdict = first
        if found.gained or deferred:
            verdict = await self._verdict(request, found, journal)
            if verdict.decision.enough:
                return respond(verdict.decision)
        missing = missing_of(verdict, flow)
        if flow.rounds >= self._settings.max_rounds:
            raise insufficient(missing, flow.agent)
        if await journal.recall(SEARCH_AGAIN, PersonReply) is None:
            text = prompts.phrase("search_again", flow.language, missing=_list(missing))
            return Ask(InquiryKind.SEARCH_AGAIN, text, step=SEARCH_AGAIN)
        return await self._once_more(flow, missing, found, journal, agent)

    async def _once_more(
        self,
        flow: Flow,
        missing: tuple[Missing, ...],
        found: _Gathered,
        journal: Journal,
        agent: AskedAgent | None,
    ) -> Outcome:
        """The yes searches once more; then the question is asked anew with all that was found."""
        # What the person was asked in this round they are not asked twice.
        first = missing_of(await journal.recall(DECISION, Reply), flow)
        asked = {piece.question or piece.information for piece in first}
        open_ = tuple(
            piece
            for piece in missing
            if piece.source is not SourceName.USER
            or (piece.question or piece.information) not in asked
        )
        more = await self._gather(flow, open_, _AGAIN, journal, agent)
        if isinstance(more, Ask):
            return more
        every = Pieces((*found.pieces, *more.pieces))
        await journal.once(FOUND, Pieces, lambda: ready(every))
        return Proceed(Block.QUESTION, next_round=True)

    async def _verdict(self, request: DecisionRequest, found: _Gathered, journal: Journal) -> Reply:
        """Asks the reasoner again, now with what was found beside what it had."""
        context = numbered(request.pieces, found.pieces)
        await journal.once(CONTEXT, Pieces, lambda: ready(context))
        fuller = replace(request, pieces=context.pieces, found=_told(found.pieces))
        verdict = await journal.once(
            VERDICT,
            Reply,
            lambda: self._reasoner.decide(fuller),
            cost=lambda reply: (reply.reasoner, reply.usage),
        )
        if verdict.notice:
            await journal.notice(verdict.notice)
        return verdict

    async def _gather(
        self,
        flow: Flow,
        missing: tuple[Missing, ...],
        tag: str,
        journal: Journal,
        agent: AskedAgent | None,
        *,
        deferred: bool = False,
    ) -> _Gathered | Ask:
        """In the order of the sources; what one has answered the next is not asked for."""
        open_ = list(enumerate(missing))
        rows = await self._databases.look(flow, open_, tag, journal, agent)
        open_ = [(n, piece) for n, piece in open_ if not is_answered(rows.get(n, ()))]
        said = await self._person.look(flow, open_, tag, journal)
        if isinstance(said, Ask):
            return said
        open_ = [(n, piece) for n, piece in open_ if n not in said]
        if deferred:
            # The documents may answer it yet: nobody is asked for a page before that is known.
            open_ = []
        read = await self._internet.look(flow, open_, tag, journal)
        if isinstance(read, Ask):
            return read
        groups = (*rows.values(), *said.values(), read)
        return _Gathered(tuple(piece for group in groups for piece in group))


def _told(pieces: tuple[ContextPiece, ...]) -> str:
    """What the search brought, for a reasoner that is asked again."""
    found = [f"{piece.source}: {piece.location}" for piece in pieces if not piece.private]
    return "\n".join(found) or "The databases were searched."


def missing_of(reply: Reply | None, flow: Flow) -> tuple[Missing, ...]:
    """The pieces that are missing; the question itself where it was not said what."""
    if reply is not None and reply.decision.missing:
        return reply.decision.missing
    return (Missing(information=flow.question, source=SourceName.DATABASE),)


def insufficient(missing: tuple[Missing, ...], agent: str | None) -> AlvoError:
    """What is still not known, in the error that says so. An agent reads nothing but its own data."""
    add = Phrase("add_to_agent", agent=agent) if agent else Phrase("add_to_sources")
    return AlvoError(errors.INSUFFICIENT_INFORMATION, missing=_list(missing), add=add)


def _list(missing: tuple[Missing, ...]) -> str:
    return "; ".join(piece.information for piece in missing if piece.information) or "…"
