"""From blocks to passages: what is found, shown and cited as one piece."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from embed_tool.blocks import Block, BlockKind, Extract, Unit

TARGET: Final = 900
"""Characters from which a passage is content to end."""
LIMIT: Final = 1200
"""Characters that a passage of several blocks, or a piece of a long one, does not pass."""
WHOLE: Final = 8000
"""Characters up to which code stays whole, with the paragraph that introduces it."""
_SMALL: Final = 250
"""Fewer characters than this are joined to a neighbour: alone they answer nothing."""

SEPARATOR: Final = " › "
_SENTENCE: Final = re.compile(r"(?<=[.!?…;:])[\"”’)\]]?\s+|\n+")


@dataclass(frozen=True, slots=True)
class Passage:
    """`heading`: the titles above it, as one line; empty where there are none."""

    place: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class _Part:
    """Text that is kept together, and where it stands. `gap` parts it from what is before it."""

    text: str
    headings: tuple[str, ...]
    first: int
    last: int
    gap: str = "\n\n"


def passages(extract: Extract) -> list[Passage]:
    """Cut at headings and paragraphs; a passage never goes on past a heading of its own level."""
    found: list[list[_Part]] = []
    for _, blocks in groupby(_bodies(extract.blocks), lambda block: _section(block, extract.unit)):
        found.extend(_packed(_parts(list(blocks))))
    return [_passage(parts, extract) for parts in _lead_ins_joined(found, extract.unit)]


def _bodies(blocks: list[Block]) -> Iterator[Block]:
    """The blocks without the headings, but for those with nothing under them."""
    for n, block in enumerate(blocks):
        if block.kind is not BlockKind.HEADING:
            yield block
            continue
        after = blocks[n + 1].headings if n + 1 < len(blocks) else ()
        if after[: len(block.headings)] != block.headings or (
            blocks[n + 1].kind is BlockKind.HEADING and len(after) == len(block.headings)
        ):
            yield block


def _section(block: Block, unit: Unit) -> tuple[object, ...]:
    return (*block.headings, block.first if unit.parts_sections else 0)


def _parts(blocks: list[Block]) -> Iterator[_Part]:
    n = 0
    while n < len(blocks):
        block, follower = blocks[n], blocks[n + 1] if n + 1 < len(blocks) else None
        if follower is not None and _introduces(block, follower):
            text = f"{block.text}\n\n{follower.text}"
            yield _Part(text, block.headings, block.first, follower.last)
            n += 2
            continue
        yield from _pieces(block)
        n += 1


def _introduces(block: Block, follower: Block) -> bool:
    return (
        follower.kind is BlockKind.CODE
        and block.kind in (BlockKind.PARAGRAPH, BlockKind.LIST)
        and len(block.text) <= LIMIT
        and len(follower.text) <= WHOLE
    )


def _pieces(block: Block) -> Iterator[_Part]:
    fenced = block.kind is BlockKind.CODE and block.text.lstrip().startswith(("```", "~~~"))
    if len(block.text) <= (WHOLE if fenced else LIMIT):
        yield _Part(block.text, block.headings, block.first, block.last)
    elif block.kind in (BlockKind.CODE, BlockKind.TABLE, BlockKind.LIST):
        yield from _by_lines(block)
    else:
        for n, text in enumerate(split_long(block.text)):
            yield _Part(text, block.headings, block.first, block.last, " " if n else "\n\n")


def _by_lines(block: Block) -> Iterator[_Part]:
    counted = block.last - block.first == block.text.count("\n")
    for n, line in enumerate(block.text.split("\n")):
        at = (block.first + n,) * 2 if counted else (block.first, block.last)
        gap = "\n" if n else "\n\n"
        for m, piece in enumerate([line] if len(line) <= LIMIT else split_long(line)):
            yield _Part(piece, block.headings, *at, gap="" if m else gap)


def split_long(text: str) -> list[str]:
    """Pieces of at most `LIMIT` characters: at sentence ends, else between words, else anywhere."""
    pieces: list[str] = []
    start = 0
    while len(text) - start > LIMIT:
        end = _cut_at(text, start)
        pieces.append(text[start:end].strip())
        start = end
    pieces.append(text[start:].strip())
    return [piece for piece in pieces if piece]


def _cut_at(text: str, start: int) -> int:
    limit = start + LIMIT
    sentences = [found.end() for found in _SENTENCE.finditer(text, start + LIMIT // 2, limit)]
    if sentences:
        return sentences[-1]
    space = max(text.rfind(" ", start + LIMIT // 2, limit), text.rfind("\n", start + 1, limit))
    return space + 1 if space > start else limit


def _packed(parts: Iterator[_Part]) -> Iterator[list[_Part]]:
    """Neighbours together until the target is reached; a small rest goes with what is before it."""
    open_: list[_Part] = []
    size = 0
    for part in parts:
        room = LIMIT + _SMALL if min(size, len(part.text)) < _SMALL else LIMIT
        if open_ and (size >= TARGET or size + len(part.text) > room):
            yield open_
            open_, size = [], 0
        open_.append(part)
        size += len(part.text) + len(part.gap)
    if open_:
        yield open_


def _lead_ins_joined(found: list[list[_Part]], unit: Unit) -> Iterator[list[_Part]]:
    """A few words between a heading and its first sub-heading go with what is under that, unless
    they say something by themselves: then they are cited by their own heading.
    """
    carried: list[_Part] = []
    for n, parts in enumerate(found):
        above, below = parts[-1].headings, found[n + 1][0].headings if n + 1 < len(found) else ()
        deeper = len(below) > len(above) and below[: len(above)] == above
        lead = deeper and not unit.parts_sections
        joined = [*carried, *parts]
        if lead and _size(joined) < _SMALL and not _says_something(parts[-1].text):
            carried = joined
            continue
        yield joined
        carried = []


def _says_something(text: str) -> bool:
    return text.rstrip().endswith((".", "!", "?", "…"))


def _size(parts: list[_Part]) -> int:
    return sum(len(part.text) for part in parts)


def _passage(parts: list[_Part], extract: Extract) -> Passage:
    text = parts[0].text + "".join(part.gap + part.text for part in parts[1:])
    headings = parts[-1].headings
    # The title of the document stands beside the place wherever that is shown.
    inner = headings[1:] if headings[:1] == (extract.title,) and len(headings) > 1 else headings
    heading = SEPARATOR.join(inner)
    return Passage(heading or _counted(parts, extract.unit), heading, text.strip("\n"))


def _counted(parts: list[_Part], unit: Unit) -> str:
    first, last = min(part.first for part in parts), max(part.last for part in parts)
    if first == last:
        return f"{unit.value} {first}"
    return f"{unit.value}s {first}–{last}"
