"""What the pages say can be followed: links lead somewhere, commands exist, the demo is as shown."""

import re
from pathlib import Path

import pytest

from client.table import BY_NAME

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """As GitHub makes them: of two headings with the same words the second ends in -1."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(plain if plain not in found else f"{plain}-1")
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_page_and_a_heading_of_it(page):
    broken = []
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_that_a_page_names_exists(page):
    blocks = "\n".join(
        re.findall(r"^```bash\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    )
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z-]+)", blocks, re.MULTILINE)) <= targets
    assert set(re.findall(r"^(?:\.venv/bin/)?alvo ([a-z]+)", blocks, re.MULTILINE)) <= set(BY_NAME)


def test_the_readme_shows_what_the_demo_does():
    shown = (ROOT / "README.md").read_text()
    titles = re.findall(r'stage\.title\("(.+)"\)', (ROOT / "tests/demo/__main__.py").read_text())
    assert len(titles) >= 5
    # What is indexed first is left out there.
    assert [title for title in titles[1:] if f"── {title}\n" not in shown] == []
