"""Trains agents in the background: stage after stage, some side by side, resumed where cut off."""

import asyncio
import logging
from collections import defaultdict
from datetime import datetime
from typing import Any, Final

from daemon.agents.children import ChildEnded
from daemon.agents.leftovers import Leftovers
from daemon.agents.naming import agent_owner
from daemon.agents.records import Records
from daemon.agents.sentences import error_value
from daemon.agents.stages import Keep, Stages
from daemon.agents.telling import Telling
from daemon.config import AgentSettings
from daemon.protocol import errors
from daemon.protocol.agents import AgentStage, AgentStatus, StageRecord, StageStatus, UserId
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import ErrorValue, Progress
from daemon.store import Database, crash
from daemon.store.agents import (
    StoredAgent,
    StoredVersion,
    change_stage,
    find_version,
    give_up,
    in_training,
    list_agents,
    load_agent,
    load_version,
    materials_of,
    move_agent,
    note_leftovers,
    prune_versions,
    remove_unused_materials,
    stages_of,
    versions_of,
)
from daemon.store.clock import now
from prompts import Phrase

MAX_ATTEMPTS: Final = 3
_PAUSE_S: Final = 1.0
_TRANSIENT: Final = frozenset({errors.EMBEDDER_FAILED, errors.INTERNAL_ERROR, errors.STORE_FAILED})
_PATIENT: Final = frozenset(
    {errors.INDEX_BUSY, errors.STORE_FULL, errors.STORE_BUSY, errors.STORE_READONLY}
)
"""These are waited out and are no fault of the training's."""

_log: Final = logging.getLogger(__name__)


