"""Finds the bridge that runs for this user, and starts one in the background if there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from client import logins
from client.console import Console
from client.remote import RemoteError

WITHIN_S = 20.0
NOTE = "bridge.json"


@dataclass(frozen=True, slots=True)
class Running:
    """A bridge that runs; `started`: when its process began, so that no other is taken for it."""

    pid: int
    started: int
    port: int
    url: str


def note_path(environ: Mapping[str, str]) -> Path:
    """Where a bridge tells that it runs."""
    return logins.directory(environ) / NOTE


def write_note(environ: Mapping[str, str], port: int, url: str) -> None:
    """Whole at once, and for this user alone."""
    path = note_path(environ)
    made = path.with_suffix(".new")
    pid = os.getpid()
    told = {"pid": pid, "started": _started(pid), "port": port, "url": url}
    made.write_text(json.dumps(told), encoding="utf-8")
    made.replace(path)


def forget_note(environ: Mapping[str, str]) -> None:
    """Only one's own: a newer bridge may have told since."""
    running = find(environ)
    if running is not None and running.pid == os.getpid():
        note_path(environ).unlink(missing_ok=True)


def find(environ: Mapping[str, str]) -> Running | None:
    """The one that told last, if its process is alive."""
    try:
        told = json.loads(note_path(environ).read_text(encoding="utf-8"))
        running = Running(told["pid"], told["started"], told["port"], told["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return running if _started(running.pid) == running.started else None


def start(console: Console, arguments: list[str]) -> Running:
    """Returns when it listens; raises WEB_NOT_STARTED with what it said before it gave up."""
    with tempfile.TemporaryFile() as said:
        started = subprocess.Popen(
            [*_command(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            cwd="/",
        )
        end = time.monotonic() + WITHIN_S
        while (running := find(console.environ)) is None:
            if started.poll() is not None or time.monotonic() > end:
                raise _failed(console, said)
            time.sleep(0.02)
        # It is not ours to wait for: Popen would warn about a child that lives on.
        started.returncode = 0
        return running


def _command() -> list[str]:
    """The bridge of this very installation."""
    beside = Path(sys.executable).parent / "alvo-web"
    return [str(beside)] if os.access(beside, os.X_OK) else [sys.executable, "-m", "webui"]


def _started(pid: int) -> int | None:
    """In clock ticks since boot; None if there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()
    return None if fields[0] in b"ZX" else int(fields[19])


def _failed(console: Console, said: IO[bytes]) -> RemoteError:
    said.seek(0)
    lines = said.read(65536).decode("utf-8", "replace").strip().splitlines()
    reason = lines[0].removeprefix("alvo-web: ") if lines else "?"
    sentence, action = console.words.sentence("WEB_NOT_STARTED", reason=reason)
    return RemoteError(1822, "WEB_NOT_STARTED", sentence, lines[1] if len(lines) > 1 else action)
