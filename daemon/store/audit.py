"""The audit log: entries that are only ever added, each bound to all before it by its hash."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

from daemon.protocol.audit import AuditEntry, AuditKind, AuditProblem, AuditProblemKind
from daemon.protocol.values import Digest, FlowId, Json, Timestamp
from daemon.store.clock import now
from daemon.store.database import Database, Row
from daemon.store.fitting import fitting

GENESIS: Final = Digest("0" * 64)
"""What the first entry of all is bound to."""
MAX_ENTRIES: Final = 1000
_PROBLEMS_MAX: Final = 100


def append_audit(db: Database, kind: AuditKind, flow_id: FlowId | None, data: Json) -> None:
    """Call it inside the transaction that does what the entry tells; never with a secret."""
    n, previous = audit_end(db)
    content = {"n": n + 1, "at": now(), "kind": kind, "flow_id": flow_id, "data": data}
    text = canonical(content)
    db.run(
        "INSERT INTO audit (n, flow_id, entry, hash) VALUES (?, ?, ?, ?)",
        (n + 1, flow_id, text, chained(previous, text)),
    )


def canonical(content: Json) -> str:
    """One spelling for one value: sorted names, no spaces, ASCII."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def chained(previous: Digest, text: str) -> Digest:
    return Digest(hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest())


def audit_end(db: Database) -> tuple[int, Digest]:
    """Number and hash of the last entry, or of the last that was removed by its age."""
    row = db.one("SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1")
    return (int(row[0]), Digest(row[1])) if row else _stub(db)


def _stub(db: Database) -> tuple[int, Digest]:
    """Where the entries that are kept begin."""
    row = db.one("SELECT n, hash FROM audit_stub")
    return (int(row[0]), Digest(row[1])) if row else (0, GENESIS)


def hash_at(db: Database, n: int) -> Digest | None:
    """Of entry `n`; None where it is not there."""
    if n == _stub(db)[0]:
        return _stub(db)[1]
    value = db.value("SELECT hash FROM audit WHERE n = ?", (n,))
    return None if value is None else Digest(value)


def list_audit(
    db: Database, limit: int, before: int | None, flow_id: str | None
) -> list[AuditEntry]:
    """Newest first, as many as fit one reply."""
    conditions, params = ["1"], list[Any]()
    if before is not None:
        conditions.append("n < ?")
        params.append(max(0, min(before, (1 << 63) - 1)))
    if flow_id is not None:
        conditions.append("flow_id = ?")
        params.append(flow_id)
    params.append(max(1, min(limit, MAX_ENTRIES)))
    rows = db.rows(
        f"SELECT n, flow_id, entry, hash FROM audit WHERE {' AND '.join(conditions)}"
        " ORDER BY n DESC LIMIT ?",
        params,
    )
    return [_entry(row) for row in fitting(rows)]


def _entry(row: Row) -> AuditEntry:
    """What was made unreadable is still listed, as of no known kind."""
    n, _, text, hash_ = row
    at = _content(text) or {}
    kind = str(at.get("kind"))
    known = kind in set(AuditKind)
    data = at.get("data")
    return AuditEntry(
        n=n,
        at=Timestamp(str(at.get("at", ""))),
        kind=AuditKind(kind) if known else AuditKind.UNREADABLE,
        flow_id=None if at.get("flow_id") is None else FlowId(str(at["flow_id"])),
        data=data if isinstance(data, dict) else {},
        hash=Digest(hash_),
    )


def _content(text: str) -> Json | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def prune_audit(db: Database, before: Timestamp) -> int:
    """Removes the entries older than `before`; a stub and an entry say up to where, and keep the chain.

    Call it inside a transaction. Gives how many.
    """
    rows = db.rows("SELECT n, entry, hash FROM audit ORDER BY n")
    last: tuple[int, str] | None = None
    for n, text, hash_ in rows:
        content = _content(text)
        if content is None or str(content.get("at", "")) >= before:
            break
        last = (n, hash_)
    if last is None:
        return 0
    append_audit(db, AuditKind.PRUNED, None, {"through": last[0], "hash": last[1]})
    db.run("INSERT OR REPLACE INTO audit_stub (one, n, hash) VALUES (1, ?, ?)", last)
    return db.run("DELETE FROM audit WHERE n <= ?", (last[0],))


def audit_problems(db: Database) -> list[AuditProblem]:
    """Every entry that was changed, removed, added or moved, as far as the chain itself tells."""
    found = list[AuditProblem]()
    for problem in _problems(db):
        found.append(problem)
        if len(found) == _PROBLEMS_MAX:
            break
    return found


def _problems(db: Database) -> Iterator[AuditProblem]:
    stub = expected, previous = _stub(db)
    pruned = (0, str(GENESIS))
    for n, flow_id, text, hash_ in db.rows("SELECT n, flow_id, entry, hash FROM audit ORDER BY n"):
        expected += 1
        content = _content(text) or {}
        whole = (content.get("n"), content.get("flow_id")) == (n, flow_id)
        if n != expected:
            yield AuditProblem(AuditProblemKind.REMOVED, expected)
            expected = n
        elif not whole or chained(previous, text) != hash_:
            yield AuditProblem(AuditProblemKind.CHANGED, n)
        previous = Digest(hash_)
        match content:
            case {"kind": AuditKind.PRUNED, "data": {"through": int(through), "hash": str(at)}}:
                pruned = (through, at)
            case {"kind": AuditKind.HEAD_LOST}:
                yield AuditProblem(AuditProblemKind.HEAD_LOST, n)
    # Whoever moves the beginning by hand leaves no entry that says so.
    if pruned != stub:
        yield AuditProblem(AuditProblemKind.BEGINNING, stub[0] + 1)
