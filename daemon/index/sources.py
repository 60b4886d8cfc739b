"""The rows of sources, and of what could not be read in them."""

from typing import Any, Final

from daemon.index.schema import FIRST_AGENT
from daemon.protocol import codec
from daemon.protocol.errors import SOURCE_EXISTS, SOURCE_NOT_FOUND, AlvoError
from daemon.protocol.values import (
    Progress,
    Source,
    SourceId,
    SourceKind,
    SourceState,
    Timestamp,
)
from daemon.store import Database
from daemon.store.clock import now
from daemon.store.ids import new_id
from daemon.store.ids import resolve as resolve_id

MAX_FAILURES: Final = 100
"""How many failures of a source are told; all are kept."""

_COLUMNS: Final = (
    "id, kind, location, name, private, state, documents, passages, progress, refreshed_at"
)


def read(db: Database, owner: str | None = "") -> list[Source]:
    """Of one owner; None: of all."""
    rows = db.all(
        f"SELECT {_COLUMNS} FROM source WHERE ? IS NULL"
        " OR owner = (SELECT number FROM owner WHERE name = ?) ORDER BY name, id",
        (owner, owner),
    )
    return [_source(db, row) for row in rows]


def _source(db: Database, row: tuple[Any, ...]) -> Source:
    id_, kind, location, name, private, state, documents, passages, progress, refreshed_at = row
    failures = db.all(
        "SELECT sentence FROM failure WHERE source_id = ? ORDER BY path LIMIT ?",
        (id_, MAX_FAILURES),
    )
    return Source(
        id=SourceId(id_),
        kind=SourceKind(kind),
        location=location,
        name=name,
        private=bool(private),
        state=SourceState(state),
        documents=documents,
        passages=passages,
        failures=[sentence for (sentence,) in failures],
        progress=None if progress is None else codec.decode(progress, Progress),
        refreshed_at=None if refreshed_at is None else Timestamp(refreshed_at),
    )


def add(
    db: Database, kind: SourceKind, location: str, name: str, *, private: bool, owner: str
) -> Source:
    with db.transaction():
        number = _owner_number(db, owner)
        there = db.value(
            "SELECT id FROM source WHERE owner = ? AND kind = ? AND location = ?",
            (number, kind.value, location),
        )
        if there is not None:
            raise AlvoError(SOURCE_EXISTS, location=location, source=there)
        id_ = new_id()
        db.run(
            "INSERT INTO source (id, owner, kind, location, name, private, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (id_, number, kind.value, location, name, private, SourceState.INDEXING.value),
        )
    row = db.one(f"SELECT {_COLUMNS} FROM source WHERE id = ?", (id_,))
    assert row is not None
    return _source(db, row)


def _owner_number(db: Database, owner: str) -> int:
    number = db.value("SELECT number FROM owner WHERE name = ?", (owner,))
    if number is None:
        # The databases' tables have an owner too, which no person can name.
        first = 1 if owner.startswith("\0") else FIRST_AGENT
        # The lowest that is free: ids have room for a hundred thousand owners, not for more.
        number = db.value(
            "SELECT min(free) FROM (SELECT ? AS free UNION SELECT number + 1 FROM owner)"
            " WHERE free >= ? AND free NOT IN (SELECT number FROM owner)",
            (first, first),
        )
        db.run("INSERT INTO owner VALUES (?, ?)", (number, owner))
    return int(number)


def resolve(db: Database, given: str) -> SourceId:
    """From an id, the beginning of one, or of the person's own a location, or a name that only one
    source has.
    """
    own = "SELECT id FROM source WHERE owner = 0 AND"
    named = db.all(f"{own} location = ?", (given,)) or db.all(f"{own} name = ?", (given,))
    if len(named) == 1:
        return SourceId(named[0][0])
    return SourceId(resolve_id(db, "source", given, SOURCE_NOT_FOUND, source=given))


def remove(db: Database, source_id: SourceId) -> None:
    """Once it has no documents any more."""
    db.run("DELETE FROM source WHERE id = ?", (source_id,))


def forget_owner(db: Database, owner: str) -> None:
    """Once it has no sources any more."""
    db.run(
        "DELETE FROM owner WHERE name = ? AND number != 0"
        " AND NOT EXISTS (SELECT 1 FROM source WHERE source.owner = number)",
        (owner,),
    )


def set_state(
    db: Database, source_id: SourceId, state: SourceState, progress: Progress | None
) -> None:
    encoded = None if progress is None else codec.encode(progress).decode()
    refreshed_at = now() if state is SourceState.READY else None
    db.run(
        "UPDATE source SET state = ?, progress = ?, refreshed_at = coalesce(?, refreshed_at)"
        " WHERE id = ?",
        (state.value, encoded, refreshed_at, source_id),
    )


def record_failure(db: Database, source_id: SourceId, path: str, sentence: str) -> None:
    db.run("INSERT OR REPLACE INTO failure VALUES (?, ?, ?)", (source_id, path, sentence))


def forget_failure(db: Database, source_id: SourceId, path: str) -> None:
    db.run("DELETE FROM failure WHERE source_id = ? AND path = ?", (source_id, path))


def copy(old: Database, new: Database) -> list[SourceId]:
    """Every source without its documents; gives the ids of those that agents own."""
    with new.transaction():
        new.many("INSERT OR IGNORE INTO owner VALUES (?, ?)", old.all("SELECT * FROM owner"))
        new.many(
            "INSERT INTO source (id, owner, kind, location, name, private, state, refreshed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            old.all(
                "SELECT id, owner, kind, location, name, private, state, refreshed_at FROM source"
            ),
        )
    owned = old.all("SELECT id FROM source WHERE owner != 0 ORDER BY id")
    return [SourceId(id_) for (id_,) in owned]
