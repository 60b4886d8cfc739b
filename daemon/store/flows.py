"""The rows of flows and of their steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeVar

from daemon.protocol import codec, errors
from daemon.protocol.calls import ListFlows
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Block,
    Citation,
    ConversationId,
    ErrorValue,
    Flow,
    FlowId,
    FlowStatus,
    InquiryId,
    PlannedCommand,
    ReplyType,
    Terminal,
    Timestamp,
    Usage,
)
from daemon.store.clock import now
from daemon.store.database import Database, Row
from daemon.store.fitting import fitting
from daemon.store.ids import resolve

T = TypeVar("T")

_LOOKED_BACK: Final = 20
_MOST_WORDS: Final = 20
ENDED: Final = frozenset(
    {
        FlowStatus.ANSWERED,
        FlowStatus.EXECUTED,
        FlowStatus.DENIED,
        FlowStatus.FAILED,
        FlowStatus.CANCELLED,
        FlowStatus.INTERRUPTED,
    }
)


@dataclass(frozen=True, slots=True)
class StoredFlow:
    """A flow, and what of it no client needs: where it runs, what was given, which attempt it is.

    `from_session`: a command that Alvo runs began it, not a person. `agent_version`: of its agent,
    the one it began on.
    """

    flow: Flow
    cwd: str
    given: str | None
    attempts: int
    from_session: bool = False
    agent_version: int | None = None


_FLOW_COLUMNS: Final = tuple(field.name for field in fields(Flow))
_COLUMNS: Final = (
    *_FLOW_COLUMNS,
    "cwd",
    "given",
    "attempts",
    "from_session",
    "agent_version",
)
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM flow"
_PLACES: Final = ", ".join(f":{name}" for name in _COLUMNS)
_UPSERT: Final = (
    f"INSERT INTO flow ({', '.join(_COLUMNS)}) VALUES ({_PLACES}) ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{name} = :{name}" for name in _COLUMNS if name != "id")
)


def find_flow(db: Database, flow_id: str) -> StoredFlow | None:
    row = db.one(f"{_SELECT} WHERE id = ?", (flow_id,))
    return None if row is None else _flow(row)


def load_flow(db: Database, flow_id: FlowId) -> StoredFlow:
    """By its whole id: one that begins alike must not stand in for one that was deleted."""
    found = find_flow(db, flow_id)
    if found is None:
        raise AlvoError(errors.FLOW_NOT_FOUND, flow=flow_id)
    return found


def named_flow(db: Database, given: str) -> StoredFlow:
    """As a person names it: by id or the beginning of one; FLOW_NOT_FOUND, AMBIGUOUS_ID."""
    return load_flow(db, FlowId(resolve(db, "flow", given, errors.FLOW_NOT_FOUND, flow=given)))


def save_flow(db: Database, stored: StoredFlow) -> None:
    flow = stored.flow
    values: dict[str, Any] = {name: getattr(flow, name) for name in _FLOW_COLUMNS}
    for name in ("plan", "citations", "usage"):
        values[name] = _json(getattr(flow, name))
    values["error"] = None if flow.error is None else _json(flow.error)
    for name in ("cwd", "given", "attempts", "agent_version"):
        values[name] = getattr(stored, name)
    values["from_session"] = int(stored.from_session)
    db.run(_UPSERT, values)


def change_flow(
    db: Database,
    flow_id: FlowId,
    status: FlowStatus,
    change: Callable[[Flow], Mapping[str, Any]],
) -> StoredFlow:
    """Changes fields of a flow that stays where it is; FLOW_CONFLICT if it is elsewhere already."""
    stored = load_flow(db, flow_id)
    if stored.flow.status is not status:
        raise AlvoError(errors.FLOW_CONFLICT, flow=flow_id, status=stored.flow.status)
    flow = replace(
        stored.flow,
        revision=stored.flow.revision + 1,
        updated_at=now(),
        **change(stored.flow),
    )
    changed = replace(stored, flow=flow)
    save_flow(db, changed)
    return changed


def list_flows(db: Database, wanted: ListFlows) -> list[Flow]:
    """Newest first, as many as fit one reply."""
    conditions, params = ["1"], list[Any]()
    for column, value in (("status", wanted.status), ("conversation", wanted.conversation)):
        if value is not None:
            conditions.append(f"{column} = ?")
            params.append(value)
    if wanted.before is not None:
        conditions.append("created_at < ?")
        params.append(wanted.before)
    for word in (wanted.query or "").split()[:_MOST_WORDS]:
        conditions.append("(question LIKE ? ESCAPE '\\' OR answer LIKE ? ESCAPE '\\')")
        params += [_anywhere(word)] * 2
    params.append(max(1, min(wanted.limit, 500)))
    rows = db.rows(
        f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY created_at DESC, id LIMIT ?", params
    )
    return [_flow(row).flow for row in fitting(rows)]


def _anywhere(word: str) -> str:
    """A pattern of LIKE that takes the word as it is."""
    for sign in ("\\", "%", "_"):
        word = word.replace(sign, f"\\{sign}")
    return f"%{word}%"


def flows_with(db: Database, status: FlowStatus) -> list[StoredFlow]:
    rows = db.all(f"{_SELECT} WHERE status = ? ORDER BY created_at", (status,))
    return [_flow(row) for row in rows]


def uncount_attempts(db: Database) -> None:
    """Of what runs: the next start counts one, which is then none."""
    db.run("UPDATE flow SET attempts = attempts - 1 WHERE status = ?", (FlowStatus.RUNNING,))


def executing_in(db: Database, conversation: ConversationId) -> str | None:
    """The flow whose command runs in this conversation, if there is one."""
    value = db.value(
        "SELECT id FROM flow WHERE status = ? AND conversation = ?",
        (FlowStatus.EXECUTING, conversation),
    )
    return None if value is None else str(value)


def flows_of_agent(db: Database, agent: str) -> list[Flow]:
    """Oldest first."""
    rows = db.all(f"{_SELECT} WHERE agent = ? ORDER BY created_at, id", (agent,))
    return [_flow(row).flow for row in rows]


def count_flows(db: Database, status: FlowStatus) -> int:
    return int(db.value("SELECT count(*) FROM flow WHERE status = ?", (status,)))


def count_from_sessions(db: Database) -> int:
    """Those that have not ended, of all sessions together."""
    marks = ", ".join("?" for _ in ENDED)
    value = db.value(
        f"SELECT count(*) FROM flow WHERE from_session AND status NOT IN ({marks})", tuple(ENDED)
    )
    return int(value)


def delete_flow(db: Database, flow_id: FlowId) -> None:
    """With its steps, events, inquiries and approvals."""
    db.run("DELETE FROM flow WHERE id = ?", (flow_id,))


def earlier_answers(db: Database, flow: Flow, limit: int) -> list[Flow]:
    """The answered flows of the conversation before this one, oldest first; of the same agent
    alone: none sees what another one knows, nor what the person's own documents say.
    """
    rows = db.all(
        f"{_SELECT} WHERE conversation = ? AND agent IS ? AND created_at < ? AND id <> ?"
        " AND answer IS NOT NULL ORDER BY created_at DESC LIMIT ?",
        (flow.conversation, flow.agent, flow.created_at, flow.id, limit),
    )
    return [_flow(row).flow for row in reversed(rows)]


def earlier_plans(db: Database, flow: Flow) -> list[StoredFlow]:
    """The flows of the conversation before this one that have a plan, newest first; of the same
    agent alone.
    """
    rows = db.all(
        f"{_SELECT} WHERE conversation = ? AND agent IS ? AND created_at < ? AND id <> ?"
        " AND plan <> '[]' ORDER BY created_at DESC LIMIT ?",
        (flow.conversation, flow.agent, flow.created_at, flow.id, _LOOKED_BACK),
    )
    return [_flow(row) for row in rows]


def plans_that_failed(db: Database, conversation: ConversationId | None) -> list[StoredFlow]:
    """Flows whose plan was stopped, newest first; of one conversation, or of all."""
    rows = db.all(
        f"{_SELECT} WHERE status IN (?, ?) AND plan <> '[]' AND (? IS NULL OR conversation = ?)"
        " ORDER BY updated_at DESC LIMIT ?",
        (FlowStatus.FAILED, FlowStatus.INTERRUPTED, conversation, conversation, _LOOKED_BACK),
    )
    return [_flow(row) for row in rows]


def find_step(db: Database, flow_id: FlowId, round_: int, name: str, type_: type[T]) -> T | None:
    """What a finished step of this round gave."""
    result = db.value(
        "SELECT result FROM step WHERE flow_id = ? AND round = ? AND name = ?",
        (flow_id, round_, name),
    )
    return None if result is None else codec.decode(result, type_)


def record_step(db: Database, flow_id: FlowId, round_: int, name: str, result: Any) -> None:
    db.run(
        "INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?, ?)",
        (flow_id, round_, name, _json(result), now()),
    )


def step_history(db: Database, flow_id: FlowId, name: str, type_: type[T]) -> list[T]:
    """What the steps of this name gave, round after round."""
    rows = db.all(
        "SELECT result FROM step WHERE flow_id = ? AND name = ? ORDER BY round", (flow_id, name)
    )
    return [codec.decode(result, type_) for (result,) in rows]


def forget_steps(db: Database, flow_id: FlowId, *, but: str) -> None:
    """All of them: a retry asks anew. `but`: what belongs to the question itself."""
    db.run("DELETE FROM step WHERE flow_id = ? AND name <> ?", (flow_id, but))


def _json(value: Any) -> str:
    return codec.encode(value).decode()


def _flow(row: Row) -> StoredFlow:
    at = dict(zip(_COLUMNS, row, strict=True))
    flow = Flow(
        id=FlowId(at["id"]),
        conversation=ConversationId(at["conversation"]),
        question=at["question"],
        agent=at["agent"],
        language=at["language"],
        type=None if at["type"] is None else ReplyType(at["type"]),
        block=Block(at["block"]),
        status=FlowStatus(at["status"]),
        inquiry=None if at["inquiry"] is None else InquiryId(at["inquiry"]),
        terminal=None if at["terminal"] is None else Terminal(at["terminal"]),
        plan=codec.decode(at["plan"], list[PlannedCommand]),
        answer=at["answer"],
        citations=codec.decode(at["citations"], list[Citation]),
        error=None if at["error"] is None else codec.decode(at["error"], ErrorValue),
        rounds=at["rounds"],
        revision=at["revision"],
        reasoner=at["reasoner"],
        usage=codec.decode(at["usage"], Usage),
        created_at=Timestamp(at["created_at"]),
        updated_at=Timestamp(at["updated_at"]),
    )
    return StoredFlow(
        flow,
        at["cwd"],
        at["given"],
        at["attempts"],
        from_session=bool(at["from_session"]),
        agent_version=at["agent_version"],
    )
