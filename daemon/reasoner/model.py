"""The reasoner that asks a language model."""

from dataclasses import replace

from daemon.models.language_model import LanguageModel, TextStream, added
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    SourceName,
    Usage,
)
from daemon.reasoner import budget, writing
from daemon.reasoner.decision import Decision, Missing, decision_schema, decode_decision
from daemon.reasoner.reasoner import AnswerStream, Reply
from daemon.reasoner.request import DecisionRequest


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

    async def decide(self, request: DecisionRequest) -> Reply:
        fitted = self._fitted(request)
        decision, usage = await self._decided(fitted.request)
        if not decision.enough and not decision.missing:
            # Something must be searched for: the question itself, where it is not said what.
            missing = Missing(information=request.question, source=SourceName.DATABASE)
            decision = replace(decision, missing=(missing,))
        return Reply(decision, usage, self.name, " ".join(fitted.notices) or None)

    def stream_answer(self, request: DecisionRequest, decision: Decision) -> AnswerStream:
        if decision.final or not self._streams:
            return AnswerStream(decision)
        prompt = writing.answer_prompt(self._fitted(request).request, decision)
        stream: TextStream = self._model.stream(prompt)
        return AnswerStream(decision, stream)

    async def close(self) -> None:
        await self._model.close()

    async def _decided(self, request: DecisionRequest) -> tuple[Decision, Usage]:
        prompt = writing.decision_prompt(request)
        first = await self._model.complete(prompt, self._schema)
        try:
            return decode_decision(first.text, self.name), first.usage
        except AlvoError as error:
            prompt = writing.repaired(prompt, first.text, str(error.blanks["reason"]))
        second = await self._model.complete(prompt, self._schema)
        return decode_decision(second.text, self.name), added(first.usage, second.usage)

    def _fitted(self, request: DecisionRequest) -> budget.Fitted:
        return budget.fit(request, self._budget, self.name, remote=self._model.remote)


def is_reasoner_error(error: AlvoError) -> bool:
    """Whether a model is what failed."""
    return errors.REASONER_NO_KEY.code <= error.type.code < errors.REASONER_NO_KEY.code + 100
