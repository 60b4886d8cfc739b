"""`alvo doctor`: what is well, what is not, and what to do; works with the daemon down too."""

from __future__ import annotations

import json
import subprocess
from argparse import Namespace
from typing import Any

from client import place
from client.connection import VERSION, Connection
from client.console import Console
from client.remote import EXIT_FAILED, EXIT_OK, EXIT_UNREACHABLE, RemoteError
from client.start import daemon_command
from client.terminal import person_is_there
from client.usage import Parser

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import DaemonStatus

_CHECK_TIMEOUT_S = 60


def arguments(parser: Parser, name: str) -> None:
    assert name == "doctor"
    parser.json()


def run(console: Console, name: str, given: Namespace) -> int:
    """0: all is well; 5: the daemon does not answer; 1: its own check found something."""
    assert name == "doctor"
    status, error = _ask(console)
    checked, printed = _check(console)
    if given.json:
        console.document(
            {
                "client": VERSION,
                "socket": place.socket_path(console.environ),
                "daemon": status,
                "error": None if error is None else error.message,
                "check": {"exit_status": checked, "output": _parsed(printed)},
            }
        )
    else:
        console.result(_screen(console, status, error))
        console.result(printed if not printed or printed.endswith("\n") else printed + "\n")
    if error is not None:
        return EXIT_UNREACHABLE
    return EXIT_OK if checked == 0 else EXIT_FAILED


def _ask(console: Console) -> tuple[DaemonStatus | None, RemoteError | None]:
    try:
        path = place.socket_path(console.environ)
        connection = Connection(path, console.words, "script")
        status: DaemonStatus = connection.call("daemon.status")
    except RemoteError as error:
        return None, error
    return status, None


def _check(console: Console) -> tuple[int, str]:
    """`alvod --check`: its exit status and what it printed."""
    command = [*daemon_command(), "--check"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_CHECK_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return EXIT_FAILED, console.words("doctor_no_check", command=command[0], reason=str(error))
    return done.returncode, done.stdout + done.stderr


def _screen(console: Console, status: DaemonStatus | None, error: RemoteError | None) -> str:
    words, paint = console.words, console.paint
    socket = place.shorten(place.socket_path(console.environ), console.environ)
    lines = [(True, words("doctor_client", version=VERSION, language=words.language))]
    if status is not None:
        head = {"pid": status.pid, "version": status.version, "socket": socket}
        lines.append((status.version == VERSION, words("doctor_daemon", **head)))
    elif error is not None:
        lines.append((False, f"{error.message} {error.action}"))
    there = person_is_there()
    lines.append((True, words("doctor_terminal" if there else "doctor_no_terminal")))
    shown = (f"{paint('✓', 'green') if well else paint('✗', 'red')} {text}" for well, text in lines)
    return "\n".join(shown) + "\n"


def _parsed(printed: str) -> Any:
    try:
        return json.loads(printed)
    except ValueError:
        return printed.splitlines()