class Pipeline:
    """At most `workers` trainings at once, in the order in which they were asked for."""

    def __init__(
        self,
        records: Records,
        stages: Stages,
        leftovers: Leftovers,
        settings: AgentSettings,
        language: str,
    ) -> None:
        """`language`: of errors, where an agent's own is not set."""
        self._records = records
        self._leftovers = leftovers
        self._places = stages.places
        self._stages = stages
        self._settings = settings
        self._language = language
        self._slots = asyncio.Semaphore(settings.workers)
        # One may still tidy up, or wait for its turn, when the next is wanted.
        self._tasks: defaultdict[UserId, set[asyncio.Task[None]]] = defaultdict(set)
        self._held_up: dict[UserId, ErrorValue] = {}

    async def start(self) -> None:
        """Takes up the trainings that a crash or a stop cut off."""
        known = await self._records.read(_files)
        await asyncio.to_thread(self._places.remove_unknown, known)
        training = {one.user_id for one in await self._records.read(in_training)}
        for name in await asyncio.to_thread(self._places.with_work):
            if name not in training:
                # Deployed, and cut off before it was tidied up.
                agent = await self._agent(UserId(name))
                await self._tidy(agent.user_id, agent.last_version)
        for agent in await self._records.read(in_training):
            self.want(agent.user_id)
        self._leftovers.start()

    async def close(self) -> None:
        """What is under way is cut off, and taken up again at the next start."""
        tasks = [task for tasks in self._tasks.values() for task in tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._leftovers.close()

    def want(self, user_id: UserId) -> None:
        """Has the version in training trained, after those that were asked for before."""
        task = asyncio.create_task(self._train(user_id), name=f"agent {user_id}")
        self._tasks[user_id].add(task)
        task.add_done_callback(lambda done: self._done(user_id, done))

    async def forget(self, user_id: UserId) -> None:
        """Ends every training of an agent that goes: one that went on would put what it was given
        into the next agent of that name.
        """
        tasks = list(self._tasks.get(user_id, ()))
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def held_up(self, user_id: UserId) -> ErrorValue | None:
        """What keeps a training from going on, as long as it does: a full disk, an index in use."""
        return self._held_up.get(user_id)

    def _done(self, user_id: UserId, task: asyncio.Task[None]) -> None:
        self._held_up.pop(user_id, None)
        self._tasks[user_id].discard(task)
        if not self._tasks[user_id]:
            del self._tasks[user_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("the training of agent %s ended", user_id, exc_info=error)

    async def _train(self, user_id: UserId) -> None:
        async with self._slots, self._leftovers.locks[user_id]:
            agent = await self._agent(user_id)
            if agent.training is None:
                return
            for stage in AgentStage:
                if not await self._insisted(user_id, stage):
                    return
        await self._tidy(user_id, agent.training)

    async def _agent(self, user_id: UserId) -> StoredAgent:
        return await self._records.read(lambda db: load_agent(db, user_id))

    async def _insisted(self, user_id: UserId, stage: AgentStage) -> bool:
        """As `_staged`; where the store itself is out of order, once it is mended."""
        while True:
            try:
                return await self._staged(user_id, stage)
            except AlvoError as error:
                if error.type not in _PATIENT:
                    raise
                _log.warning("agent %s waits for the store: %s", user_id, error)
                self._held_up[user_id] = error_value(error, self._language)
            await asyncio.sleep(_PAUSE_S)

    async def _staged(self, user_id: UserId, stage: AgentStage) -> bool:
        """Whether the next stage may begin."""
        while True:
            agent, version, done = await self._records.read(
                lambda db: _standing(db, user_id, stage)
            )
            if done:
                return True
            attempt = await self._begin(agent, version, stage)
            if attempt is None:
                return False
            try:
                keep = await self._worked(stage, agent, version)
                await self._end(agent, version, stage, keep)
            except asyncio.CancelledError:
                await self._give_back(agent, version, stage, attempt)
                raise
            except Exception as error:  # noqa: BLE001  (a training must end with an error, whatever it was)
                if not await self._may_try_again(agent, version, stage, attempt, error):
                    return False
                continue
            return True

    async def _worked(self, stage: AgentStage, agent: StoredAgent, version: StoredVersion) -> Keep:
        crash.point(f"{stage}-begun")
        telling = Telling(self._records, agent.user_id, version.number, stage)

        def tell(progress: Progress) -> None:
            self._held_up.pop(agent.user_id, None)
            telling.tell(progress)

        try:
            keep = await self._stages.run(stage, agent, version, tell)
        finally:
            await telling.close()
        crash.point(f"{stage}-worked")
        return keep

    async def _record(
        self, agent: StoredAgent, version: StoredVersion, stage: AgentStage
    ) -> StageRecord:
        found = await self._records.read(lambda db: stages_of(db, agent.user_id, version.number))
        return next(one for one in found if one.stage is stage)

    async def _begin(
        self, agent: StoredAgent, version: StoredVersion, stage: AgentStage
    ) -> int | None:
        """Counts the attempt before it is made; None where there were enough of them."""
        before = await self._record(agent, version, stage)
        attempt = before.attempts + 1
        if attempt > MAX_ATTEMPTS:
            reason = Phrase("agent_cut_off")
            await self._fail(
                agent, version, stage, self._failed(agent, stage, before.attempts, reason)
            )
            return None

        def begin(db: Database) -> None:
            change_stage(
                db,
                agent.user_id,
                version.number,
                stage,
                status=StageStatus.RUNNING.value,
                attempts=attempt,
                began_at=now(),
                progress=None,
            )
            if load_agent(db, agent.user_id).status is AgentStatus.INITIALIZING:
                move_agent(db, agent.user_id, AgentStatus.PROCESSING)

        await self._records.record(begin)
        self._say(agent, version, "stage began", stage=stage, attempt=attempt)
        return attempt

    async def _end(
        self, agent: StoredAgent, version: StoredVersion, stage: AgentStage, keep: Keep
    ) -> None:
        """The stage's result and its end are one commit."""
        began = (await self._record(agent, version, stage)).began_at

        def end(db: Database) -> None:
            keep(db)
            at = now()
            change_stage(
                db,
                agent.user_id,
                version.number,
                stage,
                status=StageStatus.DONE.value,
                progress=None,
                ended_at=at,
                took_ms=_between(began, at),
            )

        await self._records.record(end)
        crash.point(f"{stage}-done")
        self._say(agent, version, "stage done", stage=stage)

    async def _give_back(
        self, agent: StoredAgent, version: StoredVersion, stage: AgentStage, attempt: int
    ) -> None:
        """A stop of the daemon is no failure of the training's."""
        changes: dict[str, Any] = {"status": StageStatus.PENDING.value, "attempts": attempt - 1}
        await self._records.record(
            lambda db: change_stage(db, agent.user_id, version.number, stage, **changes)
        )

    async def _may_try_again(
        self,
        agent: StoredAgent,
        version: StoredVersion,
        stage: AgentStage,
        attempt: int,
        error: Exception,
    ) -> bool:
        """Puts an error down that ends the training."""
        _log.warning("agent %s, %s, attempt %d: %s", agent.user_id, stage, attempt, error)
        if isinstance(error, AlvoError) and error.type in _PATIENT:
            self._held_up[agent.user_id] = error_value(error, self._language)
            await asyncio.sleep(_PAUSE_S)
            await self._give_back(agent, version, stage, attempt)
            return True
        final = isinstance(error, AlvoError) and error.type not in _TRANSIENT
        if not final and attempt < MAX_ATTEMPTS:
            await asyncio.sleep(_PAUSE_S * attempt)
            return True
        if not isinstance(error, AlvoError):
            if not isinstance(error, ChildEnded):
                _log.error("agent %s, %s", agent.user_id, stage, exc_info=error)
            error = self._failed(agent, stage, attempt, Phrase("agent_child_ended"))
        await self._fail(agent, version, stage, error)
        return False

    @staticmethod
    def _failed(agent: StoredAgent, stage: AgentStage, attempts: int, reason: Phrase) -> AlvoError:
        return AlvoError(
            errors.AGENT_STAGE_FAILED,
            agent=agent.user_id,
            stage=Phrase(f"agent_{stage}"),
            attempts=attempts,
            reason=reason,
        )

    async def _fail(
        self, agent: StoredAgent, version: StoredVersion, stage: AgentStage, error: AlvoError
    ) -> None:
        value = error_value(error, agent.config.language or self._language)

        def fail(db: Database) -> None:
            change_stage(
                db,
                agent.user_id,
                version.number,
                stage,
                status=StageStatus.FAILED.value,
                ended_at=now(),
                progress=None,
            )
            give_up(db, agent.user_id, version.number, value)

        await self._records.record(fail)
        self._say(agent, version, "training failed", stage=stage, error=error.type.name)
        await self._tidy(agent.user_id, version.number)

    async def _tidy(self, user_id: UserId, trained: int) -> None:
        """Old versions, half-way files and data that nobody needs go; what fails here goes later.

        `trained`: the version whose training has just ended. A later one may have begun meanwhile.
        """

        def prune(db: Database) -> list[str]:
            removed = prune_versions(db, user_id, self._settings.versions_kept)
            version = find_version(db, user_id, trained)
            if version is not None and version.deployed_at is None:
                # Refused, or given up: it will never answer.
                removed.append(trained)
            note_leftovers(db, [agent_owner(user_id, number) for number in removed])
            return remove_unused_materials(db, user_id)

        agent = await self._agent(user_id)
        files = await self._records.record(prune)
        await asyncio.to_thread(self._places.remove_files, user_id, files)
        await asyncio.to_thread(self._places.end_work, user_id, trained)
        _log.info(
            "agent trained",
            extra={"fields": {"agent": user_id, "status": agent.status, "version": agent.version}},
        )
        self._leftovers.notice()

    @staticmethod
    def _say(agent: StoredAgent, version: StoredVersion, what: str, **fields: Any) -> None:
        told = {"agent": agent.user_id, "version": version.number, **fields}
        _log.info("agent %s", what, extra={"fields": told})


def _files(db: Database) -> dict[UserId, set[str]]:
    """What each agent was given."""
    return {
        one.user_id: {material.file for material in materials_of(db, one.user_id)}
        for one in list_agents(db)
    }


def _standing(
    db: Database, user_id: UserId, stage: AgentStage
) -> tuple[StoredAgent, StoredVersion, bool]:
    agent = load_agent(db, user_id)
    if agent.training is None:
        # Deployed, and cut off before it could be told so.
        version = versions_of(db, user_id)[0]
        return agent, version, True
    version = load_version(db, user_id, agent.training)
    done = any(
        one.stage is stage and one.status is StageStatus.DONE
        for one in stages_of(db, user_id, version.number)
    )
    return agent, version, done


def _between(began: str | None, ended: str) -> float:
    if began is None:
        return 0.0
    span = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
    # A clock may be set back meanwhile.
    return max(0.0, round(span.total_seconds() * 1000, 1))
