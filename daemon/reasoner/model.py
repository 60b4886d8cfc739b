"""The reasoner that asks a language model."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from daemon.models.language_model import (
    Completion,
    LanguageModel,
    Prompt,
    TextStream,
    added,
)
from daemon.protocol import errors
from daemon.protocol.agents import AgentProfile
from daemon.protocol.databases import DatabaseDescription
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import SourceName, Usage
from daemon.reasoner import budget, describing, sql_writing, teaching, writing
from daemon.reasoner.decision import Decision, Missing, decision_schema, decode_decision
from daemon.reasoner.describing import DescribeReply, DescribeRequest
from daemon.reasoner.marks import cited
from daemon.reasoner.reasoner import AnswerStream, Reply
from daemon.reasoner.request import DecisionRequest
from daemon.reasoner.sql_reply import decode_sql, sql_schema
from daemon.reasoner.sql_request import SqlReply, SqlRequest
from daemon.reasoner.teaching import TeachRequest

T = TypeVar("T")


class ModelReasoner:
    """Decisions by structured output, one repair of an invalid one; the answer by a second call."""

    def __init__(self, model: LanguageModel, budget_chars: int, *, stream: bool) -> None:
        self._model = model
        self._budget = budget_chars
        self._streams = stream
        self._schema = decision_schema()

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def remote(self) -> bool:
        return self._model.remote

    async def decide(self, request: DecisionRequest) -> Reply:
        fitted = self._fitted(request)
        decision, usage = await self._decided(fitted.request)
        if not decision.enough and not decision.missing:
            # Something must be searched for: the question itself, where it is not said what.
            missing = Missing(information=request.question, source=SourceName.DATABASE)
            decision = replace(decision, missing=(missing,))
        return Reply(decision, usage, self.name, " ".join(fitted.notices) or None)

    def stream_answer(self, request: DecisionRequest, decision: Decision) -> AnswerStream:
        if decision.final or not self._streams or self._may_not_see(request, decision):
            return AnswerStream(decision)
        prompt = writing.answer_prompt(self._fitted(request).request, decision)
        stream: TextStream = self._model.stream(prompt)
        return AnswerStream(decision, stream)

    async def write_sql(self, request: SqlRequest) -> SqlReply:
        fitted = sql_writing.fit(request, self._budget, self.name, remote=self._model.remote)
        notice = " ".join(fitted.notices) or None
        if not fitted.request.databases:
            return SqlReply("", "", Usage(), self.name, notice)
        names = [database.name for database in fitted.request.databases]
        (database, sql), usage = await self._completed(
            sql_writing.sql_prompt(fitted.request),
            sql_schema(),
            lambda text: decode_sql(text, names, self.name),
            again=errors.REASONER_CUT_OFF,
        )
        return SqlReply(database, sql, usage, self.name, notice)

    def may_see(self, database: DatabaseDescription) -> bool:
        return not (database.private and self._model.remote)

    async def describe(self, request: DescribeRequest) -> DescribeReply:
        if not self.may_see(request.database):
            return DescribeReply(0, {})
        fitted = describing.fitted(request, self._budget)
        asked = len(fitted.database.tables)
        # Of the tables as they are called, and not as they are shown.
        tables = request.database.tables[:asked]
        texts, usage = await self._completed(
            describing.describe_prompt(fitted),
            describing.describe_schema(),
            lambda text: describing.decode_texts(text, tables, self.name),
        )
        return DescribeReply(asked, texts, usage)

    async def write_profile(self, request: TeachRequest) -> tuple[AgentProfile, Usage]:
        return await self._completed(
            teaching.profile_prompt(request),
            teaching.profile_schema(),
            lambda text: teaching.decode_profile(text, self.name),
        )

    async def ask_passages(self, request: TeachRequest) -> tuple[Mapping[int, list[str]], Usage]:
        return await self._completed(
            teaching.questions_prompt(request),
            teaching.questions_schema(),
            lambda text: teaching.decode_questions(text, len(request.passages), self.name),
        )

    async def close(self) -> None:
        await self._model.close()

    async def _decided(self, request: DecisionRequest) -> tuple[Decision, Usage]:
        return await self._completed(
            writing.decision_prompt(request),
            self._schema,
            lambda text: decode_decision(text, self.name),
        )

    async def _completed(
        self,
        prompt: Prompt,
        schema: Mapping[str, Any],
        decode: Callable[[str], T],
        again: errors.ErrorType | None = None,
    ) -> tuple[T, Usage]:
        """The decoded reply; one that cannot be used is asked for once more, with what was wrong.

        `again`: an error that counts as such a reply.
        """
        first = await self._tried(prompt, schema, again)
        try:
            return decode(first.text), first.usage
        except AlvoError as error:
            prompt = writing.repaired(prompt, first.text, str(error.blanks["reason"]))
        second = await self._model.complete(prompt, schema)
        return decode(second.text), added(first.usage, second.usage)

    async def _tried(
        self, prompt: Prompt, schema: Mapping[str, Any], again: errors.ErrorType | None
    ) -> Completion:
        try:
            return await self._model.complete(prompt, schema)
        except AlvoError as error:
            if error.type is not again:
                raise
            return Completion("", Usage(calls=1))

    def _may_not_see(self, request: DecisionRequest, decision: Decision) -> bool:
        """A draft that cites what is private was made elsewhere, before the models were changed."""
        private = {piece.n for piece in request.pieces if piece.private}
        return self._model.remote and not private.isdisjoint(cited(decision.answer))

    def _fitted(self, request: DecisionRequest) -> budget.Fitted:
        return budget.fit(request, self._budget, self.name, remote=self._model.remote)


def is_reasoner_error(error: AlvoError) -> bool:
    """Whether a model is what failed."""
    return errors.REASONER_NO_KEY.code <= error.type.code < errors.REASONER_NO_KEY.code + 100
