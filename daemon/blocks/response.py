"""The response block: delivers an answer with its citations, or puts a plan before the person."""

from dataclasses import dataclass, replace

import prompts
from daemon.blocks.citations import citations_of, without_unknown_marks
from daemon.blocks.journal import Journal
from daemon.blocks.outcome import Ask, Deliver, Outcome
from daemon.blocks.pieces import SAID, Pieces, Said, last_decision, last_pieces
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Flow,
    InquiryKind,
    ReplyType,
    Usage,
)
from daemon.reasoner import DecisionRequest, Reasoner, Reply
from daemon.store.flows import StoredFlow
from prompts import Phrase


@dataclass(frozen=True, slots=True)
class Written:
    """The answer as it was written, and what the call for it cost."""

    text: str
    usage: Usage


class ResponseBlock:
    """`stream`: whether the answer is written by a call of its own, for people to read along."""

    def __init__(self, reasoner: Reasoner, *, stream: bool) -> None:
        self._reasoner = reasoner
        self._stream = stream

    async def run(
        self, stored: StoredFlow, request: DecisionRequest | None, journal: Journal
    ) -> Outcome:
        """`request`: what the decision was asked with; None where no reasoner was."""
        reply = await last_decision(journal)
        pieces = await last_pieces(journal)
        if stored.flow.type is ReplyType.TASK:
            said = reply.decision.answer if reply is not None else ""
            return self._plan(stored.flow, said, pieces)
        if reply is None or request is None:
            raise ValueError("an answer is written after its decision")
        written = await journal.once(
            "answer",
            Written,
            lambda: self._write(replace(request, pieces=pieces.pieces), reply, journal),
            cost=lambda written: (reply.reasoner, written.usage),
        )
        answer = without_unknown_marks(written.text, pieces.pieces)
        citations = citations_of(answer, pieces.pieces)
        if request.about and request.ran is not None:
            flow = request.ran.flow[:6]
            answer += "\n\n" + prompts.phrase("why_source", stored.flow.language, flow=flow)
        elif not citations:
            answer += "\n\n" + prompts.phrase("no_source", stored.flow.language)
        # What was left out, or who answered instead, belongs to the answer wherever it is read.
        searched = [found.notice for found in await journal.history(SAID, Said)]
        for notice in dict.fromkeys(filter(None, [*searched, reply.notice])):
            answer += "\n\n" + notice
        return Deliver(answer, citations)

    async def _write(self, request: DecisionRequest, reply: Reply, journal: Journal) -> Written:
        """The streamed answer; the decision's own where there is no other."""
        if not self._stream:
            await journal.write(reply.decision.answer)
            return Written(reply.decision.answer, Usage())
        stream = self._reasoner.stream_answer(request, reply.decision)
        async for piece in stream:
            await journal.write(piece)
        if stream.replaced:
            await journal.rewrite(stream.text)
        return Written(stream.text, stream.usage)

    @staticmethod
    def _plan(flow: Flow, said: str, pieces: Pieces) -> Ask:
        if not flow.plan:
            raise AlvoError(errors.COMMAND_INVALID, reason=Phrase("reason_plan_empty"))
        for command in flow.plan:
            if "\0" in command.script:
                raise AlvoError(errors.COMMAND_INVALID, reason=Phrase("reason_nul"))
            if not command.script.strip():
                raise AlvoError(errors.COMMAND_INVALID, reason=Phrase("reason_empty"))
        why = "\n".join(filter(None, [said, *(command.explanation for command in flow.plan)]))
        return Ask(
            InquiryKind.RUN, said, plan=tuple(flow.plan), citations=citations_of(why, pieces.pieces)
        )
