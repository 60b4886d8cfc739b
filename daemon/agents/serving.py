"""Which version of an agent answers, and all that a question needs of it."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from daemon.agents.naming import agent_owner
from daemon.agents.records import Records
from daemon.index.retrieval_model import UNTRAINED, RetrievalModel
from daemon.protocol import errors
from daemon.protocol.agents import AgentProfile, AgentStatus, UserId
from daemon.protocol.errors import AlvoError
from daemon.store import Database
from daemon.store.agents import StoredVersion, find_version, load_agent
from prompts import Phrase

_REMEMBERED: Final = 32
"""Versions whose model is kept in memory: some may be megabytes."""


@dataclass(frozen=True, slots=True)
class Served:
    """One version, as a flow uses it. `owner`: of its passages in the index."""

    user_id: UserId
    version: int
    owner: str
    model: RetrievalModel
    profile: AgentProfile | None
    private: bool


class Serving:
    """Remembers what it has read: nothing of a version changes once it is deployed."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: OrderedDict[tuple[str, int, str], Served] = OrderedDict()

    async def in_service(self, user_id: str) -> Served:
        """Raises AGENT_NOT_FOUND, AGENT_NOT_READY."""
        return await self._served(user_id, None)

    async def of_flow(self, user_id: str, version: int | None) -> Served:
        """The version that a flow began on, also when another one serves by now; the one in
        service where it is gone. Raises as `in_service`.
        """
        return await self._served(user_id, version)

    async def _served(self, user_id: str, wanted: int | None) -> Served:
        version, private = await self._records.read(lambda db: _chosen(db, user_id, wanted))
        # By its time as well: an agent that was deleted may have had the same name and number.
        key = (user_id, version.number, version.created_at)
        if key not in self._known:
            self._known[key] = Served(
                user_id=version.user_id,
                version=version.number,
                owner=agent_owner(user_id, version.number),
                model=_model(version),
                profile=version.profile,
                private=private,
            )
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


def _model(version: StoredVersion) -> RetrievalModel:
    """Raises AGENT_MODEL_DAMAGED."""
    return UNTRAINED if version.model is None else RetrievalModel.from_bytes(version.model)


def _chosen(db: Database, user_id: str, wanted: int | None) -> tuple[StoredVersion, bool]:
    agent = load_agent(db, user_id)
    number = agent.version
    if agent.status is not AgentStatus.READY or number is None:
        status = Phrase(f"agent_{agent.status}")
        raise AlvoError(errors.AGENT_NOT_READY, agent=user_id, status=status)
    found = None if wanted is None else find_version(db, user_id, wanted)
    if found is None or found.deployed_at is None:
        found = find_version(db, user_id, number)
    if found is None:
        raise AlvoError(errors.AGENT_VERSION_NOT_FOUND, agent=user_id, version=number)
    return found, agent.config.private
