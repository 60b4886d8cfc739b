"""What each of the four stages does, and what it gives to be kept."""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, assert_never

from daemon.agents import jobs
from daemon.agents.children import Children, Tell
from daemon.agents.naming import agent_owner
from daemon.agents.places import Places
from daemon.agents.records import Records
from daemon.agents.teaching import Lessons
from daemon.protocol.agents import AgentStage
from daemon.store import Database
from daemon.store.agents import (
    StoredAgent,
    StoredVersion,
    change_version,
    deploy,
    find_version,
    materials_of,
    refuse,
)

UNTRAINED: Final = "untrained"
Keep = Callable[[Database], object]
"""What goes into the transaction that ends a stage."""


@dataclass(frozen=True, slots=True)
class Stages:
    """`run` does the work; what it gives back is kept with the end of the stage, or not at all."""

    records: Records
    children: Children
    places: Places
    lessons: Lessons

    async def run(
        self, stage: AgentStage, agent: StoredAgent, version: StoredVersion, tell: Tell
    ) -> Keep:
        match stage:
            case AgentStage.DATA_PROCESSOR:
                return await self._process(agent, version, tell)
            case AgentStage.MODEL_TRAINER:
                return await self._learn(agent, version, tell)
            case AgentStage.MODEL_EVALUATOR:
                return await self._judge(agent, version, tell)
            case AgentStage.MODEL_DEPLOYER:
                return lambda db: settle(db, agent, version)
            case unknown:
                assert_never(unknown)

    async def _process(self, agent: StoredAgent, version: StoredVersion, tell: Tell) -> Keep:
        extracted = self._extracted(version)
        if not extracted.exists():
            materials = await self.records.read(
                lambda db: materials_of(db, agent.user_id, version.materials)
            )
            files = [self.places.material(agent.user_id, one.file) for one in materials]
            # Of its own: a child that a crash left behind may still write to the one before.
            begun = extracted.with_name(f"{extracted.name}.{os.urandom(4).hex()}")
            await self.children.extract(files, begun, tell)
            begun.replace(extracted)
        done = await self.children.run(
            "process",
            jobs.Process(
                owner=agent_owner(agent.user_id, version.number),
                name=agent.user_id,
                extracted=str(extracted),
                language=agent.config.language,
                private=agent.config.private,
            ),
            jobs.Processed,
            tell,
        )
        changes: dict[str, Any] = {
            "documents": done.documents,
            "passages": done.passages,
            "languages": done.languages,
        }
        return lambda db: change_version(db, agent.user_id, version.number, **changes)

    async def _learn(self, agent: StoredAgent, version: StoredVersion, tell: Tell) -> Keep:
        if version.given:
            return lambda _: None
        lessons = await self.lessons.give(agent, version, self._work(version))
        job = jobs.Learn(
            owner=agent_owner(agent.user_id, version.number),
            private=agent.config.private,
            extracted=str(self._extracted(version)),
            asked=None if lessons.asked is None else str(lessons.asked),
            seed=agent.config.seed,
            language=agent.config.language,
            description=agent.config.description,
            profile=lessons.profile is None,
        )
        learned = await self.children.run("learn", job, jobs.Learned, tell)
        changes: dict[str, Any] = {
            "model": base64.b64decode(learned.model) if learned.model else None,
            "chosen": learned.chosen,
            "profile": lessons.profile or learned.profile,
        }
        return lambda db: change_version(db, agent.user_id, version.number, **changes)

    async def _judge(self, agent: StoredAgent, version: StoredVersion, tell: Tell) -> Keep:
        if version.given:
            return lambda _: None
        rival = None
        if agent.version is not None:
            number = agent.version
            serves = await self.records.read(lambda db: find_version(db, agent.user_id, number))
            if serves is not None:
                rival = _text(serves.model)
        asked = self.lessons.file(self._work(version))
        job = jobs.Judge(
            owner=agent_owner(agent.user_id, version.number),
            private=agent.config.private,
            extracted=str(self._extracted(version)),
            asked=str(asked) if asked.exists() else None,
            seed=agent.config.seed,
            model=_text(version.model),
            in_service=rival,
            written_in=agent.config.language or next(iter(version.languages), "en"),
        )
        judged = await self.children.run("judge", job, jobs.Judged, tell)
        changes: dict[str, Any] = {"report": judged.report}
        if judged.report is None or not judged.report.helps:
            # What nobody can judge, or what helps nothing, is not relied on.
            changes |= {"model": None, "chosen": UNTRAINED}
        return lambda db: change_version(db, agent.user_id, version.number, **changes)

    def _work(self, version: StoredVersion) -> Path:
        return self.places.work(version.user_id, version.number)

    def _extracted(self, version: StoredVersion) -> Path:
        return self._work(version) / "extracted.jsonl"


def settle(db: Database, agent: StoredAgent, version: StoredVersion) -> None:
    """The gate's verdict, carried out: a version that is worse does not answer. A first one answers
    without what it learned.
    """
    refused = version.report is not None and not version.report.deployed and not version.given
    if refused and agent.version is not None:
        refuse(db, agent.user_id, version.number)
        return
    if refused:
        change_version(db, agent.user_id, version.number, model=None, chosen=UNTRAINED)
    deploy(db, agent.user_id, version.number)


def _text(model: bytes | None) -> str:
    return base64.b64encode(model or b"").decode()
