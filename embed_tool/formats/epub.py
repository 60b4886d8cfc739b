"""Books in EPUB: their chapters, in the order in which they are read, as HTML."""

import posixpath
import urllib.parse
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import lxml.etree

from embed_tool.blocks import Block, BlockKind, Extract, Unit, one_line
from embed_tool.formats import Unreadable, package
from embed_tool.formats.html import read_html
from embed_tool.reasons import Reason

_CONTAINER: Final = "META-INF/container.xml"
_PAGES: Final = ("application/xhtml+xml", "text/html")


def read_epub(content: bytes) -> Extract:
    """As EPUB 3.3 says it (W3C, 2023): the container names the package, the package the spine."""
    archive = package.opened(content)
    rootfile = _tree(package.part(archive, _CONTAINER)).find(".//{*}rootfile")
    at = "" if rootfile is None else rootfile.get("full-path", "")
    book = _tree(package.part(archive, at))
    title = one_line(book.findtext(".//{*}title") or "")
    blocks = list(_blocks(archive, book, posixpath.dirname(at)))
    first = next((block.text for block in blocks if block.kind is BlockKind.HEADING), "")
    return Extract(title or first, Unit.PARAGRAPH, blocks)


def _blocks(archive: zipfile.ZipFile, book: Any, folder: str) -> Iterator[Block]:
    number = 0
    for name in _chapters(book, folder):
        try:
            chapter = read_html(package.part(archive, name))
        except Unreadable:
            # One chapter that is missing is no reason to lose the book.
            continue
        for block in chapter.blocks:
            number += 1
            yield Block(block.kind, block.text, block.headings, number, number)


def _chapters(book: Any, folder: str) -> Iterator[str]:
    items = {
        item.get("id"): item.get("href", "")
        for item in book.iterfind(".//{*}manifest/{*}item")
        if item.get("media-type") in _PAGES
    }
    for reference in book.iterfind(".//{*}spine/{*}itemref"):
        href = items.get(reference.get("idref"))
        if href:
            yield posixpath.normpath(posixpath.join(folder, urllib.parse.unquote(href)))


def _tree(content: bytes) -> Any:
    """No entity is expanded and nothing else is loaded."""
    parser = lxml.etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    try:
        return lxml.etree.fromstring(content, parser)
    except (lxml.etree.XMLSyntaxError, ValueError):
        raise Unreadable(Reason.NO_DOCUMENT) from None
