"""Text of a model or a document, made fit for a terminal: wrapped, lightly styled, never trusted.

It is styled as it streams in, so a word is held back until its end is seen.
"""

import re
import unicodedata

from client.terminal import Paint, display_width
from daemon.protocol.escape import escape

_SOFT = {0xFE0E: None, 0xFE0F: None, 0xAD: None}
_TOKEN = re.compile(r"\n|[ \t]+|[^ \t\n]+")
_MARK = re.compile(r"(\*\*|`|\[\d{1,3}\])")
_HEADING = re.compile(r"#{1,6}")
_BULLET = re.compile(r"[-*+]|\d{1,3}[.)]")
_FENCE = "```"


def readable(text: str) -> str:
    """Escaped as for approval, apart from what only sets type: unusual spaces, soft hyphens."""
    if text.isascii() and text.isprintable() and "<U+" not in text:
        return text
    text = text.replace("\r\n", "\n").translate(_SOFT)
    text = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    return escape(text, lines=True)


def one_line(text: str) -> str:
    """Readable, on a single line."""
    return " ".join(readable(text).split())


class ProseWriter:
    """Markdown in pieces to lines no wider than `width`; code blocks are not wrapped."""

    def __init__(self, paint: Paint, width: int) -> None:
        self._paint = paint
        self._width = width
        self._held = ""
        self._space = ""
        self._column = 0
        self._hang = 0
        self._fresh = True
        self._block = self._heading = self._bold = self._code = False

    def feed(self, text: str) -> str:
        """What can be written now."""
        text = self._held + text
        # The last word, and a return that may be half of a line end, wait for what follows.
        cut = max(map(text.rfind, " \n\t")) + 1
        self._held = text[cut:]
        return self._written(text[:cut])

    def end(self) -> str:
        """The rest, ended by a newline if there was anything."""
        held, self._held = self._held, ""
        rest = self._written(held)
        return rest if self._fresh else rest + self._newline()

    def _written(self, text: str) -> str:
        return "".join(map(self._token, _TOKEN.findall(readable(text))))

    def _token(self, token: str) -> str:
        if token == "\n":  # noqa: S105  (a piece of text)
            return self._newline()
        if token.isspace():
            self._space += token.replace("\t", "    ")
            return ""
        return self._begun(token) if self._fresh else self._continued(token)

    def _newline(self) -> str:
        self._space, self._column, self._hang = "", 0, 0
        self._fresh, self._heading, self._bold, self._code = True, False, False, False
        return "\n"

    def _begun(self, word: str) -> str:
        """The first word of a line, which may say what kind of line it is."""
        space, self._space, self._fresh = self._space, "", False
        if self._heading:
            space = ""
        self._hang = self._column = len(space)
        if word.startswith(_FENCE):
            self._block = not self._block
            return space + self._plain(word, "dim")
        if not self._block and self._paint.colour and _HEADING.fullmatch(word):
            self._heading, self._fresh = True, True
            return space
        if not self._block and _BULLET.fullmatch(word):
            self._hang += len(word) + 1
            return space + self._plain("•" if word in "-*+" else word, "dim")
        return space + self._styled(word)

    def _continued(self, word: str) -> str:
        space, self._space = self._space, ""
        if self._block or self._column + len(space) + self._columns(word) <= self._width:
            self._column += len(space)
            return space + self._styled(word)
        self._column = self._hang
        return "\n" + " " * self._hang + self._styled(word)

    def _columns(self, word: str) -> int:
        return display_width(
            word.replace("**", "").replace("`", "") if self._paint.colour else word
        )

    def _plain(self, word: str, *styles: str) -> str:
        self._column += display_width(word)
        return self._paint(word, *styles)

    def _styled(self, word: str) -> str:
        if self._block:
            return self._plain(word, "cyan")
        if not self._paint.colour:
            return self._plain(word)
        return "".join(map(self._inline, filter(None, _MARK.split(word))))

    def _inline(self, part: str) -> str:
        if part == "`":
            self._code = not self._code
            return ""
        if self._code:
            return self._plain(part, "cyan")
        if part == "**":
            self._bold = not self._bold
            return ""
        if _MARK.fullmatch(part):
            return self._plain(part, "dim")
        return self._plain(part, *(["bold"] if self._bold or self._heading else []))
