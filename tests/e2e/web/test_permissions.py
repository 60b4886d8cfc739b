"""Story: standing permissions are given, seen whole and taken back in a page."""

from playwright.sync_api import expect

from tests.support.person import Person


def test_a_permission_is_given_used_and_revoked(somebody: Person) -> None:
    cwd = str(somebody.home.home)
    with somebody.tab("/permissions") as tab:
        page = tab.page
        expect(page.locator(".empty")).to_contain_text("No standing permissions")
        page.get_by_text("Give a permission").first.click()
        page.get_by_label("commands").fill("ls *")
        page.get_by_label("directory").fill(cwd)
        page.get_by_role("button", name="Give a permission").click()
        card = page.locator("section.card")
        expect(card).to_contain_text("ls *")
        expect(card).to_contain_text(f"{cwd} and below")
        expect(card).to_contain_text("used 0 times")

        somebody.ended(somebody.asked("!ls -a")["id"])
        page.reload()
        tab.ready()
        expect(card).to_contain_text("used 1 time")

        card.get_by_role("button", name="Revoke").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(page.locator(".empty")).to_be_visible()
        page.get_by_role("link", name="Revoked and expired ones too").click()
        expect(card).to_contain_text("ls *")
    assert somebody.rpc("permission.list")["permissions"] == []
