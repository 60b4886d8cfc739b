"""Markdown by markdown-it-py: blocks are slices of the source, so that code stays as written."""

import re
from collections.abc import Iterator
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from embed_tool.blocks import Block, BlockKind, Extract, HeadingPath, Unit
from embed_tool.formats.text import decoded

_KINDS: Final = {
    "paragraph_open": BlockKind.PARAGRAPH,
    "blockquote_open": BlockKind.PARAGRAPH,
    "html_block": BlockKind.PARAGRAPH,
    "bullet_list_open": BlockKind.LIST,
    "ordered_list_open": BlockKind.LIST,
    "table_open": BlockKind.TABLE,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
}
_LISTS: Final = ("bullet_list_open", "ordered_list_open")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKUP: Final = re.compile(r"[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}")
_FRONT_TITLE: Final = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_LONG_LIST: Final = 1200
"""Characters from which a list is given item by item."""


def read_markdown(content: bytes) -> Extract:
    lines = decoded(content).split("\n")
    front = _front_matter(lines)
    source = [""] * front + lines[front:]
    # Inline markup is not read: blocks are slices of the source, and it takes most of the time.
    tokens = MarkdownIt("commonmark").enable("table").disable("inline").parse("\n".join(source))
    blocks = list(_blocks(tokens, source))
    said = _FRONT_TITLE.search("\n".join(lines[:front]))
    return Extract(said.group(1) if said else _first_title(blocks), Unit.LINE, blocks)


def _front_matter(lines: list[str]) -> int:
    """How many lines of YAML stand before the text."""
    if lines[0].strip() != "---":
        return 0
    ends = (n for n, line in enumerate(lines[1:200], 2) if line.strip() in ("---", "..."))
    return next(ends, 0)


def _first_title(blocks: list[Block]) -> str:
    if blocks and blocks[0].kind is BlockKind.HEADING:
        return blocks[0].text
    return ""


def _blocks(tokens: list[Token], lines: list[str]) -> Iterator[Block]:
    headings = HeadingPath()
    for n, token in enumerate(tokens):
        if token.level != 0 or token.map is None:
            continue
        first, end = token.map
        if token.type == "heading_open":
            text = plain(tokens[n + 1].content)
            if text:
                path = headings.enter(int(token.tag[1:]), text)
                yield Block(BlockKind.HEADING, path[-1], path, first + 1, end)
        elif token.type in _LISTS and len("\n".join(lines[first:end])) > _LONG_LIST:
            for item_first, item_end in _items(tokens, n):
                yield from _slice(lines, item_first, item_end, BlockKind.LIST, headings)
        elif token.type in _KINDS:
            yield from _slice(lines, first, end, _KINDS[token.type], headings)


def _items(tokens: list[Token], start: int) -> Iterator[tuple[int, int]]:
    for token in tokens[start + 1 :]:
        if token.level == 0:
            return
        if token.type == "list_item_open" and token.level == 1 and token.map is not None:
            yield token.map[0], token.map[1]


def _slice(
    lines: list[str], first: int, end: int, kind: BlockKind, headings: HeadingPath
) -> Iterator[Block]:
    while end > first and not lines[end - 1].strip():
        end -= 1
    text = "\n".join(lines[first:end])
    if kind is not BlockKind.CODE:
        text = _COMMENT.sub("", text)
    if kind is BlockKind.LIST and re.search(r"^\s*(```|~~~)", text, re.MULTILINE):
        kind = BlockKind.CODE
    if text.strip():
        yield Block(kind, text, headings.path, first + 1, end)


def plain(text: str) -> str:
    """A heading without its inline markup."""
    return _MARKUP.sub(r"\1", _LINK.sub(r"\1", text)).strip()
