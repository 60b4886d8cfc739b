"""`alvo status`: what the daemon is doing and what it costs."""

from __future__ import annotations

from argparse import Namespace

from client.console import Console
from client.remote import EXIT_OK
from client.screens.status import status_screen
from client.usage import Parser

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import DaemonStatus


def arguments(parser: Parser, name: str) -> None:
    assert name == "status"
    parser.json()


def run(console: Console, name: str, given: Namespace) -> int:
    assert name == "status"
    status: DaemonStatus = console.call("daemon.status")
    if given.json:
        console.document(status)
    else:
        console.screen(status_screen(status, console.words, console.paint))
    return EXIT_OK
