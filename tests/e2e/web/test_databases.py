"""Story: a person looks into their databases in a page, and says what a column holds."""

import re

import pytest
from playwright.sync_api import expect

from tests.data.sample.make_shop import make
from tests.support.person import Person, Place


@pytest.fixture(scope="module", autouse=True)
def shop(person: Person) -> None:
    make(person.home.home)
    added = person.home.run("alvo-embed", "database", "add", str(person.home.home / "shop.sqlite"))
    assert added.returncode == 0, added.stderr


def test_tables_columns_and_rows_are_shown(tab: Place) -> None:
    tab.go("/databases")
    page = tab.page
    page.get_by_role("link", name="shop").first.click()
    table = page.locator("details.table", has_text="orders").first
    table.locator("summary").click()
    expect(table.locator("tbody tr").first).to_be_visible()
    page.get_by_label("Query").fill("SELECT status, count(*) AS n FROM orders GROUP BY status")
    page.get_by_role("button", name="Query").click()
    grid = page.get_by_role("region", name="Rows")
    expect(grid.locator("thead")).to_contain_text("status")
    expect(grid.locator("td.number").first).to_have_text(re.compile(r"^\d"))
    expect(page).to_have_url(re.compile("sql=SELECT"))
    page.reload()
    tab.ready()
    expect(page.get_by_role("region", name="Rows").locator("thead")).to_contain_text("status")


def test_a_query_that_would_write_is_refused(tab: Place) -> None:
    tab.go("/databases/shop")
    tab.page.get_by_label("Query").fill("DELETE FROM orders")
    tab.page.keyboard.press("Control+Enter")
    expect(tab.page.locator(".error")).to_be_visible()


def test_a_description_of_the_persons_stays(tab: Place) -> None:
    tab.go("/databases/shop?table=orders")
    page = tab.page
    page.get_by_role("button", name="What status holds").first.click()
    page.get_by_label("What status holds").fill("how far the order is")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("details.table[open]")).to_contain_text("how far the order is")
    page.reload()
    tab.ready()
    expect(page.locator("details.table[open]")).to_contain_text("how far the order is")


def test_an_answer_from_rows_cites_them_with_their_query_which_runs_again(tab: Place) -> None:
    tab.ask("How many orders have the status cancelled?")
    page = tab.page
    expect(page.locator("article.flow")).to_have_attribute("data-status", "answered")
    cited = page.locator("details.citation[data-source=DATABASE]").first
    cited.locator("summary").click()
    expect(cited.locator("pre.sql")).to_contain_text("SELECT")
    cited.get_by_role("link", name="Run this query again").click()
    expect(page.get_by_role("region", name="Rows").locator("td").first).to_be_visible()
