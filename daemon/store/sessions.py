"""The rows of sessions: which bash was started, until it is known to have ended."""

from typing import TypeVar

from daemon.protocol import codec
from daemon.store.clock import now
from daemon.store.database import Database

T = TypeVar("T")


def record_session(db: Database, incarnation: str, marker: object) -> None:
    db.run(
        "INSERT OR REPLACE INTO session VALUES (?, ?, ?)",
        (incarnation, codec.encode(marker).decode(), now()),
    )


def recorded_sessions(db: Database, type_: type[T]) -> list[T]:
    return [
        codec.decode(marker, type_)
        for (marker,) in db.all("SELECT marker FROM session ORDER BY started_at")
    ]


def forget_sessions(db: Database) -> None:
    """Once nothing is left of them."""
    db.run("DELETE FROM session")
