"""The rows of inquiries: as they were put, and never more of them than fit one reply."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.protocol.calls import ListInquiries
from daemon.protocol.values import (
    Inquiry,
    InquiryId,
    InquiryStatus,
    ProgramKind,
    ResolvedProgram,
    Timestamp,
)
from daemon.store import Database
from daemon.store.flows import StoredFlow, save_flow
from daemon.store.inquiries import insert_inquiry, list_inquiries, load_inquiry
from daemon.store.schema import STATE_MIGRATIONS
from tests.support.values import a_citation, a_flow, an_inquiry


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "state.db", STATE_MIGRATIONS)
    save_flow(opened, StoredFlow(a_flow(), "/", None, 0))
    yield opened
    opened.close()


def put(db: Database, number: int, **more: object) -> Inquiry:
    # Two of each moment: the order among them must hold too.
    at = Timestamp(f"2026-01-01T00:00:{number // 2:02}.000Z")
    inquiry = an_inquiry("true", id=InquiryId(f"inq{number:04}"), created_at=at, **more)
    insert_inquiry(db, inquiry)
    return inquiry


def test_an_inquiry_comes_back_as_it_was_put(db: Database) -> None:
    programs = [ResolvedProgram("vi", ProgramKind.FILE, "/bin/vi", "/bin/vim", sure=False)]
    put_in = put(db, 1, programs=programs, proposed_by="offline", citations=[a_citation()])
    assert load_inquiry(db, put_in.id) == put_in


def test_a_long_list_says_how_many_are_left_and_goes_back_page_by_page(db: Database) -> None:
    all_ = [put(db, n).id for n in range(25)]
    seen, before, lefts = list[str](), None, list[int]()
    while not lefts or lefts[-1]:
        page = list_inquiries(db, ListInquiries(InquiryStatus.WAITING, limit=10, before=before))
        seen = [inquiry.id for inquiry in page.inquiries] + seen
        before = page.inquiries[0].id
        lefts.append(page.left)
    assert seen == all_
    assert lefts == [15, 5, 0]
    assert list_inquiries(db, ListInquiries(InquiryStatus.CLOSED)).inquiries == []


def test_a_list_of_what_is_large_is_shorter_and_says_so(db: Database) -> None:
    for n in range(3):
        put(db, n, text="x" * 3_000_000)
    page = list_inquiries(db, ListInquiries())
    assert (len(page.inquiries), page.left) == (1, 2)
