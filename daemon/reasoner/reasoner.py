"""What a reasoner is to the blocks: a request goes in, a decision and then the answer come out."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from daemon.models.language_model import TextStream
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Usage
from daemon.reasoner.decision import Decision
from daemon.reasoner.marks import cited
from daemon.reasoner.request import DecisionRequest
from daemon.reasoner.sql_request import SqlReply, SqlRequest


@dataclass(frozen=True, slots=True)
class Reply:
    """`reasoner`: the name of the one that answered. `notice`: what the person should know of how."""

    decision: Decision
    usage: Usage
    reasoner: str
    notice: str | None = None


class AnswerStream:
    """The answer as Markdown, piece by piece; afterwards `text` is the whole of it.

    Where the call that writes it fails half-way, or loses the citations, `replaced` is true: the
    pieces are void and `text` is the decision's own answer. Reading it raises nothing of a model's.
    """

    def __init__(self, decision: Decision, stream: TextStream | None = None) -> None:
        self._decision = decision
        self._stream = stream
        self._pieces = self._read()
        self.text = ""
        self.replaced = False
        self.usage = Usage()
        self.error: AlvoError | None = None

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        return await anext(self._pieces)

    async def aclose(self) -> None:
        """Ends the call behind it."""
        await self._pieces.aclose()

    async def _read(self) -> AsyncGenerator[str]:
        written: list[str] = []
        if self._stream is not None:
            try:
                async with self._stream as stream:
                    async for piece in stream:
                        written.append(piece)
                        yield piece
            except AlvoError as error:
                self.error = error
            self.usage = self._stream.usage
        whole = "".join(written)
        if self.error is None and self._serves(whole):
            self.text = whole
            return
        self.text = self._decision.answer
        self.replaced = bool(written)
        if not self.replaced:
            yield self.text

    def _serves(self, text: str) -> bool:
        return bool(text.strip()) and (not cited(self._decision.answer) or bool(cited(text)))


class Reasoner(Protocol):
    """Decides what to do with a question. Raises nothing but `AlvoError` REASONER_*."""

    @property
    def name(self) -> str: ...

    async def decide(self, request: DecisionRequest) -> Reply:
        """Question or task, enough or not, the answer or the plan, or what is missing."""

    def stream_answer(self, request: DecisionRequest, decision: Decision) -> AnswerStream:
        """The answer of a decision that is enough, as it is written."""

    async def write_sql(self, request: SqlRequest) -> SqlReply:
        """One SELECT for one of the databases, or none where it cannot be said in SQL."""

    async def close(self) -> None: ...
