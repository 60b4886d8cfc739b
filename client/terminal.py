"""The terminal a person sits at: colours, width, and questions that no earlier key press answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

TYPE_CHECKING = False  # a constant that type checkers know; importing typing costs 2 ms
if TYPE_CHECKING:
    from typing import Protocol

    class Beside(Protocol):
        """What else may happen while a line is typed."""

        @property
        def withdrawn(self) -> bool:
            """Whether the question need not be answered any more."""

        def any_news(self, keys: int) -> bool:
            """Waits; False when a line was typed, True after something else was shown."""


_STYLES = {
    "bold": "1",
    "dim": "2",
    "italic": "3",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}
MAX_WIDTH = 96
"""Longer lines are hard to read; what is wider than this stays at the left."""
MIN_WIDTH = 24


def has_colour(environ: Mapping[str, str], descriptor: int) -> bool:
    return not environ.get("NO_COLOR") and can_rewrite(environ, descriptor)


def can_rewrite(environ: Mapping[str, str], descriptor: int) -> bool:
    """Whether a line on it can be replaced by the next one."""
    return environ.get("TERM") != "dumb" and os.isatty(descriptor)


def width_of(descriptor: int) -> int:
    """Columns to write in, 80 where nobody knows."""
    try:
        columns = os.get_terminal_size(descriptor).columns
    except OSError:
        return 80
    return max(min(columns, MAX_WIDTH), MIN_WIDTH) if columns else 80


class Paint:
    """Colours text, or leaves it as it is."""

    def __init__(self, *, colour: bool) -> None:
        self.colour = colour

    def __call__(self, text: str, *styles: str) -> str:
        if not self.colour or not text or not styles:
            return text
        codes = ";".join(_STYLES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"


SESSION = "ALVO_SESSION"
"""Set in whatever Alvo runs: there is a terminal, and nobody at it."""


def person_is_there() -> bool:
    """Whether questions can be asked: on standard error, answered from the terminal itself."""
    if SESSION in os.environ or not os.isatty(2):
        return False
    if os.isatty(0):
        return True
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def can_lend() -> bool:
    """Whether a program can draw here: results go to a terminal that knows how to."""
    return os.isatty(1) and os.environ.get("TERM", "dumb") not in ("", "dumb")


def window() -> dict[str, int] | None:
    """The size of the terminal that results are shown on; None: nobody knows."""
    try:
        size = os.get_terminal_size(1)
    except OSError:
        return None
    return {"rows": size.lines, "cols": size.columns} if size.lines and size.columns else None


def keyboard() -> int:
    """The terminal to read from, even where standard input is a file or a pipe."""
    return os.dup(0) if os.isatty(0) else os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)


def ask_line(prompt: str, *, secret: bool = False) -> str:
    """One line typed after this moment; what was typed ahead is thrown away. EOFError at its end."""
    return ask_line_beside(prompt, None, secret=secret) or ""


def ask_line_beside(prompt: str, beside: Beside | None, *, secret: bool) -> str | None:
    """As `ask_line`; None: there was news beside the question, and it need not be answered."""
    import termios

    keys = keyboard()
    before = termios.tcgetattr(keys)
    quiet = [*before]
    # Echo off while the question is drawn too: no key can pretend to be part of it.
    quiet[3] = before[3] & ~termios.ECHO
    try:
        termios.tcsetattr(keys, termios.TCSAFLUSH, quiet)
        sys.stderr.write(prompt)
        sys.stderr.flush()
        # The question is whole with the space below: what came before that is no answer to it.
        termios.tcflush(keys, termios.TCIFLUSH)
        if not secret:
            termios.tcsetattr(keys, termios.TCSANOW, before)
        sys.stderr.write(" ")
        sys.stderr.flush()
        return _line(keys, prompt, beside)
    finally:
        termios.tcsetattr(keys, termios.TCSANOW, before)
        os.close(keys)
        if secret:
            sys.stderr.write("\n")


def _line(keys: int, prompt: str, beside: Beside | None) -> str | None:
    received = b""
    while not received.endswith(b"\n"):
        if beside is not None and beside.any_news(keys):
            if beside.withdrawn:
                sys.stderr.write("\n")
                return None
            sys.stderr.write(f"{prompt} ")
            sys.stderr.flush()
            continue
        piece = os.read(keys, 4096)
        if not piece:
            sys.stderr.write("\n")
            raise EOFError
        received += piece
    return received[:-1].decode("utf-8", "replace")


def display_width(text: str) -> int:
    """Columns that the text takes on a screen."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1
        for c in text
    )


def cut_at(text: str, width: int) -> list[str]:
    """The text in pieces no wider than `width`, nothing left out."""
    if display_width(text) <= width:
        return [text]
    pieces, piece, used = [], "", 0
    for c in text:
        columns = display_width(c)
        if piece and used + columns > width:
            pieces.append(piece)
            piece, used = "", 0
        piece += c
        used += columns
    return [*pieces, piece]
