"""`alvo why`: asks why the last failed command failed, or that of a flow."""

from __future__ import annotations

import os
from argparse import Namespace

from client.commands.ask import start
from client.console import Console
from client.ids import new_id
from client.usage import Parser

LAST = "last"


def arguments(parser: Parser, name: str) -> None:
    assert name == "why"
    parser.json()
    parser.option("--conversation", help_="help_conversation", metavar="C")
    parser.option("--no-input", help_="help_no_input", action="store_true")
    parser.word("id", "help_flow_id", nargs="?", metavar="ID")


def run(console: Console, name: str, given: Namespace) -> int:
    assert name == "why"
    started = {
        "flow_id": new_id(),
        "question": console.words("why_question"),
        "about": given.id or LAST,
        "conversation": given.conversation,
        "cwd": os.getcwd(),  # noqa: PTH109  (pathlib costs 6 ms)
        "language": console.words.language,
    }
    return start(console, started, as_json=given.json, ask=not given.no_input)
