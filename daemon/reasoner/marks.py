"""The marks `[n]` by which an answer cites: which there are, and what only looks like one."""

import re
from collections.abc import Callable, Collection
from typing import Final

_MARK: Final = re.compile(r"([ \t]*)\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
"""`[1]`, or several at once: `[1, 3]`; with the blanks before it."""
_CODE: Final = re.compile(
    r"^(?:> )?(`{3,}|~{3,}).*?^(?:> )?\1[`~]*$|(?<!`)(`+)(?!`)[^`]*\2(?!`)",
    re.DOTALL | re.MULTILINE,
)
"""Fenced, and in a line: `files[0]` there is no mark."""


def cited(text: str) -> tuple[int, ...]:
    """The numbers that a text cites, in the order of their first use."""
    prose = _CODE.sub(" ", text)
    return tuple(dict.fromkeys(n for mark in _MARK.finditer(prose) for n in _numbers(mark)))


def without_others(text: str, known: Collection[int]) -> str:
    """The text without marks of other numbers: no claim borrows a false source."""

    def kept(mark: re.Match[str]) -> str:
        numbers = _numbers(mark)
        there = [str(number) for number in numbers if number in known]
        if len(there) == len(numbers):
            return mark[0]
        return f"{mark[1]}[{', '.join(there)}]" if there else ""

    return _in_prose(text, lambda prose: _MARK.sub(kept, prose))


def quoted(text: str) -> str:
    """As a document has it, but that it marks nothing here: what it cites is not what is cited, and
    what it leaves open as code hides no mark that follows.
    """

    def inert(prose: str) -> str:
        return _MARK.sub(lambda mark: f"{mark[1]}［{mark[2]}］", prose).replace("`", "'")

    return _in_prose(text, inert)


def _numbers(mark: re.Match[str]) -> list[int]:
    return [int(number) for number in mark[2].split(",")]


def _in_prose(text: str, change: Callable[[str], str]) -> str:
    """Changed wherever it is no code."""
    parts, at = list[str](), 0
    for code in _CODE.finditer(text):
        parts += [change(text[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, change(text[at:])])
