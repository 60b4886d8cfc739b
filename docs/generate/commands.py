"""The page of commands, from the parsers that read their words."""

import argparse
from collections.abc import Iterator
from importlib import import_module

from client.table import COMMANDS
from client.usage import Parser
from client.words import Words
from daemon import __main__ as daemon_main
from docs.generate.tables import table
from embed_tool import __main__ as embed_main
from webui import __main__ as web_main

CLI = """# Commands

Every command also has `--help`. Results are on standard output, everything else on standard error.

## alvo

Without a command it opens the shell. Exit status: 0 answered or executed, 1 failed, 2 wrong usage,
3 denied or not enough information, 4 parked and waiting for an answer, 5 the daemon cannot be
reached, 130 interrupted.
"""


def cli_page() -> str:
    parts = [CLI]
    words = Words("en")
    for command in COMMANDS:
        ours = Parser(command.name, words)
        import_module(f"client.commands.{command.module}").arguments(ours, command.name)
        parts += command_section(ours)
    for name, parser in (
        ("alvo-embed", embed_main._parser()),  # noqa: SLF001  (read, not used)
        ("alvo-web", web_main.parser()),
        ("alvod", daemon_main._arguments()),  # noqa: SLF001  (as above)
    ):
        parts.append(f"## {name}\n")
        for found in subparsers(parser) or [parser]:
            parts += command_section(found)
    return "\n".join(parts)


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001  (argparse has no public way to read a tree)


def subparsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The leaves of a tree of parsers; none if it has no subcommands."""
    found = []
    for action in actions_of(parser):
        if isinstance(action.choices, dict):
            for child in action.choices.values():
                found += subparsers(child) or [child]
    return found


def command_section(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Rendered from the tree and not from `--help`, whose form changes with Python's version."""
    actions = [action for action in actions_of(parser) if "--help" not in action.option_strings]
    usage = " ".join([parser.prog, *(word_of(action) for action in actions)])
    yield f"### {parser.prog}\n"
    if parser.description:
        yield parser.description.strip() + "\n"
    yield f"```\n{usage}\n```\n"
    rows = [
        (f"`{', '.join(action.option_strings) or name_of(action)}`", action.help or "")
        for action in actions
        if action.help and action.help != argparse.SUPPRESS
    ]
    if rows:
        yield table(("word", "what"), rows)


def name_of(action: argparse.Action) -> str:
    if action.metavar:
        return str(action.metavar)
    if action.choices:
        return "|".join(map(str, action.choices))
    return action.dest.upper()


def word_of(action: argparse.Action) -> str:
    name = name_of(action)
    if action.option_strings:
        value = "" if action.nargs == 0 else f" {name}"
        word = f"{action.option_strings[-1]}{value}"
        return word if action.required else f"[{word}]"
    match action.nargs:
        case "?":
            return f"[{name}]"
        case "*":
            return f"[{name} …]"
        case "+":
            return f"{name} …"
        case _:
            return name
