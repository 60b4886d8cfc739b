"""Writes the pages that follow from the code; `--check` fails if one of them is stale."""

import argparse
import sys
import tomllib
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

import prompts
from client.table import COMMANDS
from client.usage import Parser
from client.words import Words
from daemon import __main__ as daemon_main
from daemon.config.settings import default_text
from daemon.protocol import codec, errors, methods
from embed_tool import __main__ as embed_main
from webui import __main__ as web_main
from webui.routes import ROUTES, Route

HERE = Path(__file__).parent
NOTICE = "<!-- Written by docs/generate.py (`make docs`). Change the code, not this page. -->\n"
HUNDREDS = {
    -1: "JSON-RPC 2.0",
    10: "Daemon and store",
    11: "Flows and inquiries",
    12: "Index and sources",
    13: "Reasoner",
    14: "Shell and permissions",
    15: "Databases",
    16: "Internet",
    17: "Agents",
    18: "Web",
}

PLAIN: dict[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    types.NoneType: "null",
}

RPC = """# The protocol

JSON-RPC 2.0 over a Unix socket, one JSON message a line, UTF-8, at most 8 MiB a line. Batches and
notifications are as the specification says. *Guarded* methods are refused to programs that Alvo
itself has started.
"""
ERRORS = """# Errors

Every error that a person or a program can get: a code, a name, a sentence, what to do.
`error.data` has `name`, `action` and the values of the blanks.
"""
CONFIGURATION = """# Configuration

Settings are read from the defaults, then from `~/.config/alvo/config.toml`, then from the
environment; the last one counts. A setting that is unknown or of the wrong type stops the start
with a sentence. Lists in the environment are parted by `:`.
"""
PLACES = """## Where things are

| what | where | moved by |
| --- | --- | --- |
| socket | `$XDG_RUNTIME_DIR/alvo/alvo.sock` | `ALVO_SOCKET` |
| settings, key | `~/.config/alvo/` | `XDG_CONFIG_HOME` |
| index, models | `~/.local/share/alvo/` | `XDG_DATA_HOME`, for models also `ALVO_MODELS` |
| flows, outputs, log | `~/.local/state/alvo/` | `XDG_STATE_HOME` |
| what can be rebuilt | `~/.cache/alvo/` | `XDG_CACHE_HOME` |
"""
REST = """# REST

Each address stands for one method of the [protocol](rpc.md): what stands in braces in the path and
what it takes are the method's parameters (of GET in the query, else in a JSON body; `?`: may be left
out), what it gives is the method's result. The same as OpenAPI: `/api/v1/openapi.json`. How to come
in, events, errors: [the web](web.md).
"""
REST_COLUMNS = ("address", "takes", "status", "method", "what")
CLI = """# Commands

Every command also has `--help`. Results are on standard output, everything else on standard error.

## alvo

Without a command it opens the shell. Exit status: 0 answered or executed, 1 failed, 2 wrong usage,
3 denied or not enough information, 4 parked and waiting for an answer, 5 the daemon cannot be
reached, 130 interrupted.
"""


def table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [headings, tuple("---" for _ in headings), *rows]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def first_paragraph(thing: Any) -> str:
    """The docstring of a class, unless it is the one that `dataclass` or `StrEnum` made up."""
    text = vars(thing).get("__doc__") or ""
    made_up = text.startswith(f"{thing.__name__}(")
    return "" if made_up else " ".join(text.split())


# The protocol


def type_name(type_: Any) -> str:
    if get_origin(type_) in (Union, types.UnionType):
        return " | ".join(type_name(part) for part in get_args(type_))
    if get_origin(type_) is list:
        return f"list of {type_name(get_args(type_)[0])}"
    if isinstance(type_, NewType):
        return f"{type_.__name__} ({type_name(type_.__supertype__)})"
    if is_dataclass(type_) or (isinstance(type_, type) and issubclass(type_, StrEnum)):
        name = getattr(type_, "__name__", "")
        return f"[{name}](#{anchor(name)})"
    return PLAIN.get(get_origin(type_) or type_, str(type_))


def anchor(value: str) -> str:
    """Of the value's heading; a method before it may have taken the plain one."""
    plain = value.lower()
    taken = {method.replace(".", "") for method in methods.ALL}
    return f"{plain}-1" if plain in taken else plain


def default(field: Field[Any]) -> str:
    if field.default is not MISSING:
        return "null" if field.default is None else f"`{codec.encode(field.default).decode()}`"
    return "empty" if field.default_factory is not MISSING else "required"


def field_table(type_: Any) -> str:
    hints = get_type_hints(type_)
    rows = [
        (f"`{field.name}`", type_name(hints[field.name]), default(field)) for field in fields(type_)
    ]
    return table(("field", "type", "default"), rows) if rows else "Nothing.\n"


