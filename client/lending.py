"""Lends the person's terminal to a running command: keys go to it, what it draws comes here."""

from __future__ import annotations

import base64
import os
import re
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import closing, contextmanager

from client.console import Console
from client.remote import RemoteError
from client.terminal import keyboard, window

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from client.connection import Connection
    from daemon.protocol.calls import FlowEvents

WAIT_S = 30.0
_PIECE = 1024
# Ctrl-], also as terminals send it that a program has asked for unambiguous keys.
_LEAVE = re.compile(rb"\x1d|\x1b\[93;5u|\x1b\[27;5;93~")
_OTHER_SCREEN = re.compile(r"\x1b\[\?(?:1049|1047|47)([hl])")
_UNFINISHED = 16
# Whatever a program left behind must not reach what Alvo draws next: soft reset, keypad, line
# wrap, cursor, mouse and paste reports, key reports, character set, and colours that hide text.
_RESET = (
    "\x1b[!p\x1b[0m\x1b[?1l\x1b>\x1b[?7h\x1b[?25h\x1b[?9;1000;1001;1002;1003;1004;1005;1006;1015l"
    "\x1b[?2004l\x1b[<u\x1b[>4m\x0f\x1b(B"
)
_COLOURS = "\x1b]104\x07\x1b]110\x07\x1b]111\x07"
_LINE_ENDS = (b"\r", b"\n", b"\x03", b"\x04")


class Loan:
    """Until the command gives the screen back, or the flow ends (`always`), or Ctrl-].

    `after`: the last event that was drawn. `wanted`: what the command waited for at last.
    """

    def __init__(self, console: Console, flow_id: str, after: int, *, always: bool) -> None:
        self._console = console
        self._flow_id = flow_id
        self._always = always
        self.after = after
        self.wanted: str | None = None if always else "screen"
        self.left = False
        self._out: Connection
        self._secret = b""
        self._tail = ""
        self._other_screen = False

    def run(self) -> None:
        """Blocks. Where the daemon goes away it returns, as who follows the flow looks for it."""
        sys.stdout.flush()
        try:
            with (
                closing(self._console.connection.again()) as self._out,
                closing(self._out.again()) as news,
                _raw_terminal() as (keys, resized),
            ):
                self._tell_size()
                self._serve(keys, resized, news)
        except RemoteError as error:
            if error.name not in ("DAEMON_UNREACHABLE", "DAEMON_STOPPING"):
                raise
        finally:
            self._tidy()

    def _serve(self, keys: int, resized: int, news: Connection) -> None:
        watched: list[int | Connection] = [keys, resized, news]
        while True:
            news.begin("flow.wait", {**self._question(), "timeout_s": WAIT_S})
            while news not in (ready := select.select(watched, [], [])[0]):
                if resized in ready:
                    os.read(resized, _PIECE)
                    self._tell_size()
                if keys in ready and not self._typed(os.read(keys, _PIECE)):
                    self.left = True
                    return
            if not self._drawn(news.finish()):
                return

    def _question(self) -> dict[str, object]:
        return {"flow_id": self._flow_id, "after": self.after}

    def _drawn(self, told: FlowEvents) -> bool:
        """False: the terminal is the person's again."""
        for event in told.events:
            self.after = event.seq
            if str(event.kind) == "output":
                self._draw(str(event.data.get("text", "")))
            elif str(event.kind) == "terminal":
                self.wanted = event.data.get("terminal")
                if self.wanted != "screen" and not self._always:
                    return False
        return bool(told.events) or told.flow is None or told.flow.status == "executing"

    def _draw(self, text: str) -> None:
        for found in _OTHER_SCREEN.finditer(self._tail + text):
            self._other_screen = found[1] == "h"
        self._tail = (self._tail + text)[-_UNFINISHED:]
        _write(text)

    def _typed(self, data: bytes) -> bool:
        """False: the person leaves, or is gone."""
        leaving = _LEAVE.search(data)
        keys = data[: leaving.start()] if leaving else data
        if self.wanted == "password":
            keys = self._password(keys)
        if keys:
            self._send(keys, secret=False)
        return bool(data) and not leaving

    def _password(self, keys: bytes) -> bytes:
        """Kept until it is whole, so that it is known as the secret; gives what comes after it."""
        for n in range(len(keys)):
            key = keys[n : n + 1]
            if key in (b"\x7f", b"\x08"):
                self._secret = self._secret.decode("utf-8", "ignore")[:-1].encode()
            elif key == b"\x15":
                self._secret = b""
            else:
                self._secret += key
            if key in _LINE_ENDS:
                self._send(self._secret.replace(b"\r", b"\n"), secret=True)
                self._secret = b""
                self.wanted = None
                return keys[n + 1 :]
        return b""

    def _send(self, keys: bytes, *, secret: bool) -> None:
        coded = base64.b64encode(keys).decode()
        self._tell("terminal.send", {"base64": coded, "secret": secret})

    def _tell_size(self) -> None:
        size = window()
        if size is not None:
            self._tell("terminal.resize", size)

    def _tell(self, method: str, params: dict[str, Any]) -> None:
        try:
            self._out.call(method, {"flow_id": self._flow_id, **params})
        except RemoteError as error:
            if error.name != "NO_COMMAND_RUNNING":
                raise

    def _tidy(self) -> None:
        if not self._tail:
            return
        screen = "\x1b[?1049l" if self._other_screen else ""
        colours = "" if os.environ.get("TERM") == "linux" else _COLOURS
        line = "" if self._tail.endswith("\n") or screen else "\r\n"
        _write(screen + _RESET + colours + line)


def _write(text: str) -> None:
    data = text.encode("utf-8", "replace")
    while data:
        data = data[os.write(1, data) :]


@contextmanager
def _raw_terminal() -> Iterator[tuple[int, int]]:
    """The keyboard, and a descriptor that is readable when the window has changed.

    What is typed or reported by the terminal at the very end answers no later question.
    """
    keys = keyboard()
    before = termios.tcgetattr(keys)
    resized, tell = os.pipe()
    os.set_blocking(tell, False)

    def on_resize(_: int, __: FrameType | None) -> None:
        try:
            os.write(tell, b"x")
        except BlockingIOError:
            return

    def on_end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    handlers = {signal.SIGWINCH: on_resize, signal.SIGTERM: on_end, signal.SIGHUP: on_end}
    saved = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        tty.setraw(keys, termios.TCSADRAIN)
        yield keys, resized
    finally:
        termios.tcsetattr(keys, termios.TCSAFLUSH, before)
        for number, handler in saved.items():
            signal.signal(number, handler)
        for descriptor in (keys, resized, tell):
            os.close(descriptor)
