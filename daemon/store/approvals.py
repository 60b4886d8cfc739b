"""Approvals: each is handed out once, and used up on disk before it is in anyone's hand (P1, P3)."""

from dataclasses import dataclass
from typing import Final

from daemon.protocol import codec, errors
from daemon.protocol.audit import AuditKind
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import ConversationId, Digest, Flow, FlowId, Inquiry, InquiryId
from daemon.store.audit import append_audit
from daemon.store.clock import later, now
from daemon.store.database import Database, Row
from daemon.store.ids import new_id

# Between the yes and its use lies one hop of the event loop; what took longer is asked again.
LIFETIME_S: Final = 60.0


_REPEATS_OF_A_FETCH: Final = 1
"""A fetch that a crash cut off may be repeated once: reading a page again changes nothing."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class UsedApproval:
    """Leave to run these scripts, or to read these addresses, once. Only `use_approval` makes one.

    Who counts its uses may forget it with the last holder: the row says that it was used.
    """

    id: str
    flow_id: FlowId
    inquiry_id: InquiryId
    digest: Digest
    scripts: tuple[str, ...]
    cwd: str
    conversation: ConversationId
    urls: tuple[str, ...] = ()


def aside_of(flow_id: FlowId, inquiry_id: InquiryId) -> ConversationId:
    """A session beside the conversation's, for one approval: no caller can name one with a ~."""
    return ConversationId(f"{flow_id}~{inquiry_id}")


def session_of(db: Database, flow: Flow) -> ConversationId:
    """The session that the flow's command runs in."""
    found = db.value(
        "SELECT conversation FROM approval WHERE flow_id = ? ORDER BY rowid DESC LIMIT 1",
        (flow.id,),
    )
    return flow.conversation if found is None else ConversationId(found)


def grant_approval(
    db: Database, inquiry: Inquiry, scripts: tuple[str, ...], conversation: ConversationId
) -> str:
    """Records the yes to an inquiry, not yet used. The same inquiry gives no second one."""
    approval_id = new_id()
    db.run(
        "INSERT INTO approval (id, inquiry_id, flow_id, conversation, digest, scripts, urls, cwd,"
        " created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            approval_id,
            inquiry.id,
            inquiry.flow_id,
            conversation,
            inquiry.digest,
            codec.encode(scripts).decode(),
            codec.encode(inquiry.urls).decode(),
            inquiry.cwd or "",
            now(),
            later(LIFETIME_S),
        ),
    )
    told = {
        "approval": approval_id,
        "inquiry": inquiry.id,
        "digest": inquiry.digest,
        "scripts": scripts,
        "urls": inquiry.urls,
        "cwd": inquiry.cwd,
    }
    append_audit(db, AuditKind.APPROVAL_GRANTED, inquiry.flow_id, told)
    return approval_id


def use_approval(db: Database, approval_id: str) -> UsedApproval:
    """Used up on disk, then handed out; a second call, or one too late, is APPROVAL_USED."""
    with db.transaction():
        at = now()
        changed = db.run(
            "UPDATE approval SET used_at = :at, uses = uses + 1 WHERE id = :id"
            " AND (uses = 0 AND expires_at > :at"
            "      OR urls <> '[]' AND scripts = '[]' AND uses BETWEEN 1 AND :repeats)",
            {"at": at, "id": approval_id, "repeats": _REPEATS_OF_A_FETCH},
        )
        row = db.one(
            "SELECT flow_id, inquiry_id, digest, scripts, cwd, conversation, urls, uses FROM approval"
            " WHERE id = ?",
            (approval_id,),
        )
        if not changed or row is None:
            raise AlvoError(errors.APPROVAL_USED, flow=row[0] if row else "?")
        *_, uses = row
        used = _used(approval_id, row)
        told = {"approval": approval_id, "inquiry": used.inquiry_id}
        append_audit(db, AuditKind.APPROVAL_USED, used.flow_id, told)
        if used.urls:
            fetch = {"approval": approval_id, "urls": used.urls, "repeat": uses > 1}
            append_audit(db, AuditKind.FETCH, used.flow_id, fetch)
    return used


def _used(approval_id: str, row: Row) -> UsedApproval:
    flow_id, inquiry_id, digest, scripts, cwd, conversation, urls, _ = row
    return UsedApproval(
        id=approval_id,
        flow_id=FlowId(flow_id),
        inquiry_id=InquiryId(inquiry_id),
        digest=Digest(digest),
        scripts=codec.decode(scripts, tuple[str, ...]),
        cwd=cwd,
        conversation=ConversationId(conversation),
        urls=codec.decode(urls, tuple[str, ...]),
    )
