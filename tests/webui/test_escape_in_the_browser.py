"""What the eye cannot see is shown in the browser as the daemon's own `escape` shows it (P5)."""

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.protocol.escape import escape, is_hidden, numbered

CHROMIUM = Path("/usr/bin/chromium")
SOURCE = Path(__file__).parents[2] / "webui" / "static" / "escape.js"
CASES = [
    "",
    "ls -la",
    "rm -rf \u202e/ # \u2066gnp.\u2069",
    "a\u0000b\u0007\u001b[2J\u009b",
    "one\ntwo\tthree\rfour\u2028five\u2029six\u0085",
    "zero\u200bwidth\u200cjoin\u200d\ufeff\u00ad\u2060",
    "no\u00a0break\u202f\u3000\u2003spaces",
    "<U+202E> and <U+ and <U+003C>U+",
    "<U<U+<<U++",
    "café ﬁ ﷺ 日本 한글 עברית العربية \U0001f469\u200d\U0001f4bb\ufe0f",
    "fillers \u115f\u1160\u3164\uffa0 \u2800 \u034f \u17b4 \u180e",
    "tags \U000e0041\U000e007f \U000e0100 private \ue000 \U0010ffff",
    "half \ud800 and \udfff",
]


@pytest.fixture(scope="module")
def in_browser() -> Iterator[Any]:
    """Calls a function of escape.js in real Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page()
        functions = SOURCE.read_text(encoding="utf-8").replace("export function", "function")
        page.add_script_tag(content=functions)
        yield lambda call: json.loads(page.evaluate(f"JSON.stringify({call})"))
        browser.close()


@pytest.mark.slow
@pytest.mark.parametrize("lines", [False, True])
def test_a_text_is_shown_in_the_browser_as_in_the_shell(in_browser, lines):
    given, keep = json.dumps(CASES), json.dumps(lines)
    shown = in_browser(f"{given}.map((text) => escape(text, {{lines: {keep}}}))")
    assert shown == [escape(text, lines=lines) for text in CASES]


@pytest.mark.slow
def test_every_character_there_is_is_hidden_in_both_or_in_none(in_browser):
    every = "Array.from({length: 0x110000}, (_, n) => n)"
    hidden = f"{every}.filter((n) => escape(String.fromCodePoint(n)).startsWith('<U+'))"
    in_the_browser = set(in_browser(hidden))
    here = {code for code in range(0x110000) if is_hidden(chr(code))}
    assert not in_the_browser - here
    # A browser may know characters that this Python's Unicode has not yet.
    assert {unicodedata.category(chr(code)) for code in here - in_the_browser} <= {"Cn"}


@pytest.mark.slow
def test_a_script_has_the_same_lines_with_the_same_numbers(in_browser):
    scripts = ["", "one", "one\n", "one\n\n", "a\rb\nc\u2028d\n", "\n\n\n"]
    shown = in_browser(f"{json.dumps(scripts)}.map((script) => scriptLines(script))")
    assert shown == [[line for _, line in numbered(script)] for script in scripts]
