"""Text in lines no wider than the screen: prose at its spaces, exact texts without losing any."""

import re

from client.terminal import cut_at, display_width
from daemon.protocol.escape import escape

_SPACE = "<U+0020>"
_SPACED = re.compile(r" *[^ ]+")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PARTS_END = "/#&?"
_LISTED = 64
_LEAST = 8


def fold(text: str, width: int) -> list[str]:
    """Prose, at its spaces; only a word wider than the screen is cut. At least one line."""
    lines, line = [], ""
    for word in _words(text):
        if line and display_width(line) + 1 + display_width(word) <= width:
            line += f" {word}"
            continue
        lines += [line] if line else []
        *cut, line = fold_place(word, width)
        lines += cut
    return [*lines, line]


def fold_place(text: str, width: int) -> list[str]:
    """A path or an address, after its parts where that fits; joined again it is the text."""
    lines, line = [], ""
    for part in _parts(text):
        if line and display_width(line) + display_width(part) > width:
            lines.append(line)
            line = ""
        *cut, line = cut_at(line + part, width)
        lines += cut
    return [*lines, line]


def fold_exact(text: str, width: int) -> list[str]:
    """What a yes is bound to: joined and unescaped it is the text, spaces and all.

    A space that stands alone within a line is seen; every other one is shown as what it is.
    """
    shown = escape(text)
    if "  " not in f" {shown} " and display_width(shown) <= width:
        return [shown]
    return fold_place(shown.replace(" ", _SPACE), width)


def cut_short(text: str, width: int) -> str:
    """One line of a list: what does not fit is left out, and that is seen."""
    if len(text) <= width and display_width(text) <= width:
        return text
    text = text[:width]
    while text and display_width(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def list_line(cells: list[tuple[str, int]], text: str, width: int) -> str:
    """Cells in columns, where there is room for columns, and as much of the text as fits.

    Each cell is a text, coloured by the caller, with the columns it should have.
    """
    wide = width >= _LISTED
    shown = [cell + " " * (columns - _columns(cell)) if wide else cell for cell, columns in cells]
    begin = "  ".join(shown) + "  "
    return begin + cut_short(text, max(width - _columns(begin), _LEAST))


def fold_screen(screen: str, width: int) -> str:
    """Lines that are longer go on below, further in; columns and colours stay as they are."""
    return "".join(
        "\n".join(_hung(line.removesuffix("\n"), width)) + "\n" * line.endswith("\n")
        for line in screen.splitlines(keepends=True)
    )


def _hung(line: str, width: int) -> list[str]:
    if _columns(line) <= width:
        return [line]
    indent = " " * min(len(line) - len(line.lstrip(" ")) + 2, width // 2)
    lines, current = [], ""
    for word in _SPACED.findall(line):
        if current.strip() and _columns(current + word) > width:
            lines.append(current)
            current = indent + word.lstrip(" ")
        else:
            current += word
    return [*lines, current]


def _columns(line: str) -> int:
    return display_width(_COLOUR.sub("", line))


def _words(text: str) -> list[str]:
    """`alvo show` stays on one line: a command is there to be copied."""
    words: list[str] = []
    for word in text.split():
        if words and words[-1].lstrip("“(") == "alvo":
            words[-1] += f" {word}"
        else:
            words.append(word)
    return words


def _parts(text: str) -> list[str]:
    parts, begun = [], ""
    for c in text:
        begun += c
        if c in _PARTS_END:
            parts.append(begun)
            begun = ""
    return [*parts, begun] if begun else parts
