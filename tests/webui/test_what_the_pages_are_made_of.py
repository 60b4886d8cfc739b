"""The interface's files: small, and none of them can make markup out of what others wrote."""

import gzip
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "webui" / "static"
SCRIPTS = {
    str(path.relative_to(STATIC)): path.read_text(encoding="utf-8")
    for path in sorted(STATIC.rglob("*.js"))
    if "vendor" not in path.parts
}
# A string becomes markup, script or an address that runs in no other way than one of these.
MAKES_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser"
    r"|parseFromString|setHTML|srcdoc|\beval\b|new Function|javascript:|setTimeout\(\s*[\"'`]"
)


def test_all_scripts_of_ours_travel_in_less_than_100_kilobytes():
    travelling = sum(len(gzip.compress(text.encode())) for text in SCRIPTS.values())
    assert travelling < 100_000


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_no_longer_than_400_lines_and_says_first_what_it_is_for(name):
    text = SCRIPTS[name]
    assert text.startswith("/*")
    assert text.count("\n") <= 400


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "markdown.js"])
def test_only_the_module_that_shows_rendered_markdown_sets_markup(name):
    assert not MAKES_MARKUP.findall(SCRIPTS[name])


def test_rendered_markdown_is_the_only_markup_that_is_set():
    assert MAKES_MARKUP.findall(SCRIPTS["markdown.js"]) == ["innerHTML"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_whatever_a_script_imports_is_there(name):
    here = (STATIC / name).parent
    named = re.findall(r"""(?:from|import\()\s*"(\.[^"]+)"|new URL\("(\.[^"]+)",""", SCRIPTS[name])
    wanted = {place for pair in named for place in pair if place and "vendor" not in place}
    assert not {place for place in wanted if not (here / place).is_file()}


def test_the_first_page_has_no_script_or_style_within_it():
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page)
