"""`alvo inquiries`, `allow`, `edit`, `deny` and `reply`: answers one inquiry and no other."""

from __future__ import annotations

import sys
from argparse import Namespace

from client import answering, terminal
from client.console import Console
from client.following import Follower
from client.ids import short
from client.remote import EXIT_OK, EXIT_WAITING
from client.screens.inquiry import closing, inquiry_line
from client.usage import Parser, UsageError

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from typing import Any

    from daemon.protocol.calls import InquiryList
    from daemon.protocol.values import Inquiry

_STATUSES = ("waiting", "answered", "expired", "closed")


def arguments(parser: Parser, name: str) -> None:
    parser.json()
    if name == "inquiries":
        parser.option("--all", help_="help_inquiries_all", action="store_true")
        parser.option("--ids", help_="help_ids", action="store_true")
        return
    parser.word("id", "help_inquiry_id", metavar="ID")
    if name == "reply":
        parser.word("text", "help_reply_text", nargs="*", metavar="TEXT")
    if name in ("allow", "edit"):
        parser.option("-y", "--yes", help_="help_yes", action="store_true")
    if name == "allow":
        parser.option("--always", help_="help_always", action="store_true")
        parser.option("--conversation", help_="help_for_conversation", action="store_true")
    if name != "deny":
        parser.option("--detach", help_="help_detach", action="store_true")


def run(console: Console, name: str, given: Namespace) -> int:
    if name == "inquiries":
        return _list(console, given)
    inquiry: Inquiry = console.call("inquiry.get", inquiry_id=given.id)
    if inquiry.status != "waiting":
        raise answering.closed(console, inquiry)
    answer = _answer(console, name, given, inquiry)
    if answer is None:
        console.say(console.words("inquiry_left", inquiry=short(inquiry.id)))
        return EXIT_WAITING
    return _carry_out(console, name, given, inquiry, answer)


def _list(console: Console, given: Namespace) -> int:
    wanted = None if given.all else "waiting"
    listed: InquiryList = console.call("inquiry.list", status=wanted)
    if given.json:
        console.document(listed)
    elif given.ids:
        console.result("".join(f"{short(inquiry.id)}\n" for inquiry in listed.inquiries))
    elif not listed.inquiries:
        console.say(console.words("inquiries_none"))
    else:
        for inquiry in listed.inquiries:
            line = inquiry_line(inquiry, console.words, console.paint, console.width)
            console.result(line + "\n")
        if listed.left:
            console.say(console.words("inquiries_left", count=listed.left), "yellow")
        console.say(console.words("inquiries_next"), "dim")
    return EXIT_OK


def _answer(
    console: Console, name: str, given: Namespace, inquiry: Inquiry
) -> dict[str, Any] | None:
    """None: the person looked, and decided nothing."""
    match name:
        case "allow":
            return _allow(console, given, inquiry)
        case "edit":
            answering.show(console, inquiry)
            confirm = _asks(given)
            edited = answering.edited_script(console, inquiry, confirm=confirm)
            return None if edited is None else answering.allow(inquiry, edited)
        case "deny":
            return answering.deny(inquiry)
        case _:
            return answering.reply(inquiry, _reply(console, given, inquiry))


def _allow(console: Console, given: Namespace, inquiry: Inquiry) -> dict[str, Any] | None:
    answering.show(console, inquiry)
    if inquiry.kind == "information":
        raise UsageError(console.words("allow_is_reply"), f"alvo reply {short(inquiry.id)}")
    scope = "always" if given.always else "conversation" if given.conversation else "once"
    if scope != "once":
        answering.show_standing(console, inquiry, scope)
    if not _asks(given):
        return answering.allow(inquiry, scope=scope)
    question = answering.question(console, inquiry, edit=False)
    if scope != "once":
        question = answering.standing_question(console)
    try:
        typed = terminal.ask_line(question)
    except EOFError:
        return None
    return answering.allow(inquiry, scope=scope) if answering.is_yes(typed) else None


def _asks(given: Namespace) -> bool:
    """Without a terminal the command itself is the yes: somebody wrote this id down."""
    return not given.yes and sys.stdin.isatty() and terminal.person_is_there()


def _reply(console: Console, given: Namespace, inquiry: Inquiry) -> str:
    if inquiry.secret and given.text:
        raise UsageError(console.words("secret_in_arguments"), f"alvo reply {short(inquiry.id)}")
    if given.text:
        return " ".join(given.text)
    if not sys.stdin.isatty():
        return sys.stdin.readline().removesuffix("\n")
    answering.show(console, inquiry)
    name = "ask_secret" if inquiry.secret else "ask_information"
    prompt = console.paint_notice(console.words(name), "bold", "yellow")
    return terminal.ask_line(prompt, secret=inquiry.secret)


def _carry_out(
    console: Console, name: str, given: Namespace, inquiry: Inquiry, answer: dict[str, Any]
) -> int:
    """Answers; then what became of it is shown, unless it is not wanted."""
    console.muted = given.json
    follower = Follower(console, ask=False, serve=terminal.person_is_there())
    follow = name != "deny" and not given.detach
    if follow:
        follower.skip(inquiry.flow_id)
        follower.announce(inquiry.flow_id)
    answered = answering.send(console, answer)
    console.notice(console.paint_notice(f"· {closing(answered, console.words)}", "dim") + "\n")
    if not follow:
        if given.json:
            console.document(answered)
        return EXIT_OK
    follower.expect(inquiry.id)
    flow, status = follower.run(inquiry.flow_id)
    if given.json:
        console.document(flow)
    return status
