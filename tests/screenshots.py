"""Pictures of the pages, light, dark and on a phone: `python -m tests.screenshots folder`."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import expect

from tests.data.sample.make_shop import make
from tests.support.browser import PHONE, Chromium
from tests.support.person import Person, Place, a_person
from tests.support.sample import SAMPLE

QUESTION = "How many days of vacation does everybody have?"
REPORT = (
    'month=~/reports/2026-11\nmkdir -p "$month"/{workshop,counter}\n'
    "echo 'Begun on 20/11/2026' > \"$month\"/README.txt\nrm notes.txt"
)  # fmt: skip
PAGES = {
    "ask": "/",
    "waiting": "/waiting",
    "sources": "/sources?q=vacation&mode=keyword",
    "databases": "/databases",
    "database": "/databases/shop?sql=SELECT%20status%2C%20count(*)%20AS%20n%20FROM%20orders%20GROUP%20BY%20status",
    "agents": "/agents",
    "permissions": "/permissions",
    "sessions": "/sessions",
    "audit": "/audit",
    "status": "/status",
    "api": "/api",
}
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE, "is_mobile": True, "has_touch": True, "device_scale_factor": 2},
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with Chromium() as chromium, a_person(chromium) as person:
        places = {**PAGES, **_lived_in(person)}
        for look, options in LOOKS.items():
            with person.tab(**options) as tab:
                for name, path in places.items():
                    tab.go(path)
                    _opened(tab, name)
                    tab.page.screenshot(path=folder / f"{name}-{look}.png")
                    print(folder / f"{name}-{look}.png")
                _terminal(person, tab, folder / f"terminal-{look}.png")


def _lived_in(person: Person) -> dict[str, str]:
    """What a person who has used it for a while would see; the addresses of single things."""
    home = person.home.home
    shutil.copytree(SAMPLE / "handbook" / "en", home / "handbook")
    make(home)
    (home / "notes.txt").write_text("Remember the reports.\n")
    for words in (("add", str(home / "handbook")), ("database", "add", str(home / "shop.sqlite"))):
        assert person.home.run("alvo-embed", *words).returncode == 0
    person.rpc("permission.add", pattern="ls *", cwd=str(home))
    for question in ("When was the company founded?", "Who keeps the keys of the warehouse?"):
        person.rpc.follow(person.asked(question)["id"], {"answered", "waiting"})
    answered = person.ended(person.asked(QUESTION)["id"])
    person.rpc.allow(ran := person.waiting("df -h / | head -n 2"))
    person.ended(ran["flow_id"])
    person.rpc.allow(left := person.waiting("sleep 60 & ls nowhere"))
    left_in = person.ended(left["flow_id"])
    shown = person.waiting(REPORT)
    if shutil.which("bwrap"):
        shown = person.rpc("inquiry.preview", inquiry_id=shown["id"])
    return {
        "conversation": f"/conversations/{answered['conversation']}",
        "task": f"/flows/{ran['flow_id']}",
        "failed": f"/flows/{left_in['id']}",
        "inquiry": f"/inquiries/{shown['id']}",
    }


def _opened(tab: Place, name: str) -> None:
    page = tab.page
    if name == "conversation":
        expect(page.locator(".answer a.citation").first).to_be_visible()
        page.locator(".answer a.citation").first.click()
        page.evaluate("document.activeElement.blur()")
    elif name == "database":
        expect(page.get_by_role("region", name="Rows")).to_be_visible()
    elif name == "sources":
        expect(page.locator(".hits li").first).to_be_visible()


def _terminal(person: Person, tab: Place, path: Path) -> None:
    tab.go("/")
    tab.ask(f"!less {person.home.home}/handbook/02-working-hours-and-leave.md")
    tab.answer("allow")
    expect(tab.page.locator(".xterm-rows")).to_contain_text("Working hours")
    tab.page.screenshot(path=path)
    print(path)
    tab.page.locator(".xterm-screen").click()
    tab.page.keyboard.type("q")
    expect(tab.page.locator("article.flow").last).to_have_attribute("data-status", "executed")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots"))
