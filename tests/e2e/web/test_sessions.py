"""Story: what a command left in the background is seen in a page, and ended there."""

import contextlib
import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.support.bash_sessions import commands
from tests.support.browser import PHONE
from tests.support.person import Person
from tests.support.waiting import wait_until


@pytest.fixture
def sleep(tmp_path: Path) -> str:
    program = tmp_path / f"sleep-{uuid.uuid4().hex[:8]}"
    program.symlink_to("/bin/sleep")
    return str(program)


def left(person: Person, script: str, **given: str) -> str:
    """The id of a flow that has run this."""
    flow = person.asked(f"!{script}", **given)
    person.rpc.allow(person.rpc.inquiry(flow["id"]))
    person.ended(flow["id"])
    return str(flow["id"])


def pressed(card: Locator, dialog: Locator) -> bool:
    """Whether a key on the button has opened the dialog."""
    card.get_by_role("button", name="End it").press("Enter")
    with contextlib.suppress(AssertionError):
        expect(dialog).to_be_visible(timeout=2000)
    return bool(dialog.count())


def test_the_flow_says_what_goes_on_and_leads_to_where_it_is_ended(
    somebody: Person, sleep: str
) -> None:
    flow = left(somebody, f"{sleep} 600 & sleep 0")
    left(somebody, "cd /", conversation="talk")
    (pid,) = commands(sleep)
    with somebody.tab(f"/flows/{flow}") as tab:
        page = tab.page
        expect(page.locator(".notices")).to_contain_text("Still working in the background")
        page.get_by_role("link", name="See what goes on").press("Enter")
        expect(page.locator("h1")).to_have_text("Sessions")
        card = page.get_by_label(f"Session {flow[:6]}")
        expect(card).to_be_focused()
        expect(card).to_contain_text(re.compile(rf"{sleep} .*process {pid}"))
        expect(page.get_by_label("Session talk")).to_contain_text("Nothing else goes on")

        card.get_by_role("button", name="End it").press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"With it end: {sleep}")
        expect(dialog).to_contain_text(f"({pid})")
        expect(dialog.get_by_role("button", name="No, leave it")).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        assert commands(sleep) == [pid]

        # The card is drawn anew now and then: a key may meet the one before.
        wait_until(lambda: dialog.count() or pressed(card, dialog), within=30)
        dialog.get_by_role("button", name="End it").click()
        expect(page.get_by_role("alert")).to_contain_text("has ended, with 1 process.")
        expect(card).to_have_count(0)
        expect(page.locator("h1")).to_be_focused()
        assert commands(sleep) == []
    assert [one["conversation"] for one in somebody.rpc("session.list")["sessions"]] == ["talk"]


def test_the_status_counts_what_goes_on_and_the_list_follows_what_happens(
    somebody: Person, sleep: str
) -> None:
    with somebody.tab("/sessions") as tab:
        page = tab.page
        expect(page.locator(".empty")).to_have_text("There are no sessions.")
        flow = left(somebody, f"{sleep} 600 &")
        expect(page.get_by_label(f"Session {flow[:6]}")).to_contain_text(sleep)
        tab.go("/status")
        page.get_by_role("link", name="1 session with something still working").click()
        expect(page).to_have_url(re.compile("/sessions$"))
        somebody.rpc("session.end", conversation=flow)
        expect(page.locator(".empty")).to_be_visible()


def test_a_session_in_which_a_command_runs_leads_to_it_and_is_not_offered_to_be_ended(
    somebody: Person,
) -> None:
    somebody.rpc.allow(inquiry := somebody.waiting("sleep 600"))
    flow = inquiry["flow_id"]
    somebody.rpc.follow(flow, {"executing"})
    with somebody.tab("/sessions") as tab:
        card = tab.page.locator("section.card")
        expect(card.get_by_role("link", name=f"runs flow {flow[:6]}")).to_be_visible()
        assert card.get_by_role("button").count() == 0
        somebody.rpc("flow.cancel", flow_id=flow)
        somebody.ended(flow)


def test_what_could_not_be_ended_is_told(somebody: Person, sleep: str) -> None:
    flow = left(somebody, f"{sleep} 600 &")
    with somebody.tab("/sessions") as tab:

        def as_if(route) -> None:
            if "session.end" not in (route.request.post_data or ""):
                route.fallback()
                return
            asked = route.request.post_data_json
            stuck = {"pid": 4242, "program": "/bin/<b>stuck</b>\u202e"}
            result = {"conversation": flow, "ended": [], "left": [stuck]}
            route.fulfill(json={"jsonrpc": "2.0", "id": asked["id"], "result": result})

        page = tab.page
        page.route("**/rpc", as_if)
        page.get_by_role("button", name="End it").click()
        page.get_by_role("dialog").get_by_role("button", name="End it").click()
        told = page.locator(".problem")
        expect(told).to_have_text("Could not be ended: /bin/<b>stuck</b><U+202E> (4242)")


def test_on_a_phone_and_in_portuguese(somebody: Person, sleep: str) -> None:
    long = somebody.home.home / ("deep" * 40)
    long.mkdir()
    left(somebody, f"cd {long}; {sleep} 600 &")
    with somebody.tab("/sessions", locale="pt-BR", viewport=PHONE, is_mobile=True) as tab:
        page = tab.page
        expect(page.locator("h1")).to_have_text("Sessões")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.get_by_role("button", name="Encerrar").click()
        expect(page.get_by_role("dialog")).to_contain_text("Com ela se encerram")
        page.get_by_role("dialog").get_by_role("button", name="Encerrar").click()
        expect(page.get_by_role("alert")).to_contain_text("terminou, com 1 processo.")
        expect(page.locator(".empty")).to_have_text("Não há sessões.")
