"""Word documents by python-docx: headings, paragraphs and tables, in their order."""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import docx
import docx.table
import docx.text.paragraph

from embed_tool.blocks import Block, BlockKind, Extract, HeadingPath, Unit, one_line
from embed_tool.formats import Unreadable, package
from embed_tool.reasons import Reason

_HEADING: Final = re.compile(r"heading (\d)", re.IGNORECASE)


def read_docx(content: bytes) -> Extract:
    package.opened(content)
    document = _opened(content)
    blocks = list(_blocks(document))
    title = one_line(document.core_properties.title or "")
    first = next((b.text for b in blocks if b.kind is BlockKind.HEADING), "")
    return Extract(title or first, Unit.PARAGRAPH, blocks)


def _opened(content: bytes) -> Any:
    try:
        return docx.Document(io.BytesIO(content))
    except (KeyError, ValueError, zipfile.BadZipFile, SyntaxError):
        # SyntaxError is what lxml's errors of syntax derive from.
        raise Unreadable(Reason.NO_DOCUMENT) from None


def _blocks(document: Any) -> Iterator[Block]:
    headings = HeadingPath()
    levels = _heading_levels(document)
    for number, item in enumerate(document.iter_inner_content(), 1):
        if isinstance(item, docx.table.Table):
            text, kind = _table(item), BlockKind.TABLE
        else:
            text, kind = item.text.strip(), BlockKind.PARAGRAPH
            level = levels.get(item._p.style or "")  # noqa: SLF001  (`style` looks it up anew each time)
            if level is not None and text:
                path = headings.enter(level, text)
                yield Block(BlockKind.HEADING, path[-1], path, number, number)
                continue
        if text:
            yield Block(kind, text, headings.path, number, number)


def _heading_levels(document: Any) -> dict[str, int]:
    """By style id: Word names its own heading styles in English whatever its language."""
    levels = {}
    for style in document.styles:
        found = _HEADING.match(style.name or "")
        if found:
            levels[style.style_id] = int(found.group(1))
        elif (style.name or "").lower() == "title":
            levels[style.style_id] = 0
    return levels


def _table(table: docx.table.Table) -> str:
    rows = []
    for row in table.rows:
        cells: list[str] = []
        seen = None
        for cell in row.cells:
            # A merged cell comes once for each column it spans.
            if cell._tc is not seen:  # noqa: SLF001  (the only identity a cell has)
                cells.append(one_line(cell.text))
            seen = cell._tc  # noqa: SLF001
        rows.append(" | ".join(cells))
    return "\n".join(row for row in rows if row.strip("| "))
