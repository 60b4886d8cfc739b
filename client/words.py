"""Sentences and phrases in the person's language, at the price of a one-shot command.

`prompts` is the door to these files; importing it and parsing them whole takes 20 ms, twice what
the interpreter needs to start. Their lines are `name = "JSON string"`, so that one entry can be
read alone. A test holds that both ways say the same of every entry.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping

TYPE_CHECKING = False  # a constant that type checkers know; importing typing costs 2 ms
if TYPE_CHECKING:
    from typing import Any

_PROMPTS = f"{os.path.dirname(os.path.dirname(__file__))}/prompts"  # noqa: PTH120  (as above)


def language_of(environ: Mapping[str, str]) -> str:
    """`pt` or `en`, by the first locale variable that is set, as every Unix program does."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(variable):
            return "pt" if value.lower().startswith("pt") else "en"
    return "en"


class Words:
    """What the screens say, in one language: `words("flow_none")`, `words.sentence("…")`."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, name: str, /, **blanks: Any) -> str:
        return _entry("phrases.toml", name)[self.language].format_map(_Blanks(blanks))

    def sentence(self, name: str, **blanks: Any) -> tuple[str, str]:
        """What is wrong and what to do about it (`errors.toml`)."""
        entry, filled = _entry("errors.toml", name), _Blanks(blanks)
        return (
            entry[self.language].format_map(filled),
            entry[f"action_{self.language}"].format_map(filled),
        )


class _Blanks(dict[str, object]):
    """A blank that nobody filled shows as itself: a sentence must never raise."""

    def __missing__(self, key: str) -> object:
        return "{" + key + "}"


@functools.cache
def _text(file: str) -> str:
    with open(f"{_PROMPTS}/{file}", encoding="utf-8") as opened:  # noqa: PTH123  (as above)
        return "\n" + opened.read()


@functools.cache
def _entry(file: str, name: str) -> dict[str, str]:
    _, found, rest = _text(file).partition(f"\n[{name}]\n")
    if not found:
        raise KeyError(name)
    entry = {}
    for line in rest.split("\n[", 1)[0].splitlines():
        key, is_pair, value = line.partition(" = ")
        if is_pair and not key.startswith("#"):
            entry[key] = json.loads(value)
    return entry
