"""The response block: delivers an answer with its citations, or puts a plan before the person."""

import prompts
from daemon.blocks.citations import cited, without_unknown_marks
from daemon.blocks.journal import Journal
from daemon.blocks.outcome import Ask, Deliver, Outcome
from daemon.blocks.question import Pieces
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Flow, InquiryKind, ReplyType
from daemon.reasoner.decision import DecisionRequest, Reply
from daemon.reasoner.reasoner import Reasoner
from daemon.store.flows import StoredFlow


class ResponseBlock:
    """`stream`: whether the answer is written by a call of its own, for people to read along."""

    def __init__(self, reasoner: Reasoner, *, stream: bool) -> None:
        self._reasoner = reasoner
        self._stream = stream

    async def run(
        self, stored: StoredFlow, request: DecisionRequest | None, journal: Journal
    ) -> Outcome:
        """`request`: what the decision was asked with; None where no reasoner was."""
        reply = await journal.recall("decide", Reply)
        pieces = await journal.recall("pieces", Pieces) or Pieces()
        if stored.flow.type is ReplyType.TASK:
            said = reply.decision.answer if reply is not None else ""
            return self._plan(stored.flow, said, pieces)
        if reply is None or request is None:
            raise AlvoError(errors.FLOW_CONFLICT, flow=stored.flow.id)
        written = await journal.once("answer", str, lambda: self._write(request, reply, journal))
        answer = without_unknown_marks(written, pieces.pieces)
        citations = cited(answer, pieces.pieces)
        if not citations:
            answer += "\n\n" + prompts.phrase("no_source", stored.flow.language)
        return Deliver(answer, citations)

    async def _write(self, request: DecisionRequest, reply: Reply, journal: Journal) -> str:
        """The streamed answer; the decision's own where there is no other."""
        if not self._stream:
            await journal.write(reply.decision.answer)
            return reply.decision.answer
        stream = self._reasoner.stream_answer(request, reply.decision)
        written = list[str]()
        async for piece in stream:
            written.append(piece)
            await journal.write(piece)
        return "".join(written) or reply.decision.answer

    @staticmethod
    def _plan(flow: Flow, said: str, pieces: Pieces) -> Ask:
        if not flow.plan:
            raise AlvoError(errors.COMMAND_INVALID, reason="the plan is empty")
        for command in flow.plan:
            if "\0" in command.script:
                raise AlvoError(errors.COMMAND_INVALID, reason="it holds a NUL character")
            if not command.script.strip():
                raise AlvoError(errors.COMMAND_INVALID, reason="it is empty")
        why = "\n".join(filter(None, [said, *(command.explanation for command in flow.plan)]))
        return Ask(
            InquiryKind.RUN, said, plan=tuple(flow.plan), citations=cited(why, pieces.pieces)
        )
