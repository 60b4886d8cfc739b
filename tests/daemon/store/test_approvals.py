"""An approval is handed out once; a fetch that was cut off, once more."""

from pathlib import Path

import pytest

from daemon.flow.starting import first_state, insert_flow
from daemon.protocol import errors
from daemon.protocol.calls import StartFlow
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    ConversationId,
    Digest,
    Inquiry,
    InquiryId,
    InquiryKind,
    InquiryStatus,
)
from daemon.store import Database
from daemon.store.approvals import grant_approval, use_approval
from daemon.store.clock import later, now
from daemon.store.inquiries import insert_inquiry
from daemon.store.schema import STATE_MIGRATIONS


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return Database.open(tmp_path / "state.db", STATE_MIGRATIONS)


def an_inquiry(db: Database, kind: InquiryKind, urls: tuple[str, ...] = ()) -> Inquiry:
    stored = first_state(StartFlow("?"), Path("/"), "en")
    insert_flow(db, stored)
    inquiry = Inquiry(
        id=InquiryId(f"i{stored.flow.id}"),
        flow_id=stored.flow.id,
        kind=kind,
        status=InquiryStatus.WAITING,
        text="",
        secret=False,
        script=None,
        plan=[],
        cwd="/" if kind is InquiryKind.RUN else None,
        environment=[],
        urls=list(urls),
        digest=Digest("d" * 64),
        preview=None,
        permission_hint=None,
        created_at=now(),
        expires_at=later(60),
    )
    insert_inquiry(db, inquiry)
    return inquiry


def grant(db: Database, inquiry: Inquiry, *scripts: str) -> str:
    return grant_approval(db, inquiry, scripts, ConversationId("c"))


def refused(db: Database, approval_id: str) -> bool:
    with pytest.raises(AlvoError) as caught:
        use_approval(db, approval_id)
    return caught.value.type is errors.APPROVAL_USED


def test_an_approval_to_run_is_handed_out_once(db: Database) -> None:
    approval_id = grant(db, an_inquiry(db, InquiryKind.RUN), "ls", "pwd")
    used = use_approval(db, approval_id)
    assert (used.scripts, used.urls, used.cwd) == (("ls", "pwd"), (), "/")
    assert refused(db, approval_id)


def test_an_inquiry_gives_no_second_approval(db: Database) -> None:
    inquiry = an_inquiry(db, InquiryKind.RUN)
    grant(db, inquiry, "ls")
    with pytest.raises(Exception, match="UNIQUE"):
        grant(db, inquiry, "ls")


def test_a_fetch_may_be_repeated_once_and_no_more(db: Database) -> None:
    approval_id = grant(db, an_inquiry(db, InquiryKind.FETCH, ("https://a.example/",)))
    for _ in range(2):
        assert use_approval(db, approval_id).urls == ("https://a.example/",)
    assert refused(db, approval_id)


def test_a_script_beside_an_address_is_not_repeated(db: Database) -> None:
    approval_id = grant(db, an_inquiry(db, InquiryKind.RUN, ("https://a.example/",)), "ls")
    use_approval(db, approval_id)
    assert refused(db, approval_id)


@pytest.mark.parametrize("kind", [InquiryKind.RUN, InquiryKind.FETCH])
def test_an_approval_that_came_too_late_is_not_used(db: Database, kind: InquiryKind) -> None:
    approval_id = grant(db, an_inquiry(db, kind, ("https://a.example/",)))
    db.run("UPDATE approval SET expires_at = ?", (later(-1),))
    assert refused(db, approval_id)
