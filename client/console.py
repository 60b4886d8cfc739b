"""What a command is given to work with: words, colours, the connection, and where to print."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

import prompts
from client.connection import Connection
from client.folding import fold, fold_screen
from client.screens.error import error_lines
from client.terminal import Paint, can_rewrite, has_colour, width_of
from client.words import Words
from daemon.protocol.escape import is_hidden

TYPE_CHECKING = False  # a constant that type checkers know; importing typing costs 2 ms
if TYPE_CHECKING:
    from typing import Any


class Console:
    """Results go to standard output, everything else to standard error."""

    def __init__(self, environ: Mapping[str, str], *, in_shell: bool = False) -> None:
        self.environ = environ
        self.words = Words(prompts.language_of(environ), in_shell=in_shell)
        self.paint = Paint(colour=has_colour(environ, 1))
        self.paint_notice = Paint(colour=has_colour(environ, 2))
        self.result_is_terminal = sys.stdout.isatty()
        self.width = width_of(1 if self.result_is_terminal else 2)
        self.muted = False
        """While a JSON document is to come, nothing else may be on standard output."""
        self._connection: Connection | None = None
        self._can_rewrite = can_rewrite(environ, 2)
        self._progress = False
        self._open_line = False

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            self._connection = Connection.from_environment(self.environ, self.words)
        return self._connection

    def reconnect(self) -> Connection:
        """A new connection in place of one that was lost or that is still busy."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        return self.connection

    def call(self, method: str, wait_s: float = 0.0, /, **params: Any) -> Any:
        return self.connection.call(method, params, wait_s)

    def document(self, value: Any) -> None:
        """The whole result as one JSON document, with escapes for what cannot be seen."""
        text = json.dumps(value, ensure_ascii=False, indent=2)
        shown = (c if c == "\n" or not is_hidden(c) else json.dumps(c)[1:-1] for c in text)
        self.muted = False
        self.result("".join(shown) + "\n")

    def result(self, text: str) -> None:
        if not text or self.muted:
            return
        self.clear_progress()
        sys.stdout.write(text)
        if self.result_is_terminal:
            sys.stdout.flush()
            self._open_line = not text.endswith("\n")

    def screen(self, text: str) -> None:
        """A result of lines of ours, folded where someone reads it."""
        self.result(fold_screen(text, self.width) if self.result_is_terminal else text)

    def notice(self, text: str) -> None:
        self.clear_progress()
        if self._open_line:
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._open_line = False
        sys.stderr.write(text)
        sys.stderr.flush()

    def say(self, text: str, *styles: str) -> None:
        """A sentence of ours, folded where someone reads it."""
        lines = fold(text, self.width) if sys.stderr.isatty() else [text]
        self.notice("".join(self.paint_notice(line, *styles) + "\n" for line in lines))

    def error(self, message: str, action: str) -> None:
        width = self.width if sys.stderr.isatty() else None
        message, action = self.words.here(message), self.words.here(action)
        self.notice(error_lines(message, action, self.paint_notice, width))

    def progress(self, text: str) -> None:
        """One line that the next one takes the place of; only where someone can see it."""
        if not self._can_rewrite or self._open_line:
            return
        self.clear_progress()
        sys.stderr.write(self.paint_notice(text[: self.width - 1], "dim"))
        sys.stderr.flush()
        self._progress = True

    def clear_progress(self) -> None:
        if self._progress:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._progress = False
