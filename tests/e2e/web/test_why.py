"""Story: a command fails, and a button asks why; the answer is the next flow."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.person import Person, Place
from tests.support.waiting import wait_until

BROKEN = "echo 'fatal: flurbctl: the socket is gone' >&2; exit 3"


@pytest.fixture
def failed(tab: Place) -> Place:
    tab.ask(f"!{BROKEN}")
    tab.answer("allow")
    expect(tab.page.locator("article.flow")).to_have_attribute("data-status", "failed")
    return tab


def test_why_is_asked_in_the_same_conversation_and_the_focus_goes_there(
    failed: Place, person: Person
) -> None:
    page = failed.page
    address = page.url
    page.get_by_role("button", name="Why?").click()
    answer = page.locator("article.flow").nth(1)
    expect(answer).to_be_focused()
    expect(answer).to_contain_text("Why did that command fail")
    expect(answer.locator(".answer")).to_contain_text("ended with exit status 3")
    expect(answer.locator(".answer")).to_contain_text("flurbctl: the socket is gone")
    assert page.url == address
    assert answer.get_by_role("button", name="Why?").count() == 0
    first, second = person.rpc("flow.list", limit=2)["flows"]
    assert first["conversation"] == second["conversation"]


def test_from_a_flow_alone_it_leads_to_its_conversation(failed: Place, person: Person) -> None:
    flow = person.rpc("flow.list", limit=1)["flows"][0]
    failed.go(f"/flows/{flow['id']}")
    page = failed.page
    page.get_by_role("button", name="Why?").press("Enter")
    expect(page).to_have_url(re.compile(f"/conversations/{flow['conversation']}"))
    expect(page.locator("article.flow")).to_have_count(2)
    expect(page.locator(".answer").last).to_contain_text("ended with exit status 3")


def test_in_portuguese_it_is_asked_and_answered_so(person: Person) -> None:
    person.rpc.allow(ran := person.waiting(BROKEN))
    person.ended(ran["flow_id"])
    with person.tab(f"/flows/{ran['flow_id']}", locale="pt-BR") as tab:
        tab.page.get_by_role("button", name="Por quê?").click()
        expect(tab.page.locator(".answer").last).to_contain_text("terminou com status 3")


def test_one_that_was_cut_off_can_be_asked_about_too(somebody: Person) -> None:
    somebody.rpc.allow(ran := somebody.waiting("echo begun; sleep 600"))
    wait_until(lambda: "begun" in somebody.rpc.output(ran["flow_id"]))
    somebody.home.kill()
    somebody.home.start()
    with somebody.tab(f"/flows/{ran['flow_id']}") as tab:
        expect(tab.page.locator("article.flow")).to_have_attribute("data-status", "interrupted")
        tab.page.get_by_role("button", name="Why?").click()
        expect(tab.page.locator(".answer").last).to_contain_text("before it could say how it went")


def test_there_is_nothing_to_ask_where_no_command_failed(person: Person) -> None:
    denied = person.waiting("echo no")
    person.rpc("inquiry.answer", inquiry_id=denied["id"], decision="deny")
    person.rpc.allow(fine := person.waiting("echo fine"))
    unknown = person.asked("What is the salary of the workshop lead?")
    asked = person.rpc.inquiry(unknown["id"])
    person.rpc("inquiry.answer", inquiry_id=asked["id"], decision="deny")
    for flow_id in (denied["flow_id"], fine["flow_id"], unknown["id"]):
        person.ended(flow_id)
        with person.tab(f"/flows/{flow_id}") as tab:
            expect(tab.page.get_by_role("button", name="Export")).to_be_visible()
            assert tab.page.get_by_role("button", name="Why?").count() == 0
