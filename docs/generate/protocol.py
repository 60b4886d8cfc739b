"""The page of the protocol: every method, and every value that travels."""

import types
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from daemon.protocol import codec, methods
from docs.generate.tables import table

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


def field_table(type_: Any) -> str:
    hints = get_type_hints(type_)
    rows = [
        (f"`{field.name}`", type_name(hints[field.name]), default(field)) for field in fields(type_)
    ]
    return table(("field", "type", "default"), rows) if rows else "Nothing.\n"


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


def first_paragraph(thing: Any) -> str:
    """The docstring of a class, unless it is the one that `dataclass` or `StrEnum` made up."""
    text = vars(thing).get("__doc__") or ""
    made_up = text.startswith(f"{thing.__name__}(")
    return "" if made_up else " ".join(text.split())
