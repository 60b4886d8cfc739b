"""The rows of inquiries: immutable while they wait, answered once."""

from dataclasses import asdict, fields, replace
from typing import Any, Final

from daemon.protocol import codec, errors
from daemon.protocol.audit import AuditKind
from daemon.protocol.calls import InquiryList, ListInquiries
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    AnswerDecision,
    AnsweredBy,
    Citation,
    Digest,
    FlowId,
    Inquiry,
    InquiryId,
    InquiryKind,
    InquiryStatus,
    PlannedCommand,
    ResolvedProgram,
    Timestamp,
)
from daemon.store.audit import append_audit
from daemon.store.clock import now
from daemon.store.database import Database, Row
from daemon.store.fitting import fitting
from daemon.store.ids import resolve
from prompts import Phrase

MAX_INQUIRIES: Final = 500
_COLUMNS: Final = tuple(field.name for field in fields(Inquiry))
_SHOWN: Final = (
    *("kind", "text", "secret", "script", "cwd", "environment", "urls", "digest"),
    *("permission_hint", "expires_at", "programs", "proposed_by", "citations"),
)
"""Of an inquiry in the audit log: what a person sees of it."""
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM inquiry"
_INSERT: Final = (
    f"INSERT INTO inquiry ({', '.join(_COLUMNS)}) "
    f"VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"
)


def insert_inquiry(db: Database, inquiry: Inquiry) -> None:
    values: dict[str, Any] = {name: getattr(inquiry, name) for name in _COLUMNS}
    for name in ("plan", "environment", "urls", "programs", "citations"):
        values[name] = codec.encode(values[name]).decode()
    for name in ("preview", "answered_by"):
        if values[name] is not None:
            values[name] = codec.encode(values[name]).decode()
    values["secret"] = int(inquiry.secret)
    db.run(_INSERT, values)
    shown = {name: codec.to_builtins(getattr(inquiry, name)) for name in _SHOWN}
    append_audit(db, AuditKind.INQUIRY_SHOWN, inquiry.flow_id, {"inquiry": inquiry.id, **shown})


def load_inquiry(db: Database, given: str) -> Inquiry:
    """By id or the beginning of one; raises INQUIRY_NOT_FOUND, AMBIGUOUS_ID."""
    found = resolve(db, "inquiry", given, errors.INQUIRY_NOT_FOUND, inquiry=given)
    row = db.one(f"{_SELECT} WHERE id = ?", (found,))
    if row is None:
        raise AlvoError(errors.INQUIRY_NOT_FOUND, inquiry=given)
    return _inquiry(row)


def list_inquiries(db: Database, wanted: ListInquiries) -> InquiryList:
    """Oldest first; the latest of them, as many as are wanted and fit one reply."""
    conditions, params = ["1"], list[Any]()
    if wanted.status is not None:
        conditions.append("status = ?")
        params.append(wanted.status)
    if wanted.before is not None:
        conditions.append("(created_at, id) < (SELECT created_at, id FROM inquiry WHERE id = ?)")
        params.append(load_inquiry(db, wanted.before).id)
    where = " AND ".join(conditions)
    rows = db.rows(
        f"{_SELECT} WHERE {where} ORDER BY created_at DESC, id DESC LIMIT ?",
        [*params, max(1, min(wanted.limit, MAX_INQUIRIES))],
    )
    found = [_inquiry(row) for row in reversed(fitting(rows))]
    total = int(db.value(f"SELECT count(*) FROM inquiry WHERE {where}", params))
    return InquiryList(found, total - len(found))


def applied_inquiry(db: Database, flow_id: FlowId) -> Inquiry | None:
    """The last of a flow whose preview a person had written."""
    row = db.one(
        f"{_SELECT} WHERE flow_id = ? AND decision = ? ORDER BY answered_at DESC LIMIT 1",
        (flow_id, AnswerDecision.APPLY),
    )
    return None if row is None else _inquiry(row)


def expired_inquiries(db: Database) -> list[Inquiry]:
    """Those that still wait although their time is over."""
    rows = db.all(f"{_SELECT} WHERE status = ? AND expires_at <= ?", (InquiryStatus.WAITING, now()))
    return [_inquiry(row) for row in rows]


def next_expiry(db: Database) -> Timestamp | None:
    value = db.value(
        "SELECT min(expires_at) FROM inquiry WHERE status = ?", (InquiryStatus.WAITING,)
    )
    return None if value is None else Timestamp(value)


def close_inquiry(
    db: Database,
    inquiry: Inquiry,
    status: InquiryStatus,
    decision: AnswerDecision | None = None,
    by: AnsweredBy | None = None,
) -> Inquiry:
    """Ends the wait; raises INQUIRY_CLOSED where somebody else was first."""
    at = now()
    changed = db.run(
        "UPDATE inquiry SET status = ?, decision = ?, answered_by = ?, answered_at = ?"
        " WHERE id = ? AND status = ?",
        (
            status,
            decision,
            None if by is None else codec.encode(by).decode(),
            at,
            inquiry.id,
            InquiryStatus.WAITING,
        ),
    )
    if not changed:
        raise closed_error(load_inquiry(db, inquiry.id))
    told = {"inquiry": inquiry.id, "status": status, "decision": decision, "by": by and asdict(by)}
    append_audit(db, AuditKind.INQUIRY_ENDED, inquiry.flow_id, told)
    return replace(inquiry, status=status, decision=decision, answered_by=by, answered_at=at)


def closed_error(inquiry: Inquiry) -> AlvoError:
    """Who answered, how, and when."""
    by = inquiry.answered_by
    return AlvoError(
        errors.INQUIRY_CLOSED,
        inquiry=inquiry.id,
        decision=Phrase(
            f"decision_{inquiry.decision}" if inquiry.decision else f"status_{inquiry.status}"
        ),
        who="Alvo" if by is None else f"{by.client} ({by.pid})",
        when=inquiry.answered_at or inquiry.expires_at,
    )


def _inquiry(row: Row) -> Inquiry:
    at = dict(zip(_COLUMNS, row, strict=True))
    return Inquiry(
        id=InquiryId(at["id"]),
        flow_id=FlowId(at["flow_id"]),
        kind=InquiryKind(at["kind"]),
        status=InquiryStatus(at["status"]),
        text=at["text"],
        secret=bool(at["secret"]),
        script=at["script"],
        plan=codec.decode(at["plan"], list[PlannedCommand]),
        cwd=at["cwd"],
        environment=codec.decode(at["environment"], list[str]),
        urls=codec.decode(at["urls"], list[str]),
        digest=Digest(at["digest"]),
        preview=None if at["preview"] is None else codec.decode(at["preview"], dict),
        permission_hint=at["permission_hint"],
        created_at=Timestamp(at["created_at"]),
        expires_at=Timestamp(at["expires_at"]),
        answered_by=(
            None if at["answered_by"] is None else codec.decode(at["answered_by"], AnsweredBy)
        ),
        answered_at=None if at["answered_at"] is None else Timestamp(at["answered_at"]),
        decision=None if at["decision"] is None else AnswerDecision(at["decision"]),
        programs=codec.decode(at["programs"], list[ResolvedProgram]),
        proposed_by=at["proposed_by"],
        citations=codec.decode(at["citations"], list[Citation]),
    )
