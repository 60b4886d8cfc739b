"""What a format reads out of a file: blocks of text, each with where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

MAX_HEADING: Final = 200
"""Characters of a heading that are kept: longer ones are paragraphs in disguise."""


class Kind(StrEnum):
    """How a file is read; `page`, `json`, `xml`: as what a web server sent."""

    TEXT = "text"
    CODE = "code"
    MARKDOWN = "markdown"
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"
    SLIDES = "slides"
    SHEETS = "sheets"
    CSV = "csv"
    ODF = "odf"
    EPUB = "epub"
    NOTEBOOK = "notebook"
    MAIL = "mail"
    MAILBOX = "mailbox"
    PAGE = "page"
    JSON = "json"
    XML = "xml"


class BlockKind(StrEnum):
    """`heading` stands for itself only if nothing follows under it; `code` is never cut lightly."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    CODE = "code"
    TABLE = "table"


class Unit(StrEnum):
    """What `first` and `last` of a block count, from 1."""

    LINE = "line"
    PAGE = "page"
    PARAGRAPH = "paragraph"
    SLIDE = "slide"
    ROW = "row"
    CELL = "cell"
    MESSAGE = "message"

    @property
    def parts_sections(self) -> bool:
        """Whether a passage must not go on past one: "page 3" has to be true of the whole of it."""
        return self in (Unit.PAGE, Unit.SLIDE, Unit.MESSAGE)


@dataclass(frozen=True, slots=True)
class Block:
    """`headings`: the titles above it, outermost first; of a heading, itself included."""

    kind: BlockKind
    text: str
    headings: tuple[str, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Extract:
    """One file as read. `title` is empty where the file does not say."""

    title: str
    unit: Unit
    blocks: list[Block]


@dataclass(slots=True)
class HeadingPath:
    """The titles above the place where a format is reading."""

    _open: list[tuple[int, str]] = field(default_factory=list)

    def enter(self, level: int, text: str) -> tuple[str, ...]:
        """The path once this heading is reached; it closes those of its level and below."""
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        self._open.append((level, one_line(text)[:MAX_HEADING]))
        return self.path

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._open)


def one_line(text: str) -> str:
    """Every run of white space as one space."""
    return " ".join(text.split())


def paragraphs(lines: list[str], start: int = 1) -> Iterator[tuple[int, int, str]]:
    """Runs of lines between empty ones: first line, last line (from `start`), text."""
    first = None
    for number, line in enumerate([*lines, ""], start):
        if line.strip():
            first = number if first is None else first
        elif first is not None:
            yield first, number - 1, "\n".join(lines[first - start : number - start])
            first = None
