"""What the methods `agent.*` do with agents; asking one is a flow's business."""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from daemon.agents import spooling
from daemon.agents.children import ChildEnded
from daemon.agents.leftovers import Leftovers
from daemon.agents.moving import Moving
from daemon.agents.naming import agent_owner, checked
from daemon.agents.pipeline import Pipeline
from daemon.agents.places import Places
from daemon.agents.records import Records
from daemon.agents.serving import Serving
from daemon.agents.spooling import GivenFile
from daemon.config import AgentSettings
from daemon.protocol import errors
from daemon.protocol.agents import (
    AddToAgent,
    Agent,
    AgentConfig,
    AgentDeleted,
    AgentDetails,
    AgentExported,
    AgentStatus,
    AgentVersion,
    CreateAgent,
    ExportAgent,
    ImportAgent,
    RollBackAgent,
    StageStatus,
    UserId,
)
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Json
from daemon.store import Database
from daemon.store.agents import (
    StoredAgent,
    StoredVersion,
    add_material,
    begin_version,
    create_agent,
    delete_agent,
    find_agent,
    find_version,
    list_agents,
    load_agent,
    materials_of,
    note_leftovers,
    roll_back,
    stages_of,
    versions_of,
)
from prompts import Phrase

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)

_REMOVED_S: Final = 15.0
"""How long a delete waits for the index; what is left then is removed later."""
_MAX_DESCRIPTION: Final = 2000
_MAX_NAME: Final = 255


class Agents:
    """Owns the agents: every change of one goes through here, and then through the store's door."""

    def __init__(
        self,
        records: Records,
        pipeline: Pipeline,
        *,
        leftovers: Leftovers,
        places: Places,
        serving: Serving,
        moving: Moving,
        settings: AgentSettings,
    ) -> None:
        self._records = records
        self._pipeline = pipeline
        self._leftovers = leftovers
        self._places = places
        self.serving = serving
        self._moving = moving
        self._settings = settings

    async def create(self, given: CreateAgent) -> str:
        """Gives the name; raises AGENT_EXISTS, AGENT_NAME_INVALID, AGENT_DATA_*."""
        user_id = checked(given.user_id)
        config = _checked_config(given.config or AgentConfig())
        files = _given_files("agent.create", given)
        async with self._places.changing[user_id]:
            if await self._records.read(lambda db: find_agent(db, user_id)) is not None:
                raise AlvoError(errors.AGENT_EXISTS, agent=user_id)
            file, measured = await self._spooled(user_id, user_id, given.training_data, files)

            def create(db: Database) -> None:
                create_agent(db, user_id, config)
                id_ = add_material(db, user_id, file, measured.documents, measured.size_bytes)
                begin_version(db, user_id, [id_])

            await self._begun(user_id, file, create)
        self._say("created", user_id, documents=measured.documents, bytes=measured.size_bytes)
        return user_id

    async def add(self, given: AddToAgent) -> int:
        """Gives the number of the version to come; raises AGENT_NOT_FOUND, AGENT_TRAINING,
        AGENT_DATA_*.
        """
        user_id = checked(given.user_id)
        async with self._places.changing[user_id]:
            number, measured = await self._added(user_id, given)
        self._say("grows", user_id, version=number, documents=measured.documents)
        return number

    async def _added(self, user_id: UserId, given: AddToAgent) -> tuple[int, spooling.Measured]:
        files = _given_files("agent.add", given)
        agent = await self._records.read(lambda db: load_agent(db, user_id))
        if agent.training is not None:
            raise AlvoError(errors.AGENT_TRAINING, agent=user_id, version=agent.training)
        # No document of a list is called so.
        called = f"{user_id}/v{agent.last_version + 1}"
        file, measured = await self._spooled(user_id, called, given.training_data, files)

        def add(db: Database) -> int:
            serves = load_agent(db, user_id).version
            version = None if serves is None else find_version(db, user_id, serves)
            id_ = add_material(db, user_id, file, measured.documents, measured.size_bytes)
            return begin_version(db, user_id, [*(version.materials if version else ()), id_])

        return await self._begun(user_id, file, add), measured

    async def status(self, user_id: str) -> Agent:
        return self._told(await self._records.read(lambda db: _shown(db, load_agent(db, user_id))))

    async def listed(self) -> list[Agent]:
        agents = await self._records.read(lambda db: [_shown(db, one) for one in list_agents(db)])
        return [self._told(one) for one in agents]

    async def details(self, user_id: str) -> AgentDetails:
        def details(db: Database) -> AgentDetails:
            agent = load_agent(db, user_id)
            version = _foremost(db, agent)
            profile = None if version is None else version.profile
            return AgentDetails(_shown(db, agent), profile, _versions(db, agent))

        found = await self._records.read(details)
        return replace(found, agent=self._told(found.agent))

    async def versions(self, user_id: str) -> list[AgentVersion]:
        return await self._records.read(lambda db: _versions(db, load_agent(db, user_id)))

    async def roll_back(self, given: RollBackAgent) -> Agent:
        def back(db: Database) -> Agent:
            return _shown(db, roll_back(db, load_agent(db, given.user_id).user_id, given.version))

        agent = await self._records.record(back)
        self._say("rolled back", agent.user_id, version=agent.version)
        return agent

    async def export(self, given: ExportAgent) -> AgentExported:
        return await self._moving.export(given)

    async def take_in(self, given: ImportAgent) -> Agent:
        user_id = await self._moving.take_in(given)
        self._pipeline.want(user_id)
        return await self.status(user_id)

    async def delete(self, user_id: str) -> AgentDeleted:
        """All but its flows, which are the engine's to remove. Raises AGENT_NOT_FOUND."""
        agent = await self._records.read(lambda db: load_agent(db, user_id))
        name = agent.user_id

        def delete(db: Database) -> tuple[list[StoredVersion], int]:
            there = versions_of(db, name)
            numbers = range(1, load_agent(db, name).last_version + 1)
            note_leftovers(db, [agent_owner(name, number) for number in numbers])
            documents = sum(one.documents for one in materials_of(db, name))
            delete_agent(db, name)
            return there, documents

        async with self._places.changing[name]:
            await self._pipeline.forget(name)
            try:
                versions, documents = await self._records.record(delete)
            except AlvoError as error:
                if error.type is not errors.AGENT_NOT_FOUND:
                    # It stays, and so does what it was learning.
                    self._pipeline.want(name)
                raise
            removed = await asyncio.to_thread(self._places.remove, name)
        passages = sum(version.passages for version in versions)
        try:
            async with asyncio.timeout(_REMOVED_S):
                await self._records.write_through()
                await self._leftovers.remove()
        except (TimeoutError, AlvoError, ChildEnded) as error:
            _log.info("the passages of agent %s are removed later: %s", name, error)
        self._say("deleted", name, versions=len(versions), passages=passages)
        return AgentDeleted(
            user_id=name,
            versions=len(versions),
            documents=documents,
            passages=passages,
            flows=0,
            files=removed.files,
            size_bytes=removed.size_bytes,
        )

    def _told(self, agent: Agent) -> Agent:
        """With what its training waits for."""
        held_up = self._pipeline.held_up(agent.user_id)
        if held_up is None or agent.training is None:
            return agent
        return replace(agent, error=held_up)

    async def _spooled(
        self,
        user_id: UserId,
        called: str,
        training_data: str | list[str | Json] | None,
        files: list[GivenFile],
    ) -> tuple[str, spooling.Measured]:
        file = f"data-{os.urandom(6).hex()}.jsonl"
        target = self._places.material(user_id, file)
        spooled = await asyncio.to_thread(
            spooling.spool, target, called, training_data, files, self._settings.max_bytes
        )
        return file, spooled

    async def _begun(self, user_id: UserId, file: str, work: Callable[[Database], T]) -> T:
        try:
            done = await self._records.record(work)
        except AlvoError:
            # Somebody else was quicker, or the store is full: this data belongs to nobody.
            await asyncio.to_thread(self._places.remove_files, user_id, [file])
            raise
        self._pipeline.want(user_id)
        return done

    @staticmethod
    def _say(what: str, user_id: str, **fields: Any) -> None:
        _log.info("agent %s", what, extra={"fields": {"agent": user_id, **fields}})


