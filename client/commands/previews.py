"""`alvo preview`, `apply` and `undo`: tries a plan, writes what was shown, takes it back."""

from __future__ import annotations

import sys
from argparse import Namespace

from client import answering, terminal
from client.console import Console
from client.following import Follower
from client.ids import short
from client.prose import one_line
from client.remote import EXIT_OK, EXIT_WAITING
from client.screens.inquiry import closing
from client.usage import Parser, UsageError

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import Undone
    from daemon.protocol.values import Inquiry


def arguments(parser: Parser, name: str) -> None:
    parser.json()
    parser.word("id", "help_flow_id" if name == "undo" else "help_inquiry_id", metavar="ID")
    if name == "apply":
        parser.option("-y", "--yes", help_="help_yes", action="store_true")


def run(console: Console, name: str, given: Namespace) -> int:
    match name:
        case "preview":
            return _preview(console, given)
        case "apply":
            return _apply(console, given)
        case _:
            return _undo(console, given)


def _preview(console: Console, given: Namespace) -> int:
    inquiry = _waiting(console, given.id)
    inquiry = console.call("inquiry.preview", answering.PREVIEW_S, inquiry_id=inquiry.id)
    if given.json:
        console.document(inquiry)
        return EXIT_OK
    answering.show(console, inquiry)
    console.notice(console.words("preview_next", inquiry=short(inquiry.id)) + "\n")
    return EXIT_OK


def _apply(console: Console, given: Namespace) -> int:
    inquiry = _waiting(console, given.id)
    if not (inquiry.preview and inquiry.preview.get("digest")):
        raise UsageError(console.words("apply_needs_preview"), f"alvo preview {short(inquiry.id)}")
    answering.show(console, inquiry)
    if not given.yes and sys.stdin.isatty() and terminal.person_is_there():
        prompt = console.paint_notice(console.words("ask_apply"), "bold", "yellow")
        try:
            typed = terminal.ask_line(f"{prompt} {console.words('keys')}")
        except EOFError:
            typed = ""
        if not answering.is_yes(typed):
            console.notice(console.words("inquiry_left", inquiry=short(inquiry.id)) + "\n")
            return EXIT_WAITING
    console.muted = given.json
    follower = Follower(console, ask=False)
    follower.skip(inquiry.flow_id)
    answered = answering.send(console, answering.apply(inquiry))
    console.notice(console.paint_notice(f"· {closing(answered, console.words)}", "dim") + "\n")
    follower.expect(inquiry.id)
    flow, status = follower.run(inquiry.flow_id)
    if given.json:
        console.document(flow)
    return status


def _waiting(console: Console, given: str) -> Inquiry:
    inquiry: Inquiry = console.call("inquiry.get", inquiry_id=given)
    if inquiry.status != "waiting":
        raise answering.closed(console, inquiry)
    return inquiry


def _undo(console: Console, given: Namespace) -> int:
    undone: Undone = console.call("flow.undo", answering.PREVIEW_S, flow_id=given.id)
    if given.json:
        console.document(undone)
        return EXIT_OK
    console.notice(console.words("preview_undone", count=len(undone.paths)) + "\n")
    console.result("".join(f"~/{one_line(path)}\n" for path in undone.paths))
    return EXIT_OK
