"""What travels of the audit log."""

from dataclasses import dataclass
from enum import StrEnum

from daemon.protocol.values import Digest, FlowId, Json, Timestamp


class AuditKind(StrEnum):
    """What an entry of the audit log tells."""

    INQUIRY_SHOWN = "inquiry_shown"
    INQUIRY_ENDED = "inquiry_ended"
    APPROVAL_GRANTED = "approval_granted"
    APPROVAL_USED = "approval_used"
    COMMAND_STARTED = "command_started"
    COMMAND_ENDED = "command_ended"
    FETCH = "fetch"
    FETCH_HOP = "fetch_hop"
    PREVIEW_APPLIED = "preview_applied"
    PREVIEW_UNDONE = "preview_undone"
    PERMISSION_ADDED = "permission_added"
    PERMISSION_REVOKED = "permission_revoked"
    PERMISSION_USED = "permission_used"
    PRUNED = "pruned"
    HEAD_LOST = "head_lost"
    HEAD_MISFIT = "head_misfit"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`n`: from 1, without gaps. `hash`: SHA-256 over the one before and this entry's JSON.

    `data` by kind: inquiry_shown {inquiry, kind, text, script, cwd, environment, urls, digest,
    permission_hint, programs, proposed_by, citations}; inquiry_ended {inquiry, status, decision, by}; approval_granted {approval,
    inquiry, digest, scripts, urls, cwd}; approval_used {approval}; fetch {approval, urls, repeat};
    fetch_hop {approval, url, to}: before a redirect is followed; preview_applied {set, inquiry,
    digest, paths}, `digest` as it was shown and allowed, `paths` how many were written;
    preview_undone {set, digest, paths, by}, `digest` of the list of changes that were taken back, by
    null where a crash cut it off;
    command_started {n, of, script}; command_ended {n, of, status, exit_status};
    permission_added {permission, pattern, program, cwd, scope, conversation, expires_at, by};
    permission_revoked {permission, by}; permission_used {permission, inquiry}; pruned {through,
    hash}; head_lost {found}; head_misfit {n, hash}.
    """

    n: int
    at: Timestamp
    kind: AuditKind
    flow_id: FlowId | None
    data: Json
    hash: Digest


class AuditProblemKind(StrEnum):
    """`beginning`: entries are gone from the beginning, not by their age. `cut`: from the end."""

    CHANGED = "changed"
    REMOVED = "removed"
    BEGINNING = "beginning"
    CUT = "cut"
    HEAD_LOST = "head_lost"
    HEAD_MISFIT = "head_misfit"


@dataclass(frozen=True, slots=True)
class AuditProblem:
    """`n`: the entry at which it shows."""

    kind: AuditProblemKind
    n: int
