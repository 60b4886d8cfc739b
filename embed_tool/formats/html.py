"""HTML by lxml: what a person would see of a page, block by block."""

import codecs
import re
from typing import Final

import lxml.etree
import lxml.html

from embed_tool.blocks import Block, BlockKind, Extract, HeadingPath, Unit, one_line
from embed_tool.formats import Unreadable
from embed_tool.formats.text import decoded
from embed_tool.reasons import Reason

_UNSEEN: Final = re.compile(
    "(script|style|head|template|noscript|svg|math|iframe|object|select|button|nav)$"
)
_ENDS_BLOCK: Final = re.compile(
    "(address|article|aside|blockquote|body|br|center|dd|details|div|dl|dt|fieldset|figcaption|"
    "figure|footer|form|h[1-6]|header|hr|html|li|main|ol|p|pre|section|summary|table|tbody|tfoot|"
    "thead|tr|ul)$"
)
_HEADING: Final = re.compile(r"h([1-6])$")
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DECLARATION: Final = re.compile(r"\s*<\?xml[^>]*\?>", re.IGNORECASE)
_CHARSET: Final = re.compile(rb"<meta[^>]+charset|<\?xml[^>]+encoding", re.IGNORECASE)


def read_html(content: bytes) -> Extract:
    root = parsed(content)
    return Extract("", Unit.LINE, []) if root is None else read_tree(root)


def parsed(content: bytes) -> lxml.html.HtmlElement | None:
    """The tree, as browsers mend it; None where there is nothing.

    The parser is told nothing of files or networks: it loads no entity and no other document.
    """
    parser = lxml.html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True)
    source = _source(content)
    try:
        return lxml.html.document_fromstring(source, parser=parser)
    except (lxml.etree.ParserError, ValueError):
        if source.strip():
            raise Unreadable(Reason.NO_DOCUMENT) from None
        return None


def read_tree(root: lxml.html.HtmlElement) -> Extract:
    """All that a person would see of it."""
    title = root.findtext(".//title") or ""
    reader = _Reader()
    reader.read(root)
    first = next((b.text for b in reader.blocks if b.kind is BlockKind.HEADING), "")
    return Extract(one_line(title) or first, Unit.LINE, reader.blocks)


def _source(content: bytes) -> bytes | str:
    # A page that names its encoding is best decoded by the parser, which knows the rules; a mark
    # at its beginning goes before what it says.
    if _CHARSET.search(content[:2048]) and not content.startswith(codecs.BOM_UTF8):
        return content
    return _DECLARATION.sub("", decoded(content), count=1)


class _Reader:
    """Walks the tree without recursion: a page may be nested as deep as it likes."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._headings = HeadingPath()
        self._text: list[str] = []
        self._rows: list[str] = []
        self._line = 1
        self._skip = 0
        self._tables = 0
        self._pre = 0

    def read(self, root: lxml.html.HtmlElement) -> None:
        for event, element in lxml.etree.iterwalk(root, events=("start", "end")):
            if not isinstance(element.tag, str):
                continue
            if event == "start":
                self._start(element)
            else:
                self._end(element)
        self._flush(BlockKind.PARAGRAPH)

    def _start(self, element: lxml.html.HtmlElement) -> None:
        if self._skip or is_unseen(element):
            self._skip += 1
            return
        tag = element.tag
        if _ENDS_BLOCK.match(tag) and not self._tables:
            self._flush(BlockKind.PARAGRAPH)
            self._line = element.sourceline or self._line
        elif tag in ("td", "th"):
            self._text.append(" | ")
        elif _ENDS_BLOCK.match(tag):
            self._text.append(" ")
        self._tables += tag == "table"
        self._pre += tag == "pre"
        self._text.append(element.text or "")

    def _end(self, element: lxml.html.HtmlElement) -> None:
        if self._skip:
            self._skip -= 1
        else:
            self._close(element.tag)
        if not self._skip:
            self._text.append(element.tail or "")

    def _close(self, tag: str) -> None:
        self._tables -= tag == "table"
        self._pre -= tag == "pre"
        if tag == "tr":
            self._rows.append(one_line("".join(self._text)).strip("| "))
            self._text.clear()
        elif tag == "table" and not self._tables:
            self._table()
        elif tag == "pre" and not self._tables:
            self._flush(BlockKind.CODE)
        elif (heading := _HEADING.match(tag)) and not self._tables:
            self._heading(int(heading.group(1)))
        elif _ENDS_BLOCK.match(tag) and not self._tables:
            self._flush(BlockKind.LIST if tag == "li" else BlockKind.PARAGRAPH)
        elif _ENDS_BLOCK.match(tag):
            self._text.append(" ")

    def _heading(self, level: int) -> None:
        text = one_line("".join(self._text))
        self._text.clear()
        if text:
            path = self._headings.enter(level, text)
            self._add(BlockKind.HEADING, path[-1])

    def _table(self) -> None:
        rows = "\n".join(row for row in self._rows if row)
        self._rows.clear()
        self._text.clear()
        self._add(BlockKind.TABLE, rows)

    def _flush(self, kind: BlockKind) -> None:
        raw = "".join(self._text)
        self._text.clear()
        if kind is BlockKind.CODE or self._pre:
            self._add(kind, raw.strip("\n"))
        else:
            text = one_line(raw)
            self._add(kind, f"- {text}" if kind is BlockKind.LIST and text else text)

    def _add(self, kind: BlockKind, text: str) -> None:
        if text.strip():
            self.blocks.append(Block(kind, text, self._headings.path, self._line, self._line))


def is_unseen(element: lxml.html.HtmlElement) -> bool:
    """Whether no person would see it, by what it says itself."""
    if _UNSEEN.match(element.tag) or "hidden" in element.attrib:
        return True
    return bool(_HIDDEN.search(element.get("style", "")))
