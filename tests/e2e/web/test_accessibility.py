"""Story: who cannot see or point gets along: axe-core finds nothing serious on any page."""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.data.sample.make_shop import make
from tests.support.browser import PHONE
from tests.support.person import Person, Place
from tests.support.sample import SAMPLE

GRAVE = ("serious", "critical")
PAGES = (
    "/", "/waiting", "/sources?q=vacation", "/agents", "/databases", "/databases/shop?table=orders",
    "/permissions?all=1", "/sessions", "/audit", "/status", "/api", "/login", "/nowhere",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def lived_in(person: Person) -> dict[str, str]:
    """Documents, a database, a permission, a flow of every kind; gives the addresses of these."""
    home = person.home.home
    shutil.copytree(SAMPLE / "handbook" / "en", home / "handbook")
    make(home)
    for words in (("add", str(home / "handbook")), ("database", "add", str(home / "shop.sqlite"))):
        assert person.home.run("alvo-embed", *words).returncode == 0
    person.rpc("permission.add", pattern="ls *", cwd=str(home))
    answered = person.ended(person.asked("How many days of vacation does everybody have?")["id"])
    person.rpc.allow(ran := person.waiting("echo it ran; false"))
    person.ended(ran["flow_id"])
    denied = person.waiting("echo no")
    person.rpc("inquiry.answer", inquiry_id=denied["id"], decision="deny")
    waiting = person.waiting("for n in 1 2 3; do\n  echo $n\ndone")
    return {
        "answered": f"/conversations/{answered['conversation']}",
        "failed": f"/flows/{ran['flow_id']}",
        "denied": f"/flows/{denied['flow_id']}",
        "waiting": f"/inquiries/{waiting['id']}",
    }


def graves(tab: Place) -> list[str]:
    found = Axe().run(tab.page).response["violations"]
    return [
        f"{tab.page.url}: {one['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(
    person: Person, lived_in: dict[str, str], scheme: str
) -> None:
    with person.tab(color_scheme=scheme) as tab:
        tab.forgive("404 .*/nowhere")
        found = []
        for path in (*PAGES, *lived_in.values()):
            tab.go(path)
            tab.page.evaluate(
                "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
            )
            found += graves(tab)
        assert not found, "\n".join(found)


def test_nor_on_a_phone_in_portuguese(person: Person, lived_in: dict[str, str]) -> None:
    with person.tab(viewport=PHONE, is_mobile=True, has_touch=True, locale="pt-BR") as tab:
        found = []
        for path in ("/", "/waiting", "/sources", *lived_in.values()):
            tab.go(path)
            found += graves(tab)
        assert not found, "\n".join(found)


def test_nor_in_an_open_inquiry_a_dialog_or_a_terminal(person: Person) -> None:
    with person.tab() as tab:
        page = tab.page
        tab.ask("!read -p 'name? ' x")
        page.get_by_role("button", name="Edit…").click()
        found = graves(tab)
        page.get_by_role("button", name="Cancel").click()
        tab.answer("allow")
        expect(page.locator(".xterm-rows")).to_contain_text("name?")
        found += graves(tab)
        page.get_by_role("button", name="Interrupt").click()
        expect(page.locator("article.flow")).to_have_attribute("data-status", "failed")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Keys").click()
        found += graves(tab)
        assert not found, "\n".join(found)
