"""A page of the web: its main text by trafilatura, without the menus and banners around it."""

import re
from dataclasses import replace
from typing import Final

from lxml.html import HtmlElement
from trafilatura import bare_extraction

from embed_tool.blocks import Block, BlockKind, Extract, Unit
from embed_tool.formats.html import is_unseen, parsed, read_tree

# What stands beside a heading for editors and for copying its link.
_MARKS: Final = ["headerlink", "anchor", "mw-editsection", "anchorjs-link", "permalink"]
_BESIDE_HEADINGS: Final = " or ".join(
    f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')" for name in _MARKS
)
_MOSTLY: Final = 0.85
"""Where a main text without structure is so much of the whole, the structure is worth more."""
_HARDLY: Final = 0.1
_SHORT: Final = 400
"""A main text of fewer characters, and so little of the whole, is not the main text."""


def read_page(content: bytes) -> Extract:
    """The main text; the whole page where there is no telling it from the rest."""
    root = parsed(content)
    if root is None:
        return Extract("", Unit.PARAGRAPH, [])
    whole = read_tree(root)
    main = _main_text(content)
    found, there = _length(main), _length(whole)
    little = found < _SHORT and found < there * _HARDLY
    flat = len(main.blocks) < len(whole.blocks) / 4 and found > there * _MOSTLY
    return Extract(
        whole.title, Unit.PARAGRAPH, _numbered((whole if little or flat else main).blocks)
    )


def _main_text(content: bytes) -> Extract:
    root = parsed(content)
    assert root is not None
    _prepare(root)
    # Recall before precision: what is too much is ranked low, what is missing is not found.
    document = bare_extraction(root, favor_recall=True, include_comments=True, with_metadata=False)
    body = getattr(document, "body", None)
    if body is None:
        return Extract("", Unit.PARAGRAPH, [])
    return read_tree(_as_html(body))


def _prepare(root: HtmlElement) -> None:
    # What a page says to machines alone is for no answer. Its scripts may hold the article as data.
    for element in [found for found in root.iter() if _is_for_machines(found)]:
        element.drop_tree()
    for element in root.xpath(f"//a[{_BESIDE_HEADINGS}] | //span[{_BESIDE_HEADINGS}]"):
        element.drop_tree()
    # Words in the type of code are part of their sentence; blocks of code are `pre`.
    for element in root.xpath("//code[not(ancestor::pre)]"):
        element.tag = "span"


def _is_for_machines(element: HtmlElement) -> bool:
    return isinstance(element.tag, str) and element.tag not in _KEPT and is_unseen(element)


_KEPT: Final = ("head", "script", "html", "body")
_TAGS: Final = {
    "list": "ul",
    "item": "li",
    "code": "pre",
    "quote": "blockquote",
    "row": "tr",
    "cell": "td",
    "lb": "br",
    "hi": "b",
    "ref": "a",
    "del": "span",
    "graphic": "span",
}
"""From the elements of TEI, which trafilatura gives, to those of HTML."""


def _as_html(body: HtmlElement) -> HtmlElement:
    for element in body.iter():
        if element.tag == "head":
            level = str(element.get("rend", "h2"))
            element.tag = level if re.fullmatch("h[1-6]", level) else "h2"
        elif isinstance(element.tag, str):
            element.tag = _TAGS.get(element.tag, element.tag)
    return body


def _length(extract: Extract) -> int:
    return sum(len(block.text) for block in extract.blocks)


def _numbered(blocks: list[Block]) -> list[Block]:
    """The lines of a page are nobody's: its paragraphs are counted."""
    numbered = []
    number = 0
    for block in blocks:
        number += block.kind is not BlockKind.HEADING
        numbered.append(replace(block, first=max(number, 1), last=max(number, 1)))
    return numbered
