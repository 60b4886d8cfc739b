"""Which reasoner answers: chosen by the configuration, with the offline one beside every model."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import prompts
from daemon.config import Config, Paths
from daemon.models.choice import choose_model
from daemon.protocol.errors import AlvoError
from daemon.reasoner.decision import Decision
from daemon.reasoner.describing import Describer
from daemon.reasoner.model import ModelReasoner, is_reasoner_error
from daemon.reasoner.reasoner import AnswerStream, Reasoner, Reply
from daemon.reasoner.request import DecisionRequest
from daemon.reasoner.sql_request import SqlReply, SqlRequest
from daemon.reasoner.teaching import Teacher

FALLBACK: Final = "offline"


def make_reasoner(config: Config, paths: Paths, environ: Mapping[str, str]) -> Reasoner:
    """`auto`: Gemini when there is a key, else offline. `CONFIG_INVALID` as `choose_model` says."""
    settings = config.reasoner
    offline = LateOffline(paths.cache_dir)
    model = choose_model(settings, paths, environ)
    if model is None:
        return offline
    asked = ModelReasoner(model, settings.prompt_budget_chars, stream=settings.stream)
    return BackedReasoner(asked, offline, falls_back=settings.fallback == FALLBACK)


def describer_of(reasoner: Reasoner) -> Describer | None:
    """What describes tables: the model. The offline reasoner would only repeat their names."""
    return reasoner.model if isinstance(reasoner, BackedReasoner) else None


def teacher_of(reasoner: Reasoner) -> Teacher | None:
    """What helps to train agents: the model. Without one their data has to say it all."""
    return reasoner.model if isinstance(reasoner, BackedReasoner) else None


class LateOffline:
    """The offline reasoner, loaded at its first question: most starts need none of it at once."""

    name = "offline"

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._reasoner: Reasoner | None = None

    async def decide(self, request: DecisionRequest) -> Reply:
        return await self._loaded().decide(request)

    def stream_answer(self, request: DecisionRequest, decision: Decision) -> AnswerStream:  # noqa: ARG002
        return AnswerStream(decision)

    async def write_sql(self, request: SqlRequest) -> SqlReply:
        return await self._loaded().write_sql(request)

    async def close(self) -> None:
        """Nothing is open."""

    def _loaded(self) -> Reasoner:
        if self._reasoner is None:
            from daemon.reasoner.offline import OfflineReasoner

            self._reasoner = OfflineReasoner(self._cache_dir)
        return self._reasoner


class BackedReasoner:
    """A model, and the offline reasoner for what the model cannot do or may not see."""

    def __init__(self, model: ModelReasoner, offline: Reasoner, *, falls_back: bool) -> None:
        self.model = model
        self._offline = offline
        self._falls_back = falls_back

    @property
    def name(self) -> str:
        return self.model.name

    async def decide(self, request: DecisionRequest) -> Reply:
        about = request.ran if request.about else None
        if about is not None and about.private and self.model.remote:
            own = await self._offline.decide(request)
            return replace(own, notice=self._stood_in(request))
        try:
            reply = await self.model.decide(request)
        except AlvoError as error:
            if not (self._falls_back and is_reasoner_error(error)):
                raise
            return await self._instead(request, error)
        if not reply.decision.enough and any(piece.private for piece in request.pieces):
            return await self._with_private(request, reply)
        return reply

    def stream_answer(self, request: DecisionRequest, decision: Decision) -> AnswerStream:
        return self.model.stream_answer(request, decision)

    async def write_sql(self, request: SqlRequest) -> SqlReply:
        try:
            reply = await self.model.write_sql(request)
        except AlvoError as error:
            if not (self._falls_back and is_reasoner_error(error)):
                raise
            notice = _fell_back(request.language, error)
            return replace(await self._offline.write_sql(request), notice=notice)
        private = tuple(database for database in request.databases if database.private)
        if reply.sql or not private:
            return reply
        own = await self._offline.write_sql(replace(request, databases=private))
        if not own.sql:
            return reply
        notice = prompts.phrase("sql_private_offline", request.language, reasoner=self.name)
        return replace(own, usage=reply.usage, notice=notice)

    async def close(self) -> None:
        await self.model.close()
        await self._offline.close()

    async def _instead(self, request: DecisionRequest, error: AlvoError) -> Reply:
        notice = _fell_back(request.language, error)
        return replace(await self._offline.decide(request), notice=notice)

    async def _with_private(self, request: DecisionRequest, reply: Reply) -> Reply:
        private = await self._offline.decide(request)
        if not private.decision.enough:
            return reply
        return replace(private, usage=reply.usage, notice=self._stood_in(request))

    def _stood_in(self, request: DecisionRequest) -> str:
        name = self.model.name
        return prompts.phrase("reasoner_private_offline", request.language, reasoner=name)


def _fell_back(language: str, error: AlvoError) -> str:
    why, _ = prompts.sentence(error.type.name, language, **error.blanks)
    return prompts.phrase("reasoner_fell_back", language, reason=why)
