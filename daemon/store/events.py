"""The rows of events: what happened, numbered over the whole store."""

from typing import Any, Final

from daemon.protocol import codec
from daemon.protocol.calls import FlowEvents, WaitFlow
from daemon.protocol.values import (
    Event,
    EventKind,
    FlowId,
    Json,
    Timestamp,
)
from daemon.store.clock import now
from daemon.store.database import Database, Row
from daemon.store.fitting import fitting
from daemon.store.flows import named_flow

MAX_EVENTS: Final = 1000
_MAX_REPLY_CHARS: Final = 256 * 1024  # between two of them, others are served
_LAST_SEQ: Final = (1 << 63) - 1


def append_event(db: Database, flow_id: FlowId, kind: EventKind, data: Json) -> int:
    """Gives its number."""
    db.run(
        "INSERT INTO event (flow_id, at, kind, data) VALUES (?, ?, ?, ?)",
        (flow_id, now(), kind, codec.encode(data).decode()),
    )
    return db.last_row_id


def drop_event(db: Database, seq: int) -> None:
    """One that newer ones of the same kind have taken the place of."""
    db.run("DELETE FROM event WHERE seq = ?", (seq,))


def events_since(db: Database, wanted: WaitFlow) -> FlowEvents:
    """What `flow.wait` tells: the flow and its events, of one moment."""
    with db.snapshot():
        flow = None if wanted.flow_id is None else named_flow(db, wanted.flow_id).flow
        flow_id = None if flow is None else flow.id
        events = events_after(db, wanted.after, flow_id, wanted.limit)
        more = bool(events) and _is_any_after(db, events[-1].seq, flow_id)
    return FlowEvents(flow, events, more)


def events_after(db: Database, after: int, flow_id: FlowId | None, limit: int) -> list[Event]:
    """In order, as many as fit one reply: at least one if there is any."""
    condition, params = _after(after, flow_id)
    rows = db.rows(
        f"SELECT seq, flow_id, at, kind, data FROM event WHERE {condition} ORDER BY seq LIMIT ?",
        (*params, max(1, min(limit, MAX_EVENTS))),
    )
    return [_event(row) for row in fitting(rows, _MAX_REPLY_CHARS)]


def _is_any_after(db: Database, seq: int, flow_id: FlowId | None) -> bool:
    condition, params = _after(seq, flow_id)
    return db.value(f"SELECT 1 FROM event WHERE {condition} LIMIT 1", params) is not None


def _after(seq: int, flow_id: FlowId | None) -> tuple[str, tuple[Any, ...]]:
    seq = max(0, min(seq, _LAST_SEQ))
    return ("seq > ?", (seq,)) if flow_id is None else ("seq > ? AND flow_id = ?", (seq, flow_id))


def last_events(db: Database, flow_id: FlowId, kind: EventKind, limit: int = 50) -> list[Event]:
    """The latest of one kind, oldest first."""
    rows = db.all(
        "SELECT seq, flow_id, at, kind, data FROM event WHERE flow_id = ? AND kind = ?"
        " ORDER BY seq DESC LIMIT ?",
        (flow_id, kind, limit),
    )
    return [_event(row) for row in reversed(rows)]


def _event(row: Row) -> Event:
    seq, flow, at, kind, data = row
    return Event(seq, FlowId(flow), Timestamp(at), EventKind(kind), codec.decode(data, dict))
