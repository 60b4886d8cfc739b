"""The rows of sessions: which bash was started, until it is known to have ended."""

from typing import TypeVar

from daemon.protocol import codec
from daemon.protocol.values import ConversationId
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


def forget_session(db: Database, conversation: ConversationId) -> None:
    """Of a conversation whose bash has ended: the next start need not look for it."""
    db.run("DELETE FROM session WHERE marker ->> 'conversation' = ?", (conversation,))


def forget_sessions(db: Database) -> None:
    """Once nothing is left of them."""
    db.run("DELETE FROM session")