def _given_files(method: str, given: CreateAgent | AddToAgent) -> list[GivenFile]:
    """Each file with what it is called; without names, by its path."""
    names = given.names or given.files
    called = [name for name in given.names if name]
    fits = len(names) == len(given.files) and len(set(called)) == len(called)
    if not fits or any(len(name) > _MAX_NAME or "\0" in name for name in called):
        reason = Phrase("agent_names", files=len(given.files), limit=_MAX_NAME)
        raise AlvoError(errors.INVALID_PARAMS, method=method, field="names", reason=reason)
    return [GivenFile(*one) for one in zip(given.files, names, strict=True)]


def _checked_config(config: AgentConfig) -> AgentConfig:
    wrong = None
    if config.language not in (None, "en", "pt"):
        wrong = ("language", "en | pt")
    elif len(config.description or "") > _MAX_DESCRIPTION:
        wrong = ("description", f"≤ {_MAX_DESCRIPTION}")
    elif not 0 <= config.seed < 2**32:
        wrong = ("seed", "0 … 4294967295")
    if wrong is not None:
        field, reason = wrong
        raise AlvoError(
            errors.INVALID_PARAMS,
            method="agent.create",
            field=f"config.{field}",
            reason=Phrase("reason_field_value", field=f"config.{field}", found=reason),
        )
    return config


def _foremost(db: Database, agent: StoredAgent) -> StoredVersion | None:
    """The version in service; before there is one, the newest."""
    number = agent.version if agent.version is not None else agent.last_version
    return find_version(db, agent.user_id, number)


def _shown(db: Database, agent: StoredAgent) -> Agent:
    version = _foremost(db, agent)
    stage = progress = None
    if agent.training is not None:
        records = stages_of(db, agent.user_id, agent.training)
        now_at = next((one for one in records if one.status is not StageStatus.DONE), None)
        stage = None if now_at is None else now_at.stage
        progress = None if now_at is None else now_at.progress
    return Agent(
        user_id=agent.user_id,
        status=agent.status,
        version=agent.version,
        training=agent.training,
        stage=stage,
        progress=progress,
        languages=version.languages if version else [],
        documents=version.documents if version else 0,
        passages=version.passages if version else 0,
        private=agent.config.private,
        error=agent.error,
        created_at=agent.created_at,
        updated_at=agent.updated_at,
    )


def _versions(db: Database, agent: StoredAgent) -> list[AgentVersion]:
    return [
        AgentVersion(
            number=one.number,
            created_at=one.created_at,
            documents=one.documents,
            passages=one.passages,
            chosen=one.chosen,
            in_service=one.number == agent.version and agent.status is AgentStatus.READY,
            stages=stages_of(db, agent.user_id, one.number),
            report=one.report,
            error=one.error,
        )
        for one in versions_of(db, agent.user_id)
    ]
