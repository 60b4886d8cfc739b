"""Passages without what no one reads: invisible characters, empty lines, passages without words."""

import re
import unicodedata
from typing import Final

from daemon.index.documents import ParsedPassage
from daemon.protocol.escape import is_hidden

_SPACES: Final = re.compile(r"[^\S\n\t]+")
_LINE_ENDS: Final = re.compile(r"(?<![^\S\n])[^\S\n]+\n")
"""From where the spaces begin: else a long line of nothing is looked at again from each of them."""
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")


def cleaned(passage: ParsedPassage) -> ParsedPassage | None:
    """None where there is not one word in it."""
    text = clean(passage.text)
    if _WORD.search(text) is None:
        return None
    return ParsedPassage(line(passage.place), text, line(passage.heading))


def clean(text: str) -> str:
    """Lines stay lines and indentation by tabs stays; what nobody sees goes."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii() or not text.isprintable():
        text = "".join(char for char in text if char in "\n\t " or not is_hidden(char))
    text = _SPACES.sub(" ", text) if "  " not in text else _wide(text)
    return _EMPTY_LINES.sub("\n\n", _LINE_ENDS.sub("\n", text)).strip("\n ")


def line(text: str) -> str:
    """What is visible of it, on one line."""
    return " ".join(clean(text).split())


def _wide(text: str) -> str:
    """Spaces in front of a line are code's indentation; those within it say nothing."""
    lines = []
    for one in text.split("\n"):
        bare = one.lstrip(" ")
        lines.append(one[: len(one) - len(bare)] + _SPACES.sub(" ", bare))
    return "\n".join(lines)