def rpc_page() -> str:
    parts = [
        RPC,
        table(
            ("method", "takes", "gives", "guarded"),
            [
                (
                    f"[`{method.name}`](#{method.name.replace('.', '')})",
                    ", ".join(parameters(method.params)),
                    type_name(method.result),
                    "yes" if method.guarded else "",
                )
                for method in methods.ALL.values()
            ],
        ),
        "## Methods\n",
    ]
    for method in methods.ALL.values():
        parts += [f"### {method.name}\n", method.summary + "\n"]
        if not fields(method.params):
            parts.append(f"Takes nothing, gives {type_name(method.result)}.\n")
            continue
        if note := first_paragraph(method.params):
            parts.append(note + "\n")
        parts += [field_table(method.params), f"Gives {type_name(method.result)}.\n"]
    return "\n".join([*parts, "## Values\n", *value_sections()])


def parameters(type_: Any) -> Iterator[str]:
    """Their names; one that may be left out has a question mark."""
    for field in fields(type_):
        yield f"`{field.name}`" if default(field) == "required" else f"`{field.name}`?"


def value_sections() -> Iterator[str]:
    """Each value that travels, in the order in which the methods speak of them."""
    travelling = dict[type, None]()
    for method in methods.ALL.values():
        reach(method.result, travelling)
        for hint in get_type_hints(method.params).values():
            reach(hint, travelling)
    for thing in travelling:
        yield f"### {thing.__name__}\n"
        if issubclass(thing, StrEnum):
            yield ", ".join(f"`{word}`" for word in thing) + ".\n"
            continue
        if note := first_paragraph(thing):
            yield note + "\n"
        if fields(thing):
            yield field_table(thing)


def reach(type_: Any, found: dict[type, None]) -> None:
    """Adds the type, and what it is made of, as far as they have a section of their own."""
    for part in get_args(type_):
        reach(part, found)
    is_value = isinstance(type_, type) and (is_dataclass(type_) or issubclass(type_, StrEnum))
    if not is_value or type_ in found:
        return
    found[type_] = None
    if is_dataclass(type_):
        for hint in get_type_hints(type_).values():
            reach(hint, found)


# Errors


def errors_page() -> str:
    parts = [ERRORS]
    for hundred, title in HUNDREDS.items():
        rows = [
            (
                str(type_.code),
                f"`{type_.name}`",
                sentence(type_.name, "en"),
                sentence(type_.name, "pt"),
            )
            for type_ in sorted(errors.ALL.values(), key=lambda type_: type_.code)
            if (type_.code // 100 if type_.code > 0 else -1) == hundred
        ]
        if rows:
            parts += [f"## {title}\n", table(("code", "name", "English", "português"), rows)]
    return "\n".join(parts)


def sentence(name: str, language: str) -> str:
    return " ".join(prompts.sentence(name, language)).replace("<", "&lt;")


# Configuration


def configuration_page() -> str:
    parts = [CONFIGURATION]
    for section, settings in tomllib.loads(default_text()).items():
        rows = [
            (f"`{key}`", f"`{toml(value)}`", meaning, f"`ALVO_{section.upper()}_{key.upper()}`")
            for key, value, meaning in with_comments(section, settings)
        ]
        parts += [f"## [{section}]\n", table(("setting", "default", "what", "environment"), rows)]
    return "\n".join([*parts, PLACES])


def with_comments(section: str, settings: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Each setting with the comment that stands above it in the default file."""
    inside, comment = False, ""
    for line in default_text().splitlines():
        if line.startswith("["):
            inside, comment = line == f"[{section}]", ""
        elif line.startswith("#"):
            comment += line.lstrip("# ") + " "
        elif " = " in line:
            key = line.partition(" = ")[0]
            if inside:
                yield key, settings[key], comment.strip()
            comment = ""


def toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case _:
            return str(value)


# Command lines


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


# REST


def rest_page() -> str:
    parts = [REST]
    area = ""
    rows: list[tuple[str, ...]] = []
    for route in sorted(ROUTES, key=lambda route: route.path.split("/")[3]):
        if (here := route.path.split("/")[3]) != area:
            parts += [table(REST_COLUMNS, rows)] if rows else []
            parts.append(f"## {here}\n")
            area, rows = here, []
        rows.append(_rest_row(route))
    return "\n".join([*parts, table(REST_COLUMNS, rows)])


def _rest_row(route: Route) -> tuple[str, ...]:
    names = [name for name in parameters(route.method.params) if name.strip("`?") in route.others]
    takes = ", ".join(names) + (" or a form with files" if route.uploads else "")
    status = f"{route.status}, 202" if route.parks else str(route.status)
    method = f"[`{route.method.name}`](rpc.md#{route.method.name.replace('.', '')})"
    return f"`{route.verb} {route.path}`", takes, status, method, route.method.summary


PAGES: dict[str, Callable[[], str]] = {
    "rpc.md": rpc_page,
    "rest.md": rest_page,
    "errors.md": errors_page,
    "configuration.md": configuration_page,
    "cli.md": cli_page,
}


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, page in PAGES.items():
        text = NOTICE + page().rstrip() + "\n"
        path = HERE / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
            print(f"docs/{name} written")
    if check and stale:
        print(f"Stale: {', '.join(stale)}. Write them anew: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
