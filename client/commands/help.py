"""`alvo help`: all commands on one page, or one of them."""

from __future__ import annotations

from argparse import Namespace

from client.console import Console
from client.dispatch import parser_of
from client.folding import fold
from client.remote import EXIT_OK
from client.table import BY_NAME, COMMANDS
from client.usage import Parser, UsageError

_GROUPS = (
    ("help_group_ask", ("ask", "run", "shell")),
    ("help_group_answer", ("inquiries", "allow", "preview", "apply", "edit", "deny", "reply")),
    ("help_group_flows", ("flows", "show", "attach", "why", "cancel", "retry", "undo", "delete")),
    ("help_group_sources", ("search", "sources", "databases", "sql", "agents")),
    ("help_group_trust", ("permissions", "audit", "sessions")),
    ("help_group_alvo", ("web", "status", "doctor", "stop", "prompt", "completions", "help")),
)


def arguments(parser: Parser, name: str) -> None:
    assert name == "help"
    parser.word("command", "help_help_command", nargs="?", metavar="COMMAND")


def run(console: Console, name: str, given: Namespace) -> int:
    assert name == "help"
    if given.command is None:
        console.screen(overview(console))
        return EXIT_OK
    if given.command not in BY_NAME:
        raise UsageError(
            console.words("usage_unknown", command=given.command), console.words("usage_all")
        )
    console.result(parser_of(console, given.command).format_help())
    return EXIT_OK


def overview(console: Console) -> str:
    words, paint = console.words, console.paint
    column = max(len(command.name) for command in COMMANDS)
    lines = [words("help_about"), "", words("help_bare")]
    for title, names in _GROUPS:
        lines += ["", paint(words(title), "bold")]
        for name in names:
            lines += row(console, name, words(f"help_{name}"), column)
    lines += ["", paint(words("help_exit"), "dim"), paint(words("help_more"), "dim")]
    return "\n".join(lines) + "\n"


def row(console: Console, name: str, text: str, column: int) -> list[str]:
    """A command and what it does; where that is long, it goes on under itself."""
    room = console.width - column - 4
    lines = fold(text, room) if console.result_is_terminal and room >= column else [text]
    names = [name, *[""] * (len(lines) - 1)]
    return [f"  {said.ljust(column)}  {line}" for said, line in zip(names, lines, strict=True)]
