"""Rows of a table as blocks: a few at a time, each with the names of the columns above it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from embed_tool.blocks import Block, BlockKind, one_line

_MAX_CHARACTERS: Final = 900
"""Of a block: it becomes a passage as it is, and keeps the names of the columns."""
_MAX_CELL: Final = 500
_MAX_ROWS: Final = 50_000


def blocks(rows: Iterable[Sequence[str]], headings: tuple[str, ...]) -> Iterator[Block]:
    """`first` and `last` count rows from 1, the one with the names included."""
    names: str | None = None
    open_: list[str] = []
    first = last = 0
    for number, cells in enumerate(islice(rows, _MAX_ROWS), 1):
        line = _line(cells)
        if not line:
            continue
        if names is None and _are_names(cells):
            names = line
            continue
        if open_ and sum(map(len, open_)) + len(line) > _MAX_CHARACTERS:
            yield _block(names, open_, headings, first, last)
            open_ = []
        names = names or ""
        first = first if open_ else number
        open_.append(line)
        last = number
    if open_ or names:
        yield _block(names, open_, headings, first or 1, last or 1)


def _are_names(cells: Sequence[str]) -> bool:
    """Whether the first row that says anything names the columns: words, each once, no number."""
    said = [cell for cell in map(one_line, cells) if cell]
    return len(said) == len(set(said)) and not any(cell[0].isdigit() for cell in said)


def _line(cells: Sequence[str]) -> str:
    said = [one_line(cell)[:_MAX_CELL] for cell in cells]
    return " | ".join(said).strip("| ") if any(said) else ""


def _block(
    names: str | None, lines: list[str], headings: tuple[str, ...], first: int, last: int
) -> Block:
    text = "\n".join([names, *lines] if names else lines)
    return Block(BlockKind.TABLE, text, headings, first, last)
