"""XML, and the feeds written in it, by lxml: each record one block of lines `name: value`."""

from collections.abc import Iterator
from typing import Any, Final

import lxml.etree

from embed_tool.blocks import Block, BlockKind, Extract, Unit, one_line
from embed_tool.formats import TooLarge, Unreadable
from embed_tool.formats.html import parsed, read_tree
from embed_tool.formats.text import decoded
from embed_tool.reasons import Reason

_MAX_RECORDS: Final = 20_000


def read_xml(content: bytes) -> Extract:
    """No entity is expanded and no other document loaded: a bomb of entities stays as it is."""
    parser = lxml.etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        recover=True,
    )
    # By its characters, as their server named them; the declaration may tell another encoding.
    text = decoded(content).encode()
    try:
        root = lxml.etree.fromstring(_without_declaration(text), parser)
    except (lxml.etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise Unreadable(Reason.NO_DOCUMENT)
    blocks = list[Block]()
    for number, text_ in enumerate(_records(root), 1):
        if number > _MAX_RECORDS:
            raise TooLarge(_MAX_RECORDS)
        blocks.append(Block(BlockKind.TABLE, text_, (), number, number))
    title = root.find(".//{*}title")
    return Extract("" if title is None else _text(title), Unit.PARAGRAPH, blocks)


def _without_declaration(text: bytes) -> bytes:
    text = text.lstrip()
    return text.partition(b"?>")[2] if text.startswith(b"<?xml") else text


def _records(root: Any) -> Iterator[str]:
    """An element with its leaves: what has leaves is taken for a record."""
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        leaves = [child for child in _children(element) if not _children(child)]
        lines = [line for line in map(_line, leaves) if line]
        own = one_line(element.text or "") if _children(element) or element is root else ""
        if own:
            lines.insert(0, own)
        if lines:
            yield "\n".join(lines)


def _children(element: Any) -> list[Any]:
    return [child for child in element if isinstance(child.tag, str)]


def _line(element: Any) -> str:
    text = _text(element)
    if not text:
        # As the links of Atom do, some say it all in attributes.
        text = ", ".join(f"{_name(key)}={value}" for key, value in element.attrib.items())
    return f"{_name(element.tag)}: {text}" if text else ""


def _text(element: Any) -> str:
    """What a feed holds is often HTML, written as text."""
    text = element.text or ""
    if "<" in text and (tree := parsed(text.encode())) is not None:
        text = " ".join(block.text for block in read_tree(tree).blocks)
    return one_line(text)


def _name(tag: str) -> str:
    return str(lxml.etree.QName(tag).localname)
