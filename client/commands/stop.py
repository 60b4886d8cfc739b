"""`alvo stop`: ends the daemon; what waits for an answer waits on for the next one."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace

from client import answering, place, terminal
from client.console import Console
from client.remote import EXIT_FAILED, EXIT_OK, RemoteError
from client.usage import Parser

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import DaemonStatus

_WITHIN_S = 15.0


def arguments(parser: Parser, name: str) -> None:
    assert name == "stop"
    parser.option("-y", "--yes", help_="help_stop_yes", action="store_true")


def run(console: Console, name: str, given: Namespace) -> int:
    """That none runs is what was wanted, too."""
    assert name == "stop"
    try:
        status: DaemonStatus = console.call("daemon.status")
    except RemoteError as error:
        if error.name != "DAEMON_UNREACHABLE":
            raise
        console.say(console.words("stop_none"))
        return EXIT_OK
    if status.flows_running and not given.yes and not _agreed(console, status.flows_running):
        console.say(console.words("stop_left"))
        return EXIT_FAILED
    console.call("daemon.stop")
    end = time.monotonic() + _WITHIN_S
    while _is_there(status.pid):
        if time.monotonic() > end:
            console.say(console.words("stop_slow", pid=status.pid))
            return EXIT_FAILED
        time.sleep(0.02)
    # What systemd listens at stays, and must not be asked: that would start the next daemon.
    stays = os.path.exists(place.socket_path(console.environ))  # noqa: PTH110  (pathlib costs 6 ms)
    console.say(console.words("stop_stays" if stays else "stop_done"))
    return EXIT_OK


def _agreed(console: Console, running: int) -> bool:
    """Without a terminal the command itself is the yes."""
    if not (sys.stdin.isatty() and terminal.person_is_there()):
        return True
    prompt = console.paint_notice(console.words("ask_stop", count=running), "bold", "yellow")
    try:
        return answering.is_yes(terminal.ask_line(f"{prompt} {console.words('keys')}"))
    except EOFError:
        return False


def _is_there(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  (pathlib costs 6 ms)
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False
