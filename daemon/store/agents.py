"""The rows of agents and of their versions; `status` is changed here alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from daemon.protocol import codec, errors
from daemon.protocol.agents import (
    AgentConfig,
    AgentProfile,
    AgentStage,
    AgentStatus,
    EvaluationReport,
    StageRecord,
    StageStatus,
    UserId,
)
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import ErrorValue, Milliseconds, Progress, Timestamp
from daemon.store.clock import now
from daemon.store.database import Database, Row
from daemon.store.flows import ENDED

ALLOWED: Final[dict[AgentStatus, frozenset[AgentStatus]]] = {
    AgentStatus.INITIALIZING: frozenset({AgentStatus.PROCESSING, AgentStatus.ERROR}),
    AgentStatus.PROCESSING: frozenset({AgentStatus.READY, AgentStatus.ERROR}),
    # A newer version trains while the one in service answers.
    AgentStatus.READY: frozenset({AgentStatus.READY}),
    # New data begins anew; an older version may be put back.
    AgentStatus.ERROR: frozenset({AgentStatus.INITIALIZING, AgentStatus.READY}),
}

_AGENT: Final = (
    "SELECT user_id, status, version, training, last_version, config, error, created_at, updated_at"
    " FROM agent"
)
_VERSION: Final = (
    "SELECT user_id, number, created_at, materials, given, documents, passages, languages, chosen,"
    " model, profile, report, error, deployed_at FROM agent_version"
)


@dataclass(frozen=True, slots=True)
class StoredAgent:
    """`version`: the one in service; `training`: the one that is being made."""

    user_id: UserId
    status: AgentStatus
    version: int | None
    training: int | None
    last_version: int
    config: AgentConfig
    error: ErrorValue | None
    created_at: Timestamp
    updated_at: Timestamp


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """`model`: the retrieval model's bytes; none: untrained. `given`: it came with an import."""

    user_id: UserId
    number: int
    created_at: Timestamp
    materials: list[int]
    given: bool
    documents: int
    passages: int
    languages: list[str]
    chosen: str | None
    model: bytes | None
    profile: AgentProfile | None
    report: EvaluationReport | None
    error: ErrorValue | None
    deployed_at: Timestamp | None


@dataclass(frozen=True, slots=True)
class Material:
    """What one call brought: a file of JSON lines, one a document."""

    id: int
    file: str
    documents: int
    size_bytes: int


def create_agent(db: Database, user_id: UserId, config: AgentConfig) -> None:
    """Raises AGENT_EXISTS."""
    if find_agent(db, user_id) is not None:
        raise AlvoError(errors.AGENT_EXISTS, agent=user_id)
    at = now()
    db.run(
        "INSERT INTO agent (user_id, status, last_version, config, created_at, updated_at)"
        " VALUES (?, ?, 0, ?, ?, ?)",
        (user_id, AgentStatus.INITIALIZING.value, _json(config), at, at),
    )


def find_agent(db: Database, user_id: str) -> StoredAgent | None:
    row = db.one(f"{_AGENT} WHERE user_id = ?", (user_id,))
    return None if row is None else _agent(row)


def load_agent(db: Database, user_id: str) -> StoredAgent:
    """Raises AGENT_NOT_FOUND."""
    found = find_agent(db, user_id)
    if found is None:
        raise AlvoError(errors.AGENT_NOT_FOUND, agent=user_id)
    return found


def list_agents(db: Database) -> list[StoredAgent]:
    return [_agent(row) for row in db.all(f"{_AGENT} ORDER BY user_id")]


def in_training(db: Database) -> list[StoredAgent]:
    """Oldest first, as they were asked for."""
    rows = db.all(f"{_AGENT} WHERE training IS NOT NULL ORDER BY updated_at, user_id")
    return [_agent(row) for row in rows]


def move_agent(db: Database, user_id: UserId, to: AgentStatus, **changes: Any) -> StoredAgent:
    """The one door through which an agent's status changes."""
    agent = load_agent(db, user_id)
    if to is not agent.status and to not in ALLOWED[agent.status]:
        raise ValueError(f"agent {user_id}: {agent.status} → {to}")
    if (error := changes.get("error")) is not None:
        changes["error"] = _json(error)
    values = {"status": to.value, "updated_at": now(), **changes}
    names = ", ".join(f"{name} = :{name}" for name in values)
    db.run(f"UPDATE agent SET {names} WHERE user_id = :of", {**values, "of": user_id})
    return load_agent(db, user_id)


def add_material(db: Database, user_id: UserId, file: str, documents: int, size: int) -> int:
    db.run(
        "INSERT INTO agent_material (user_id, file, documents, bytes, created_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (user_id, file, documents, size, now()),
    )
    return db.last_row_id


