"""Story: what Alvo answers from is added, watched, tried and removed in a page."""

import re

from playwright.sync_api import expect

from tests.support.person import Person


def test_a_folder_is_added_searched_refreshed_and_removed(somebody: Person) -> None:
    folder = somebody.home.home / "notes"
    folder.mkdir()
    (folder / "boats.md").write_text("# Boats\n\nThe harbour master keeps the keys of all boats.\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 and no more")
    with somebody.tab("/sources") as tab:
        page = tab.page
        expect(page.locator(".empty")).to_be_visible()
        page.get_by_label("Path").fill(str(folder))
        page.get_by_role("button", name="Add a source").click()
        card = page.locator("[data-card]")
        expect(card).to_have_attribute("data-state", "ready", timeout=30_000)
        expect(card).to_contain_text("1 document,")
        card.get_by_text("1 file was not read").click()
        expect(card.locator(".failures")).to_contain_text("broken.pdf")

        page.get_by_label("Words or a question").fill("who keeps the keys?")
        page.get_by_label("By", exact=True).select_option("keyword")
        page.get_by_role("button", name="Search").click()
        hit = page.locator(".hits li").first
        expect(hit).to_contain_text("Boats")
        expect(hit).to_contain_text("by words")
        expect(hit).to_contain_text("1.")
        expect(hit).to_contain_text("not found so")
        expect(page).to_have_url(re.compile("q=who"))

        (folder / "more.md").write_text("# More\n\nAnd one more page.\n")
        card.get_by_role("button", name="Refresh").click()
        expect(card).to_contain_text("2 documents,", timeout=30_000)

        card.get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.locator("[data-card]")).to_have_count(0)
    assert (folder / "boats.md").exists()


def test_a_path_that_is_not_there_is_told_beside_the_field(somebody: Person) -> None:
    with somebody.tab("/sources") as tab:
        tab.page.get_by_label("Path").fill("/no/such/folder")
        tab.page.get_by_role("button", name="Add a source").click()
        expect(tab.page.locator(".error")).to_contain_text("/no/such/folder")
        expect(tab.page.get_by_label("Path")).to_have_value("/no/such/folder")
