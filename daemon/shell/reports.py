"""What bash reports through its private pipe: how a command ended, and where it left the session."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable
from typing import Final

_LONGEST: Final = 64 * 1024


class Reports:
    """`on_report` is called when the one report that is expected has come."""

    def __init__(self, pipe: int, on_report: Callable[[], None]) -> None:
        self._pipe = pipe
        self._on_report = on_report
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self.nonce = b""
        self.latest: tuple[int, str] | None = None
        self._loop.add_reader(pipe, self._read)

    def expect(self) -> str:
        """A fresh word that the report must begin with: an old or a made-up one is ignored."""
        nonce = secrets.token_hex(8)
        self.nonce = nonce.encode()
        self.latest = None
        return nonce

    def close(self) -> None:
        self._loop.remove_reader(self._pipe)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            piece = os.read(self._pipe, _LONGEST)
            if not piece:
                self._loop.remove_reader(self._pipe)
            self._received += piece
        *whole, rest = self._received.split(b"\0")
        self._received = rest[-_LONGEST:]
        for report in whole:
            nonce, _, said = report.partition(b" ")
            status, _, cwd = said.partition(b" ")
            if secrets.compare_digest(nonce, self.nonce) and status.isdigit():
                self.latest = (int(status), os.fsdecode(cwd))
                self._on_report()
