"""Story: what ran and who said yes, whether that log is whole, and how the daemon is."""

import re

from playwright.sync_api import expect

from tests.support.person import Person, Place


def test_the_audit_log_tells_what_ran_and_can_be_verified(person: Person, tab: Place) -> None:
    inquiry = person.waiting("echo audited")
    person.rpc.allow(inquiry)
    person.ended(inquiry["flow_id"])
    tab.go(f"/audit?flow={inquiry['flow_id']}")
    page = tab.page
    expect(page.locator(".entries")).to_contain_text("echo audited")
    entries = page.locator(".entries > li")
    expect(entries.filter(has_text="approved")).not_to_have_count(0)
    entries.first.locator("summary").click()
    expect(entries.first.locator("pre")).to_be_visible()
    page.get_by_role("button", name="Verify").click()
    expect(page.locator(".card.good")).to_contain_text(re.compile(r"Intact: \d+ entries"))


def test_the_status_page_says_what_answers_and_what_it_costs(person: Person, tab: Place) -> None:
    tab.go("/status")
    page = tab.page
    expect(page.locator("#main")).to_contain_text("offline")
    expect(page.locator("#main")).to_contain_text("none: search by keywords only")
    expect(page.locator("#main")).to_contain_text(re.compile(r"memory\s*\d+"))
    expect(page.locator("pre.output")).to_contain_text('reasoner.kind = "offline"')
    expect(page.locator(".logins li").first).to_contain_text("this browser")


def test_a_login_that_is_revoked_is_out_at_once(person: Person, tab: Place) -> None:
    with person.tab("/status") as other:
        other.forgive("401", "403")
        rows = other.page.locator(".logins li")
        expect(rows.filter(has_text="this browser")).to_have_count(1)
        rows.filter(has_text="this browser").get_by_role("button", name="Revoke").click()
        expect(other.page).to_have_url(re.compile("/login"))
    tab.go("/")
    expect(tab.page.locator("textarea.ask")).to_be_visible()


def test_the_api_page_shows_the_document_of_the_rest_interface(tab: Place) -> None:
    tab.go("/api")
    operation = tab.page.locator("details.operation", has_text="/api/v1/flows").first
    operation.locator("summary").click()
    expect(operation).to_contain_text("201")
