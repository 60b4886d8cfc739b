"""`alvo` alone, or `alvo shell`: the interactive shell."""

from __future__ import annotations

import sys
from argparse import Namespace

from client.console import Console
from client.remote import EXIT_OK
from client.start import is_up, start_daemon
from client.usage import Parser, UsageError


def arguments(parser: Parser, name: str) -> None:
    assert name == "shell"
    parser.option("--conversation", help_="help_conversation", metavar="C")
    parser.option("--start", help_="help_shell_start", action="store_true")


def run(console: Console, name: str, given: Namespace) -> int:
    assert name == "shell"
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(console.words("shell_no_terminal"), console.words("usage_all"))
    if not is_up(console):
        if not given.start:
            # The sentence and exit status of any other command.
            _ = console.connection
        console.progress(console.words("shell_starting"))
        start_daemon(console)
        console.clear_progress()
        note = console.words("shell_started")
        console.say(f"· {note}", "dim")
    from client.shell.session import run_shell

    run_shell(Console(console.environ, in_shell=True), given.conversation)
    return EXIT_OK
