"""The rows of events: what happened, numbered over the whole store."""

from typing import Any, Final

from daemon.protocol import codec
from daemon.protocol.values import Event, EventKind, FlowId, Json, Timestamp
from daemon.store.clock import now
from daemon.store.database import Database

MAX_EVENTS: Final = 1000
_MAX_REPLY_BYTES: Final = 1024 * 1024


def append_event(db: Database, flow_id: FlowId, kind: EventKind, data: Json) -> None:
    db.run(
        "INSERT INTO event (flow_id, at, kind, data) VALUES (?, ?, ?, ?)",
        (flow_id, now(), kind, codec.encode(data).decode()),
    )


def events_after(db: Database, after: int, flow_id: FlowId | None, limit: int) -> list[Event]:
    """In order, as many as fit one reply: at least one if there is any."""
    condition, params = "seq > ?", list[Any]([after])
    if flow_id is not None:
        condition += " AND flow_id = ?"
        params.append(flow_id)
    params.append(max(1, min(limit, MAX_EVENTS)))
    rows = db.rows(
        f"SELECT seq, flow_id, at, kind, data FROM event WHERE {condition} ORDER BY seq LIMIT ?",
        params,
    )
    events, size = list[Event](), 0
    for seq, flow, at, kind, data in rows:
        size += len(data)
        if events and size > _MAX_REPLY_BYTES:
            break
        events.append(
            Event(seq, FlowId(flow), Timestamp(at), EventKind(kind), codec.decode(data, dict))
        )
    return events
