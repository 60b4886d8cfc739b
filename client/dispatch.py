"""Runs one command of the table: imports its module, reads its words, hands over."""

from __future__ import annotations

import os
from argparse import Namespace
from importlib import import_module

from client.console import Console
from client.remote import EXIT_OK
from client.table import BY_NAME
from client.usage import Parser, UsageError

TYPE_CHECKING = False  # a constant that type checkers know; importing typing costs 2 ms
if TYPE_CHECKING:
    from typing import Any, Protocol

    class CommandModule(Protocol):
        """What each module of `client.commands` has."""

        def arguments(self, parser: Parser, name: str) -> None: ...
        def run(self, console: Console, name: str, given: Namespace) -> int: ...


def parser_of(console: Console, name: str) -> Parser:
    parser = Parser(name, console.words)
    _module(name).arguments(parser, name)
    return parser


def run_command(console: Console, name: str, words: list[str]) -> int:
    """The exit status; `name` is one of the table."""
    parser = parser_of(console, name)
    if parser.wants_help(words):
        console.result(parser.format_help())
        return EXIT_OK
    try:
        words = [_as_text(word) for word in words]
    except UnicodeDecodeError:
        said = console.words("usage_not_utf8", command=name)
        raise UsageError(said, console.words("usage_utf8")) from None
    return _module(name).run(console, name, parser.parse_args(parser.arranged(words)))


def _as_text(word: str) -> str:
    """The protocol carries text: UTF-8 under a locale that has none counts, other bytes do not."""
    if not any("\ud800" <= letter <= "\udfff" for letter in word):
        return word
    return os.fsencode(word).decode("utf-8")


def _module(name: str) -> CommandModule:
    module: Any = import_module(f"client.commands.{BY_NAME[name].module}")
    found: CommandModule = module
    return found
