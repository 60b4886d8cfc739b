"""`alvo sessions`: the bash sessions and what goes on working in them; ends one."""

from __future__ import annotations

from argparse import Namespace

from client import moments, place
from client.console import Console
from client.ids import short
from client.remote import EXIT_FAILED, EXIT_OK
from client.usage import Parser, UsageError
from daemon.protocol.escape import escape

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.sessions import EndedSession, Session, SessionList


def arguments(parser: Parser, name: str) -> None:
    assert name == "sessions"
    parser.json()
    parser.word("verb", "help_sessions_verb", nargs="?", choices=("list", "end"), default="list")
    parser.word("which", "help_sessions_which", nargs="?", metavar="ID")


def run(console: Console, name: str, given: Namespace) -> int:
    if given.verb == "end":
        return _end(console, name, given)
    listed: SessionList = console.call("session.list")
    if given.json:
        console.document(listed)
    elif not listed.sessions:
        console.say(console.words("sessions_none"))
    else:
        console.result("".join(_lines(console, session) for session in listed.sessions))
    return EXIT_OK


def _lines(console: Console, session: Session) -> str:
    words = console.words
    state = words("sessions_idle", idle=moments.span(session.idle_s))
    if session.flow_id is not None:
        state = words("sessions_busy", flow=short(session.flow_id))
    cwd = escape(place.shorten(session.cwd, console.environ))
    head = f"{console.paint(short(session.conversation), 'bold')}  {cwd}  {state}\n"
    return head + "".join(f"  {one.pid}  {escape(one.program)}\n" for one in session.processes)


def _end(console: Console, name: str, given: Namespace) -> int:
    if not given.which:
        raise UsageError(
            console.words("usage_empty", command=f"{name} end"),
            console.words("usage_next", command=name),
        )
    ended: EndedSession = console.call("session.end", conversation=given.which)
    if given.json:
        console.document(ended)
    else:
        session, count = short(ended.conversation), len(ended.ended)
        console.say(console.words("sessions_ended", session=session, count=count))
        if ended.left:
            what = ", ".join(f"{escape(one.program)} ({one.pid})" for one in ended.left)
            console.error(console.words("sessions_left", what=what), "")
    return EXIT_FAILED if ended.left else EXIT_OK
