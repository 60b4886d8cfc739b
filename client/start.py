"""Starts the daemon in the background, for a person who opens the shell while none runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import IO

from client import place
from client.connection import Connection
from client.console import Console
from client.remote import RemoteError

WITHIN_S = 15.0


def daemon_command() -> list[str]:
    """The daemon of this very installation."""
    beside = f"{os.path.dirname(sys.executable)}/alvod"  # noqa: PTH120  (pathlib costs 6 ms)
    if os.access(beside, os.X_OK):
        return [beside]
    return [sys.executable, "-m", "daemon"]


def is_up(console: Console) -> bool:
    try:
        path = place.socket_path(console.environ)
        Connection(path, console.words, "script").close()
    except RemoteError:
        return False
    return True


def start_daemon(console: Console) -> None:
    """Returns when it answers; raises DAEMON_UNREACHABLE with what it said before it gave up."""
    with tempfile.TemporaryFile() as said:
        # A session of its own: neither Ctrl-C here nor the end of this terminal ends it.
        started = subprocess.Popen(
            daemon_command(),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            cwd="/",
        )
        end = time.monotonic() + WITHIN_S
        while not is_up(console):
            if started.poll() is not None or time.monotonic() > end:
                raise _failed(console, said)
            time.sleep(0.02)
        # It is not ours to wait for: Popen would warn about a child that lives on.
        started.returncode = 0


def _failed(console: Console, said: IO[bytes]) -> RemoteError:
    said.seek(0)
    lines = said.read(65536).decode("utf-8", "replace").strip().splitlines()
    sentence, action = console.words.sentence(
        "DAEMON_UNREACHABLE", socket=place.socket_path(console.environ)
    )
    return RemoteError(1000, "DAEMON_UNREACHABLE", sentence, lines[-1] if lines else action)
