"""Tells systemd how the daemon is (sd_notify(3)); without systemd it does nothing."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
_ALIVE: Final = "WATCHDOG=1"


class Notifier:
    """Speaks to the socket that NOTIFY_SOCKET names."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the NUL of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._interval_s = _watchdog_s(environ) / 2

    def tell(self, state: str) -> None:
        if not self._address:
            return
        flags = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, flags) as telling:
            telling.connect(self._address)
            telling.sendall(state.encode())

    async def watch(self) -> None:
        """Says twice in each watchdog interval that the event loop still turns."""
        while self._interval_s > 0:
            self.tell(_ALIVE)
            await asyncio.sleep(self._interval_s)


def _watchdog_s(environ: Mapping[str, str]) -> float:
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    try:
        return int(environ.get("WATCHDOG_USEC", "0")) / 1e6
    except ValueError:
        return 0.0
