"""`alvo doctor`: what is well, what is not, and what to do; works with the daemon down too."""

from __future__ import annotations

import subprocess
from argparse import Namespace

from client import place
from client.connection import VERSION, Connection
from client.console import Console
from client.remote import EXIT_FAILED, EXIT_OK, EXIT_UNREACHABLE, RemoteError
from client.start import daemon_command
from client.terminal import Paint, person_is_there
from client.usage import Parser
from daemon.protocol.escape import escape

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import DaemonStatus

Finding = tuple[str, str, str]
"""Level, sentence, what to do."""

_CHECK_TIMEOUT_S = 60
_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


def arguments(parser: Parser, name: str) -> None:
    assert name == "doctor"
    parser.json()


def run(console: Console, name: str, given: Namespace) -> int:
    """0: all is well; 5: the daemon does not answer; 1: its own check found something."""
    assert name == "doctor"
    status, error = _ask(console)
    checked, printed = _check(console)
    found = [*_own(console, status, error), *findings(printed)]
    if given.json:
        levels = [{"level": level, "text": text, "action": action} for level, text, action in found]
        console.document({"client": VERSION, "daemon": status, "findings": levels})
    else:
        for finding in found:
            console.result(_screen(finding, console.paint, console.width))
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


def _own(console: Console, status: DaemonStatus | None, error: RemoteError | None) -> list[Finding]:
    words = console.words
    found = [("ok", words("doctor_client", version=VERSION, language=words.language), "")]
    if status is not None:
        socket = place.shorten(place.socket_path(console.environ), console.environ)
        blanks = {"pid": status.pid, "version": status.version, "socket": socket}
        level = "ok" if status.version == VERSION else "warn"
        found.append((level, words("doctor_daemon", **blanks), ""))
    elif error is not None:
        found.append(("fail", error.message, error.action))
    there = person_is_there()
    found.append(("ok", words("doctor_terminal" if there else "doctor_no_terminal"), ""))
    found.append(_web(console))
    return found


def _web(console: Console) -> Finding:
    from client import bridge

    running = bridge.find(console.environ)
    if running is None:
        return "ok", console.words("doctor_no_web"), ""
    return "ok", console.words("doctor_web", pid=running.pid, url=running.url), ""


def findings(printed: str) -> list[Finding]:
    """From the lines of `alvod --check`: a level and a sentence, below it what to do."""
    found: list[Finding] = []
    for line in printed.splitlines():
        level, _, text = line.partition(" ")
        if level in _MARKS:
            found.append((level, text.strip(), ""))
        elif line.strip() and found and line.startswith(" "):
            found[-1] = (*found[-1][:2], f"{found[-1][2]} {line.strip()}".strip())
        elif line.strip():
            found.append(("fail", line.strip(), ""))
    return found


def _screen(finding: Finding, paint: Paint, width: int) -> str:
    import textwrap

    level, text, action = finding
    mark, style = _MARKS[level]
    first, *rest = textwrap.wrap(escape(text), width - 2, break_on_hyphens=False) or [""]
    lines = [f"{paint(mark, style)} {first}", *(f"  {line}" for line in rest)]
    todo = textwrap.wrap(escape(action), width - 2, break_on_hyphens=False)
    return "\n".join([*lines, *(f"  {paint(line, 'dim')}" for line in todo)]) + "\n"
