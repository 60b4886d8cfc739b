"""`alvo ask` and `alvo run`: starts a flow and follows it to its end."""

from __future__ import annotations

import os
import select
import sys
from argparse import Namespace

from client import terminal
from client.console import Console
from client.following import Follower
from client.ids import new_id
from client.usage import Parser, Text, UsageError

TYPE_CHECKING = False  # a constant that type checkers know; importing typing costs 2 ms
if TYPE_CHECKING:
    from typing import Any

MAX_CONTEXT_BYTES = 1_000_000
_QUIET_S = 2.0


def arguments(parser: Parser, name: str) -> None:
    parser.json()
    parser.option("--conversation", help_="help_conversation", metavar="C")
    parser.option("--no-input", help_="help_no_input", action="store_true")
    if name == "ask":
        parser.text_follows = Text.ANYWHERE
        parser.option("--agent", help_="help_agent", metavar="A")
        parser.word("text", "help_ask_text", nargs="*", metavar="TEXT")
    else:
        parser.text_follows = Text.FIRST_WORD
        parser.word("command", "help_run_command", nargs="*", metavar="COMMAND")


def run(console: Console, name: str, given: Namespace) -> int:
    agent = context = None
    if name == "run":
        question = _task(given.command)
    else:
        agent, context = given.agent, _standard_input(console)
        question = " ".join(given.text).strip()
        if not question and context:
            question, context = context.strip(), None
    if not question.removeprefix("!").strip():
        raise UsageError(
            console.words("usage_empty", command=name), console.words("usage_next", command=name)
        )
    started: dict[str, Any] = {
        "flow_id": new_id(),
        "question": question,
        "conversation": given.conversation,
        "agent": agent,
        "cwd": os.getcwd(),  # noqa: PTH109  (pathlib costs 6 ms)
        "context": context,
    }
    return start(console, started, as_json=given.json, ask=not given.no_input)


def start(console: Console, started: dict[str, Any], *, as_json: bool, ask: bool) -> int:
    """Starts the flow, shows it until it rests, and gives the exit status."""
    console.muted = as_json
    follower = Follower(console, ask=ask and terminal.person_is_there())
    flow, status = follower.run(started["flow_id"], lambda: console.call("flow.start", **started))
    if as_json:
        console.document(flow)
    return status


def _task(command: list[str]) -> str:
    """One argument is a script as it stands; several are a command's words."""
    if len(command) == 1:
        return f"!{command[0]}"
    import shlex

    return f"!{shlex.join(command)}"


def _standard_input(console: Console) -> str | None:
    """What was piped in; beyond a megabyte it is cut, and that is said."""
    if sys.stdin is None or sys.stdin.isatty():
        return None
    if not select.select([0], [], [], _QUIET_S)[0]:
        # Nobody writes and nobody closes: the person should know what is waited for.
        console.say(console.words("context_waiting"))
    data = sys.stdin.buffer.read(MAX_CONTEXT_BYTES + 1)
    if len(data) > MAX_CONTEXT_BYTES:
        data = data[:MAX_CONTEXT_BYTES]
        console.say(console.words("context_cut", limit=MAX_CONTEXT_BYTES))
    return data.decode("utf-8", "replace") or None
