"""Documents that an agent is trained from, as they pass from who was given them to who reads them."""

from dataclasses import dataclass
from enum import StrEnum

from daemon.index.documents import ParsedPassage
from daemon.protocol.values import Timestamp


class Form(StrEnum):
    """How the text of a document is to be read; `file`: base64 of bytes, by their name."""

    TEXT = "text"
    MARKDOWN = "markdown"
    PAIR = "pair"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Spooled:
    """A document as it was given. `path`: what citations show. `question`: of a pair, with its
    answer as the text. `part`: of a long one, from 1. `modified_at`: when its file was changed, or
    else when it was given; null: nobody noted it.
    """

    form: Form
    path: str
    text: str
    title: str = ""
    question: str = ""
    part: int = 1
    modified_at: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class Extracted:
    """The same, cut into passages. `question`: that a person answered with these."""

    path: str
    title: str
    passages: tuple[ParsedPassage, ...]
    question: str = ""
    part: int = 1
    modified_at: Timestamp | None = None
