"""What the model adds to a training, where there is one that may: the profile, and questions."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.agents import jobs
from daemon.agents.children import Children
from daemon.agents.naming import agent_owner
from daemon.config import private_directory
from daemon.protocol import codec, errors
from daemon.protocol.agents import AgentProfile
from daemon.protocol.errors import AlvoError
from daemon.reasoner.teaching import TaughtPassage, Teacher, TeachRequest
from daemon.store.agents import StoredAgent, StoredVersion

_ASKED: Final = "asked.jsonl"
_PROFILE: Final = "profile.json"
_SAMPLED: Final = 40
"""Passages that a model asks about: four calls, whatever the size of the data."""
_CHARS: Final = 1_200
_TOGETHER: Final = 10

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Given:
    """Null: not from a model; then the training finds it in the data itself."""

    profile: AgentProfile | None = None
    asked: Path | None = None


class Lessons:
    """Each call is kept as it comes: one that was made is not made again after a crash. Without a
    model, or where it fails, there are none, and the data speaks for itself.
    """

    def __init__(self, teacher: Teacher | None, children: Children) -> None:
        self._teacher = teacher
        self._children = children

    async def give(self, agent: StoredAgent, version: StoredVersion, work: Path) -> Given:
        teacher = self._teacher
        if teacher is None or (agent.config.private and teacher.remote):
            return Given()
        sampled = await self._sample(agent, version)
        try:
            profile = await self._profile(teacher, agent, sampled, work)
            await self._ask(teacher, sampled, work)
        except AlvoError as error:
            if not _is_of_a_model(error):
                raise
            _log.warning("agent %s is trained without a model: %s", agent.user_id, error)
            return Given(_kept_profile(work), _kept(self.file(work)))
        return Given(profile, _kept(self.file(work)))

    @staticmethod
    def file(work: Path) -> Path:
        return work / _ASKED

    async def _sample(self, agent: StoredAgent, version: StoredVersion) -> jobs.Sampled:
        owner = agent_owner(agent.user_id, version.number)
        job = jobs.Sample(owner, _SAMPLED, _CHARS, agent.config.seed)
        return await self._children.run("sample", job, jobs.Sampled)

    async def _profile(
        self, teacher: Teacher, agent: StoredAgent, sampled: jobs.Sampled, work: Path
    ) -> AgentProfile | None:
        known = _kept_profile(work)
        if known is not None or not sampled.passages:
            return known
        request = TeachRequest(
            agent.config.language or sampled.language,
            _taught(sampled.passages[:: max(1, len(sampled.passages) // _TOGETHER)][:_TOGETHER]),
            agent.config.description or "",
        )
        profile, usage = await teacher.write_profile(request)
        _log.info("agent %s: %s wrote its profile, %s", agent.user_id, teacher.name, usage)
        _keep(work / _PROFILE, codec.encode(profile))
        return profile

    async def _ask(self, teacher: Teacher, sampled: jobs.Sampled, work: Path) -> None:
        parts = work / "asked"
        private_directory(parts)
        for first in range(0, len(sampled.passages), _TOGETHER):
            part = parts / f"{first}.jsonl"
            if part.exists():
                continue
            shown = sampled.passages[first : first + _TOGETHER]
            asked, _ = await teacher.ask_passages(TeachRequest(sampled.language, _taught(shown)))
            lines = [
                codec.encode(jobs.AskedPassage(question, shown[n - 1].text))
                for n, questions in sorted(asked.items())
                for question in questions
            ]
            _keep(part, b"".join(line + b"\n" for line in lines))
        whole = b"".join(part.read_bytes() for part in sorted(parts.iterdir()))
        if whole:
            _keep(self.file(work), whole)


def _taught(passages: Sequence[jobs.SampledPassage]) -> tuple[TaughtPassage, ...]:
    return tuple(TaughtPassage(one.heading, one.text[:_CHARS]) for one in passages)


def _kept(file: Path) -> Path | None:
    return file if file.exists() else None


def _kept_profile(work: Path) -> AgentProfile | None:
    file = work / _PROFILE
    return codec.decode(file.read_bytes(), AgentProfile) if file.exists() else None


def _keep(file: Path, content: bytes) -> None:
    """Whole or not at all; the directory is for this user alone."""
    temporary = file.with_name(f".{file.name}")
    temporary.write_bytes(content)
    temporary.replace(file)


def _is_of_a_model(error: AlvoError) -> bool:
    first = errors.REASONER_NO_KEY.code
    return first <= error.type.code < first + 100