def materials_of(db: Database, user_id: str, ids: Sequence[int] | None = None) -> list[Material]:
    """In the order in which they came; without ids, all."""
    rows = db.all(
        "SELECT id, file, documents, bytes FROM agent_material WHERE user_id = ? ORDER BY id",
        (user_id,),
    )
    return [Material(*row) for row in rows if ids is None or row[0] in ids]


def remove_unused_materials(db: Database, user_id: UserId) -> list[str]:
    """What no version needs any more; gives the files that are to be removed."""
    training = load_agent(db, user_id).training
    used = {
        id_
        for version in versions_of(db, user_id)
        if version.deployed_at is not None or version.number == training
        for id_ in version.materials
    }
    unused = [one for one in materials_of(db, user_id) if one.id not in used]
    db.many("DELETE FROM agent_material WHERE id = ?", ((one.id,) for one in unused))
    return [one.file for one in unused]


def begin_version(
    db: Database, user_id: UserId, materials: Sequence[int], *, given: bool = False
) -> int:
    """A version to be trained; raises AGENT_TRAINING while another one is."""
    agent = load_agent(db, user_id)
    if agent.training is not None:
        raise AlvoError(errors.AGENT_TRAINING, agent=user_id, version=agent.training)
    number = agent.last_version + 1
    db.run(
        "INSERT INTO agent_version (user_id, number, created_at, materials, given)"
        " VALUES (?, ?, ?, ?, ?)",
        (user_id, number, now(), _json(list(materials)), given),
    )
    db.many(
        "INSERT INTO agent_stage (user_id, number, stage, position, status) VALUES (?, ?, ?, ?, ?)",
        (
            (user_id, number, stage.value, position, StageStatus.PENDING.value)
            for position, stage in enumerate(AgentStage)
        ),
    )
    ready = agent.status is AgentStatus.READY
    to = AgentStatus.READY if ready else AgentStatus.INITIALIZING
    move_agent(db, user_id, to, training=number, last_version=number, error=None)
    return number


def find_version(db: Database, user_id: str, number: int) -> StoredVersion | None:
    row = db.one(f"{_VERSION} WHERE user_id = ? AND number = ?", (user_id, number))
    return None if row is None else _version(row)


def load_version(db: Database, user_id: str, number: int) -> StoredVersion:
    """Raises AGENT_VERSION_NOT_FOUND."""
    found = find_version(db, user_id, number)
    if found is None:
        raise AlvoError(errors.AGENT_VERSION_NOT_FOUND, agent=user_id, version=number)
    return found


def versions_of(db: Database, user_id: str) -> list[StoredVersion]:
    """Newest first."""
    rows = db.all(f"{_VERSION} WHERE user_id = ? ORDER BY number DESC", (user_id,))
    return [_version(row) for row in rows]


def change_version(db: Database, user_id: UserId, number: int, **changes: Any) -> None:
    """Values of the columns' own types; of `profile`, `report`, `error` and lists their JSON."""
    for name in ("profile", "report", "error", "languages"):
        if changes.get(name) is not None:
            changes[name] = _json(changes[name])
    names = ", ".join(f"{name} = :{name}" for name in changes)
    db.run(
        f"UPDATE agent_version SET {names} WHERE user_id = :of AND number = :which",
        {**changes, "of": user_id, "which": number},
    )


def deploy(db: Database, user_id: UserId, number: int) -> StoredAgent:
    """The switch: from this commit on this version answers."""
    change_version(db, user_id, number, deployed_at=now())
    return move_agent(db, user_id, AgentStatus.READY, version=number, training=None, error=None)


def refuse(db: Database, user_id: UserId, number: int) -> StoredAgent:
    """The gate did not let it pass: the version in service goes on, and the new one is kept as its
    report alone.
    """
    change_version(db, user_id, number, model=None)
    return move_agent(db, user_id, AgentStatus.READY, training=None, error=None)


def give_up(db: Database, user_id: UserId, number: int, error: ErrorValue) -> StoredAgent:
    """A training that failed: the version in service goes on; without one the agent has failed."""
    change_version(db, user_id, number, error=error)
    agent = load_agent(db, user_id)
    to = AgentStatus.ERROR if agent.version is None else AgentStatus.READY
    return move_agent(db, user_id, to, training=None, error=error)


def roll_back(db: Database, user_id: UserId, number: int | None) -> StoredAgent:
    """Raises AGENT_VERSION_NOT_FOUND for a version that never was in service, or is gone."""
    agent = load_agent(db, user_id)
    fit = [one for one in versions_of(db, user_id) if one.deployed_at is not None]
    if number is None:
        before = [one for one in fit if agent.version is None or one.number < agent.version]
        chosen = before[0] if before else None
    else:
        chosen = next((one for one in fit if one.number == number), None)
    if chosen is None:
        raise AlvoError(errors.AGENT_VERSION_NOT_FOUND, agent=user_id, version=number or "")
    return move_agent(db, user_id, AgentStatus.READY, version=chosen.number, error=None)


