"""Values of the protocol with all that a test does not care about filled in."""

from typing import Any

from daemon.protocol.values import (
    Block,
    Citation,
    ConversationId,
    Digest,
    ErrorValue,
    Flow,
    FlowId,
    FlowStatus,
    Inquiry,
    InquiryId,
    InquiryKind,
    InquiryStatus,
    PlannedCommand,
    SourceName,
    Timestamp,
    Usage,
)

AT = Timestamp("2026-02-03T04:05:06.000Z")
LATER = Timestamp("2999-01-01T00:00:00.000Z")


def an_inquiry(
    script: str | None,
    *,
    text: str = "",
    kind: str = "run",
    plan: list[PlannedCommand] | None = None,
    hint: str | None = None,
    cwd: str = "/srv",
    **more: Any,
) -> Inquiry:
    given: dict[str, Any] = {
        "id": InquiryId("inq2345678bcdf"),
        "flow_id": FlowId("flw2345678bcdf"),
        "kind": InquiryKind(kind),
        "status": InquiryStatus.WAITING,
        "text": text,
        "secret": False,
        "script": script,
        "plan": plan or ([PlannedCommand("", script)] if script is not None else []),
        "cwd": cwd,
        "environment": ["HOME", "PATH"] if script is not None else [],
        "urls": [],
        "digest": Digest("d" * 64),
        "preview": None,
        "permission_hint": hint,
        "created_at": AT,
        "expires_at": LATER,
    }
    return Inquiry(**{**given, **more})


def a_flow(**more: Any) -> Flow:
    given: dict[str, Any] = {
        "id": FlowId("flw2345678bcdf"),
        "conversation": ConversationId("cnv2345678bcdf"),
        "question": "How many days?",
        "agent": None,
        "language": "en",
        "type": None,
        "block": Block.RESPONSE,
        "status": FlowStatus.ANSWERED,
        "inquiry": None,
        "terminal": None,
        "plan": [],
        "answer": None,
        "citations": [],
        "error": None,
        "rounds": 1,
        "revision": 1,
        "reasoner": "offline",
        "usage": Usage(),
        "created_at": AT,
        "updated_at": AT,
    }
    return Flow(**{**given, **more})


def an_error(name: str) -> ErrorValue:
    return ErrorValue(1, name, "What is wrong.", "What to do.")


def a_citation() -> Citation:
    return Citation(
        1, SourceName.DOCUMENTS, "Leave", "handbook/leave.md#Vacation", "25 days", AT, None
    )
