"""Texts and presentations of OpenDocument by odfdo: headings, paragraphs, lists, tables."""

import io
from collections.abc import Iterator
from typing import Final

import odfdo

from embed_tool.blocks import Block, BlockKind, Extract, HeadingPath, Unit, one_line
from embed_tool.formats import Unreadable, package
from embed_tool.reasons import Reason

_DEEPEST: Final = 50
_WHOLE: Final = {
    "text:p": BlockKind.PARAGRAPH,
    "text:list": BlockKind.LIST,
    "table:table": BlockKind.TABLE,
}
_UNSEEN: Final = ("text:tracked-changes", "office:forms", "text:sequence-decls", "draw:image")


def read_odf(content: bytes) -> Extract:
    package.opened(content)
    try:
        document = odfdo.Document(io.BytesIO(content))
        body, title = document.body, document.meta.title
    except (KeyError, ValueError, TypeError, SyntaxError, OSError):
        # SyntaxError is what lxml's errors of syntax derive from.
        raise Unreadable(Reason.NO_DOCUMENT) from None
    slides = document.get_type() == "presentation"
    reader = _Reader()
    for number, child in enumerate(body.children, 1):
        reader.read(child, number)
    first = next((block.text for block in reader.blocks if block.kind is BlockKind.HEADING), "")
    unit = Unit.SLIDE if slides else Unit.PARAGRAPH
    return Extract(one_line(title or "") or first, unit, reader.blocks)


class _Reader:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._headings = HeadingPath()

    def read(self, element: odfdo.Element, number: int, depth: int = 0) -> None:
        """`number`: of the outermost element that it stands in, a slide for instance."""
        if element.tag in _UNSEEN or depth > _DEEPEST:
            return
        if isinstance(element, odfdo.Header):
            text = one_line(element.inner_text)
            if text:
                path = self._headings.enter(
                    int(element.get_attribute("text:outline-level") or 1), text
                )
                self.blocks.append(Block(BlockKind.HEADING, path[-1], path, number, number))
        elif kind := _WHOLE.get(element.tag):
            text = "\n".join(line for line in _lines(element, kind) if line)
            if text:
                self.blocks.append(Block(kind, text, self._headings.path, number, number))
        else:
            for child in element.children:
                self.read(child, number, depth + 1)


def _lines(element: odfdo.Element, kind: BlockKind) -> Iterator[str]:
    match kind:
        case BlockKind.TABLE:
            for row in element.get_elements("descendant::table:table-row"):
                cells = row.get_elements("table:table-cell")
                yield " | ".join(one_line(cell.inner_text) for cell in cells).strip("| ")
        case BlockKind.LIST:
            for item in element.get_elements("descendant::text:list-item"):
                said = (one_line(held.inner_text) for held in item.get_elements("text:p | text:h"))
                text = " ".join(filter(None, said))
                yield f"- {text}" if text else ""
        case _:
            yield one_line(element.inner_text)
