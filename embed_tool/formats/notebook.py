"""Notebooks of Jupyter: Markdown cells as Markdown, code with the text that it printed."""

import json
from collections.abc import Iterator
from typing import Any, Final

from embed_tool.blocks import Block, BlockKind, Extract, HeadingPath, Unit
from embed_tool.formats import Unreadable
from embed_tool.formats.markdown import read_markdown
from embed_tool.formats.text import decoded
from embed_tool.reasons import Reason

_MAX_OUTPUT: Final = 2000
"""Characters of what a cell printed that are kept."""


def read_notebook(content: bytes) -> Extract:
    """As nbformat 4 describes it (nbformat.readthedocs.io); outputs only where they are text."""
    try:
        notebook = json.loads(decoded(content))
        cells = notebook["cells"]
        language = notebook.get("metadata", {}).get("kernelspec", {}).get("language", "python")
        blocks = list(_blocks(cells, str(language)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unreadable(Reason.NO_DOCUMENT) from None
    first = next((block.text for block in blocks if block.kind is BlockKind.HEADING), "")
    return Extract(first, Unit.CELL, blocks)


def _blocks(cells: list[Any], language: str) -> Iterator[Block]:
    headings = HeadingPath()
    for number, cell in enumerate(cells, 1):
        source = _text(cell.get("source", ""))
        if not source.strip():
            continue
        match cell.get("cell_type"):
            case "markdown":
                yield from _markdown(source, headings, number)
            case "code":
                text = f"```{language}\n{source}\n```"
                printed = "".join(_printed(cell.get("outputs", [])))[:_MAX_OUTPUT].strip()
                text = f"{text}\n\n{printed}" if printed else text
                yield Block(BlockKind.CODE, text, headings.path, number, number)
            case _:
                yield Block(BlockKind.PARAGRAPH, source, headings.path, number, number)


def _markdown(source: str, headings: HeadingPath, number: int) -> Iterator[Block]:
    """A heading in one cell stands above the cells that follow."""
    for block in read_markdown(source.encode()).blocks:
        if block.kind is BlockKind.HEADING:
            level = source.split("\n")[block.first - 1].lstrip().split(" ")[0].count("#") or 1
            path = headings.enter(level, block.text)
            yield Block(block.kind, block.text, path, number, number)
        else:
            yield Block(block.kind, block.text, headings.path, number, number)


def _printed(outputs: list[Any]) -> Iterator[str]:
    for output in outputs:
        yield _text(output.get("text", output.get("data", {}).get("text/plain", "")))


def _text(source: Any) -> str:
    return "".join(source) if isinstance(source, list) else str(source)
