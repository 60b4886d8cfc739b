"""`alvo attach` and `alvo retry`: follows a flow that is there already."""

from __future__ import annotations

from argparse import Namespace

from client import terminal
from client.console import Console
from client.following import Follower
from client.prose import one_line
from client.usage import Parser

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.values import Flow


def arguments(parser: Parser, name: str) -> None:
    assert name in ("attach", "retry")
    parser.json()
    parser.option("--no-input", help_="help_no_input", action="store_true")
    if name == "attach":
        parser.option("-t", "--terminal", help_="help_lend", action="store_true")
    parser.word("id", "help_flow_id", metavar="ID")


def run(console: Console, name: str, given: Namespace) -> int:
    ask = not given.no_input and terminal.person_is_there()
    again = name == "retry"
    console.muted = given.json
    # Watching is not owning: Ctrl-C ends what was begun here, and only leaves what was not.
    always = not again and given.terminal
    follower = Follower(console, ask=ask, cancel=again, lend_always=always)
    flow: Flow = console.call("flow.get", flow_id=given.id)
    if again:
        follower.skip(flow.id)
        flow, status = follower.run(flow.id, lambda: console.call("flow.retry", flow_id=flow.id))
    else:
        console.notice(console.paint_notice(one_line(flow.question), "bold") + "\n")
        flow, status = follower.run(flow.id)
    if given.json:
        console.document(flow)
    return status
