"""Presentations by python-pptx: each slide with its title, text, tables and notes."""

import io
from collections.abc import Iterator
from typing import Any, Final

import pptx
from pptx.exc import PackageNotFoundError

from embed_tool.blocks import Block, BlockKind, Extract, HeadingPath, Unit, one_line
from embed_tool.formats import Unreadable, package
from embed_tool.reasons import Reason

_DEEPEST_GROUP: Final = 20


def read_slides(content: bytes) -> Extract:
    package.opened(content)
    try:
        presentation = pptx.Presentation(io.BytesIO(content))
    except (PackageNotFoundError, KeyError, ValueError, SyntaxError):
        # SyntaxError is what lxml's errors of syntax derive from.
        raise Unreadable(Reason.NO_DOCUMENT) from None
    blocks = [block for n, slide in enumerate(presentation.slides, 1) for block in _slide(slide, n)]
    title = one_line(presentation.core_properties.title or "")
    first = next((block.text for block in blocks if block.kind is BlockKind.HEADING), "")
    return Extract(title or first, Unit.SLIDE, blocks)


def _slide(slide: Any, number: int) -> Iterator[Block]:
    headings = HeadingPath()
    title = slide.shapes.title
    if title is not None and (text := one_line(title.text_frame.text)):
        path = headings.enter(1, text)
        yield Block(BlockKind.HEADING, path[-1], path, number, number)
    for shape in _shapes(slide.shapes, 0):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        kind, text = _said(shape)
        if text:
            yield Block(kind, text, headings.path, number, number)
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        text = frame.text.strip()
        if text:
            yield Block(BlockKind.PARAGRAPH, text, headings.path, number, number)


def _shapes(shapes: Any, depth: int) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes") and depth < _DEEPEST_GROUP:
            yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _said(shape: Any) -> tuple[BlockKind, str]:
    if getattr(shape, "has_table", False):
        rows = (" | ".join(one_line(cell.text) for cell in row.cells) for row in shape.table.rows)
        return BlockKind.TABLE, "\n".join(row for row in rows if row.strip("| "))
    if not shape.has_text_frame:
        return BlockKind.PARAGRAPH, ""
    lines = [one_line(paragraph.text) for paragraph in shape.text_frame.paragraphs]
    lines = [line for line in lines if line]
    if len(lines) > 1:
        return BlockKind.LIST, "\n".join(f"- {line}" for line in lines)
    return BlockKind.PARAGRAPH, "".join(lines)
