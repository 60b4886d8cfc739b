"""Watches one command: tells when what it waits for at its terminal changes."""

import time
from typing import Final

from daemon.protocol.values import Terminal
from daemon.shell.pty import BashPty
from daemon.shell.values import OnWait
from daemon.shell.waiting import look

_FIRST_S: Final = 0.03
_LONGEST_S: Final = 1.0
_SHARE: Final = 8
"""A look every eighth of the silence so far: soon after a prompt, seldom in a long computation."""
_ENDS_LINE: Final = (b"\n", b"\r", b"\x03", b"\x04")


class Watch:
    """All is told by who reads the output, so that it is told in order with it.

    Who has taken the screen (turned line input off) has it until another program is in front: in
    between, a line editor gives it back for each line.
    """

    def __init__(self, pty: BashPty, on_wait: OnWait | None) -> None:
        self._pty = pty
        self._on_wait = on_wait
        self._told: Terminal | None = None
        self._answered = False
        self._owner = 0
        self._since = self._looked = time.monotonic()

    def pause(self) -> float | None:
        """Seconds to the next look; None: nobody wants to know."""
        if self._on_wait is None:
            return None
        silent_s = self._looked - self._since
        pause = min(max(_FIRST_S, silent_s / _SHARE), _LONGEST_S)
        return max(0.0, self._looked + pause - time.monotonic())

    async def before_output(self) -> None:
        """The screen is told of before what is drawn on it."""
        self._since = self._looked = time.monotonic()
        if self._on_wait is None or self._told is Terminal.SCREEN:
            return
        mode = self._pty.mode()
        if mode is not None and not mode.canonical:
            await self._tell(Terminal.SCREEN)

    def fed(self, data: bytes) -> None:
        """Keys were given to it: a whole line is the answer that it waited for."""
        self._since = self._looked = time.monotonic()
        if self._told is not Terminal.SCREEN and any(end in data for end in _ENDS_LINE):
            self._answered = True

    async def settle(self) -> None:
        """Looks, if it is time; tells what is new."""
        if self._on_wait is None:
            return
        if self._answered:
            self._answered = False
            await self._tell(None)
        if self.pause() == 0:
            self._looked = time.monotonic()
            await self._tell(self._kept(look(self._pty, self._looked - self._since)))

    async def end(self) -> None:
        """The command has ended: it waits for nothing."""
        await self._tell(None)

    def _kept(self, seen: Terminal | None) -> Terminal | None:
        mine = self._told is Terminal.SCREEN and self._owner == self._pty.front()
        # An editor that is about to leave asks once more what the terminal has to say.
        unsure = seen in (None, Terminal.PERHAPS)
        return Terminal.SCREEN if unsure and mine else seen

    async def _tell(self, terminal: Terminal | None) -> None:
        if terminal is Terminal.SCREEN:
            # bash itself, which reads one key, goes on with other things afterwards.
            self._owner = self._pty.foreground_group() or -1
        if self._on_wait is not None and terminal is not self._told:
            self._told = terminal
            await self._on_wait(terminal)