def prune_versions(db: Database, user_id: UserId, keep: int) -> list[int]:
    """Removes the oldest beyond `keep`, but never one in service, in training, or under a flow; and
    of those that never served, which are kept as their report alone, the same.
    """
    agent = load_agent(db, user_id)
    marks = ",".join("?" * len(ENDED))
    used = {
        number
        for (number,) in db.all(
            "SELECT DISTINCT agent_version FROM flow WHERE agent = ?"
            f" AND agent_version IS NOT NULL AND status NOT IN ({marks})",
            (user_id, *(status.value for status in ENDED)),
        )
    }
    used |= {number for number in (agent.version, agent.training) if number is not None}
    there = versions_of(db, user_id)
    served = [one.number for one in there if one.deployed_at is not None]
    oldest = served[: max(1, keep)][-1] if served else 0
    removed = [one.number for one in there if one.number < oldest and one.number not in used]
    # Else one whose every training fails would have more and more of them.
    failed = [one.number for one in there if one.deployed_at is None and one.number not in used]
    removed += [number for number in failed[max(1, keep) :] if number not in removed]
    db.many(
        "DELETE FROM agent_version WHERE user_id = ? AND number = ?",
        ((user_id, number) for number in removed),
    )
    return removed


def delete_agent(db: Database, user_id: UserId) -> None:
    """With its versions, stages and materials."""
    db.run("DELETE FROM agent WHERE user_id = ?", (user_id,))


def stages_of(db: Database, user_id: str, number: int) -> list[StageRecord]:
    rows = db.all(
        "SELECT stage, status, attempts, progress, began_at, ended_at, took_ms FROM agent_stage"
        " WHERE user_id = ? AND number = ? ORDER BY position",
        (user_id, number),
    )
    return [
        StageRecord(
            stage=AgentStage(stage),
            status=StageStatus(status),
            attempts=attempts,
            progress=None if progress is None else codec.decode(progress, Progress),
            began_at=_moment(began_at),
            ended_at=_moment(ended_at),
            took_ms=None if took_ms is None else Milliseconds(took_ms),
        )
        for stage, status, attempts, progress, began_at, ended_at, took_ms in rows
    ]


def change_stage(
    db: Database, user_id: UserId, number: int, stage: AgentStage, **changes: Any
) -> None:
    if changes.get("progress") is not None:
        changes["progress"] = _json(changes["progress"])
    names = ", ".join(f"{name} = :{name}" for name in changes)
    db.run(
        f"UPDATE agent_stage SET {names} WHERE user_id = :of AND number = :which AND stage = :at",
        {**changes, "of": user_id, "which": number, "at": stage.value},
    )


def note_leftovers(db: Database, owners: Sequence[str]) -> None:
    db.many("INSERT OR IGNORE INTO agent_leftover VALUES (?)", ((owner,) for owner in owners))


def leftovers(db: Database) -> list[str]:
    return [owner for (owner,) in db.all("SELECT owner FROM agent_leftover ORDER BY owner")]


def forget_leftovers(db: Database, owners: Sequence[str]) -> None:
    db.many("DELETE FROM agent_leftover WHERE owner = ?", ((owner,) for owner in owners))


def _agent(row: Row) -> StoredAgent:
    user_id, status, version, training, last, config, error, created_at, updated_at = row
    return StoredAgent(
        user_id=UserId(user_id),
        status=AgentStatus(status),
        version=version,
        training=training,
        last_version=last,
        config=codec.decode(config, AgentConfig),
        error=None if error is None else codec.decode(error, ErrorValue),
        created_at=Timestamp(created_at),
        updated_at=Timestamp(updated_at),
    )


def _version(row: Row) -> StoredVersion:
    user_id, number, created_at, materials, given, documents, passages, languages, *more = row
    chosen, model, profile, report, error, deployed_at = more
    return StoredVersion(
        user_id=UserId(user_id),
        number=number,
        created_at=Timestamp(created_at),
        materials=codec.decode(materials, list[int]),
        given=bool(given),
        documents=documents,
        passages=passages,
        languages=codec.decode(languages, list[str]),
        chosen=chosen,
        model=model,
        profile=None if profile is None else codec.decode(profile, AgentProfile),
        report=None if report is None else codec.decode(report, EvaluationReport),
        error=None if error is None else codec.decode(error, ErrorValue),
        deployed_at=_moment(deployed_at),
    )


def _moment(value: str | None) -> Timestamp | None:
    return None if value is None else Timestamp(value)


def _json(value: Any) -> str:
    return codec.encode(value).decode()
