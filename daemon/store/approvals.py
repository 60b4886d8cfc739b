"""Approvals: each is handed out once, and used up on disk before it is in anyone's hand (P1, P3)."""

from dataclasses import dataclass

from daemon.protocol.values import ConversationId, Digest, FlowId, InquiryId


@dataclass(frozen=True, slots=True)
class UsedApproval:
    """Leave to run these scripts, once. Only `use_approval` makes one."""

    id: str
    flow_id: FlowId
    inquiry_id: InquiryId
    digest: Digest
    scripts: tuple[str, ...]
    cwd: str
    conversation: ConversationId
