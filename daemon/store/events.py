"""The rows of events: what happened, numbered over the whole store."""

from typing import Any, Final

from daemon.protocol import codec
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

MAX_EVENTS: Final = 1000
_MAX_REPLY_CHARS: Final = 1024 * 1024
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


def events_after(db: Database, after: int, flow_id: FlowId | None, limit: int) -> list[Event]:
    """In order, as many as fit one reply: at least one if there is any."""
    condition, params = "seq > ?", list[Any]([max(0, min(after, _LAST_SEQ))])
    if flow_id is not None:
        condition += " AND flow_id = ?"
        params.append(flow_id)
    params.append(max(1, min(limit, MAX_EVENTS)))
    rows = db.rows(
        f"SELECT seq, flow_id, at, kind, data FROM event WHERE {condition} ORDER BY seq LIMIT ?",
        params,
    )
    return [_event(row) for row in fitting(rows, _MAX_REPLY_CHARS)]


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
