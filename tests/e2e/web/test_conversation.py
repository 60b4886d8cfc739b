"""Story: a person asks in a page, reads where the answer comes from, and finds it again."""

import re
import shutil

import pytest
from playwright.sync_api import expect

from tests.support.person import Person, Place
from tests.support.sample import SAMPLE

QUESTION = "How many days of vacation does everybody have?"


@pytest.fixture(scope="module", autouse=True)
def handbook(person: Person) -> None:
    shutil.copytree(SAMPLE / "handbook" / "en", person.home.home / "handbook")
    added = person.home.run("alvo-embed", "add", str(person.home.home / "handbook"))
    assert added.returncode == 0, added.stderr


@pytest.fixture
def answered(tab: Place) -> Place:
    tab.ask(QUESTION)
    expect(tab.page.locator(".answer")).to_contain_text("30 calendar days")
    return tab


def test_a_question_is_answered_with_its_source_and_who_answered(answered: Place) -> None:
    page = answered.page
    expect(page.locator("article.flow")).to_have_attribute("data-status", "answered")
    expect(page.locator(".citations details").first).to_contain_text("Working hours and leave")
    expect(page.locator(".cost")).to_contain_text("offline")
    assert "/conversations/" in page.url
    assert page.title().startswith(QUESTION[:20])


def test_a_mark_in_the_answer_opens_its_citation(answered: Place) -> None:
    page = answered.page
    page.locator(".answer a.citation").first.click()
    cited = page.locator(".citations details").first
    expect(cited).to_have_attribute("open", "")
    expect(cited).to_contain_text("02-working-hours-and-leave.md#Vacation")
    expect(cited.locator("blockquote")).to_contain_text("vacation")
    expect(cited.locator("summary")).to_be_focused()


def test_the_next_question_goes_on_in_the_same_conversation(answered: Place) -> None:
    page = answered.page
    address = page.url
    answered.ask("When was the company founded?")
    expect(page.locator("article.flow")).to_have_count(2)
    expect(page.locator(".answer").last).to_contain_text("14 March 2011")
    assert page.url == address


def test_a_conversation_is_found_again_by_what_was_said_in_it(answered: Place) -> None:
    page = answered.page
    answered.go("/")
    page.fill("[data-search]", "calendar days")
    line = page.locator(".history a.line").first
    expect(line).to_contain_text(QUESTION)
    page.fill("[data-search]", "nothing of this kind was ever said")
    expect(page.locator(".history a.line")).to_have_count(0)
    page.fill("[data-search]", "VACATION")
    expect(page).to_have_url(re.compile("q=VACATION"))
    line.click()
    expect(page.locator("article.flow").first).to_contain_text("30 calendar days")


def test_an_answer_can_be_copied(person: Person) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    with person.tab(permissions=permissions) as tab:
        tab.ask(QUESTION)
        page = tab.page
        page.get_by_role("button", name="Copy", exact=True).click()
        expect(page.locator("#live")).to_have_text("Copied.")
        assert "30 calendar days" in page.evaluate("navigator.clipboard.readText()")


def test_a_flow_and_a_conversation_can_be_taken_away_as_markdown(answered: Place) -> None:
    page = answered.page
    for name, heading in (("Export", f"## {QUESTION}"), ("Export as Markdown", "# Conversation")):
        with page.expect_download() as given:
            page.get_by_role("button", name=name, exact=True).click()
        text = given.value.path().read_text(encoding="utf-8")
        assert text.startswith(heading)
        assert given.value.suggested_filename.endswith(".md")
        assert "30 calendar days" in text
        assert "- [1] Working hours and leave" in text


def test_every_flow_has_an_address_of_its_own(answered: Place, person: Person) -> None:
    flow = person.rpc("flow.list", limit=1)["flows"][0]
    answered.go(f"/flows/{flow['id']}")
    expect(answered.page.locator("h1")).to_have_text(QUESTION)
    answered.page.get_by_role("link", name="In its conversation").click()
    expect(answered.page.locator("article.flow")).to_have_attribute("data-flow", flow["id"])


def test_a_question_without_an_answer_asks_back_and_a_no_ends_it(tab: Place) -> None:
    tab.ask("What is the salary of the workshop lead?")
    page = tab.page
    expect(page.locator("section.inquiry")).to_contain_text("Missing")
    tab.answer("deny")
    expect(page.locator("article.flow")).to_have_attribute(
        "data-status", re.compile("failed|denied")
    )
    expect(page.locator(".error")).to_contain_text("do not have enough information")


def test_a_flow_can_be_deleted_and_says_so_first(person: Person, tab: Place) -> None:
    flow = person.ended(person.asked(QUESTION)["id"])
    tab.go(f"/flows/{flow['id']}")
    page = tab.page
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="No, leave it")).to_be_focused()
    dialog.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("/$"))
    assert flow["id"] not in [one["id"] for one in person.rpc("flow.list")["flows"]]


def test_an_address_that_does_not_exist_is_still_the_interface(tab: Place) -> None:
    tab.forgive("404")
    tab.go("/nowhere/%3Cb%3Eat%3C%2Fb%3E/all")
    page = tab.page
    expect(page.locator("h1")).to_have_text("There is nothing at this address.")
    expect(page.locator("#main code")).to_have_text("/nowhere/%3Cb%3Eat%3C%2Fb%3E/all")
    page.get_by_role("link", name="Sources").click()
    expect(page.locator("h1")).to_have_text("Sources")
    page.go_back()
    expect(page.locator("h1")).to_have_text("There is nothing at this address.")


def test_a_flow_that_does_not_exist_says_so(tab: Place) -> None:
    tab.forgive("404")
    tab.go("/flows/nosuchflow")
    expect(tab.page.locator(".error")).to_be_visible()
