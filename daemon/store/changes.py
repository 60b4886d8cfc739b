"""The rows of previews and of the changes that were made from them: the journal of apply and undo."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from daemon.protocol import codec
from daemon.protocol.values import FlowId, InquiryId
from daemon.store.clock import now
from daemon.store.database import Database, Row
from daemon.store.ids import new_id

T = TypeVar("T")


class SetStatus(StrEnum):
    """Of what is to be written; `running`: a command of the person's writes it, not we.

    `dropped`: it was done, and what was kept to undo it had to make room.
    """

    WRITING = "writing"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    DROPPED = "dropped"
    FAILED = "failed"


UNFINISHED: Final = (SetStatus.WRITING, SetStatus.RUNNING, SetStatus.UNDOING)


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """`changes`: encoded, in the shape of whoever keeps them. `kept`: whether undo is possible."""

    id: str
    flow_id: FlowId
    status: SetStatus
    changes: str
    bytes: int
    kept: bool


_SELECT: Final = "SELECT id, flow_id, status, changes, bytes, kept FROM change_set"


def record_preview(db: Database, inquiry_id: InquiryId, changes: Sequence[Any]) -> None:
    db.run("INSERT INTO preview VALUES (?, ?)", (inquiry_id, codec.encode(changes).decode()))


def preview_changes(db: Database, inquiry_id: InquiryId, type_: type[T]) -> T | None:
    value = db.value("SELECT changes FROM preview WHERE inquiry_id = ?", (inquiry_id,))
    return None if value is None else codec.decode(value, type_)


def waiting_previews(db: Database) -> set[str]:
    """The inquiries whose previewed bytes may still be wanted."""
    return {
        id_
        for (id_,) in db.all(
            "SELECT inquiry_id FROM preview JOIN inquiry ON inquiry.id = inquiry_id"
            " WHERE status = 'waiting'"
        )
    }


def new_set(flow_id: FlowId, status: SetStatus, changes: Sequence[Any], size: int) -> ChangeSet:
    return ChangeSet(new_id(), flow_id, status, codec.encode(changes).decode(), size, kept=True)


def save_set(db: Database, change_set: ChangeSet) -> None:
    at = change_set
    db.run(
        "INSERT INTO change_set (id, flow_id, status, changes, bytes, kept, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " status = excluded.status, changes = excluded.changes, kept = excluded.kept",
        (at.id, at.flow_id, at.status, at.changes, at.bytes, int(at.kept), now()),
    )


def load_set(db: Database, set_id: str) -> ChangeSet | None:
    row = db.one(f"{_SELECT} WHERE id = ?", (set_id,))
    return None if row is None else _set(row)


def last_set(db: Database, flow_id: FlowId) -> ChangeSet | None:
    """The latest of a flow that can be undone."""
    row = db.one(
        f"{_SELECT} WHERE flow_id = ? AND status = ? AND kept ORDER BY created_at DESC, id LIMIT 1",
        (flow_id, SetStatus.DONE),
    )
    return None if row is None else _set(row)


def running_set(db: Database, flow_id: FlowId) -> ChangeSet | None:
    row = db.one(f"{_SELECT} WHERE flow_id = ? AND status = ?", (flow_id, SetStatus.RUNNING))
    return None if row is None else _set(row)


def unfinished_sets(db: Database) -> list[ChangeSet]:
    """What a crash cut off."""
    marks = ", ".join("?" for _ in UNFINISHED)
    rows = db.all(f"{_SELECT} WHERE status IN ({marks}) ORDER BY created_at", UNFINISHED)
    return [_set(row) for row in rows]


def kept_sets(db: Database) -> list[ChangeSet]:
    """Those that take space for their undo, oldest first."""
    return [_set(row) for row in db.all(f"{_SELECT} WHERE kept ORDER BY created_at, id")]


def count_dropped(db: Database) -> int:
    return int(db.value("SELECT count(*) FROM change_set WHERE status = ?", (SetStatus.DROPPED,)))


def _set(row: Row) -> ChangeSet:
    id_, flow_id, status, changes, size, kept = row
    return ChangeSet(id_, FlowId(flow_id), SetStatus(status), changes, size, bool(kept))
