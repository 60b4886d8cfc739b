"""What Alvo says: error sentences, phrases of its screens, and the prompts of its reasoners.

One-shot commands say their sentences through here too, so that importing it must cost nothing:
an entry of the two tables is read alone. Its lines are `key = "JSON string"`, which is TOML; a
test holds that a TOML parser reads the same. `{count:row|rows}` is the number with the noun that
goes with it, in both tables.
"""

from __future__ import annotations

import functools
import json
import os
import re

TYPE_CHECKING = False  # a constant that type checkers know; importing typing costs 2 ms
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LANGUAGES = ("en", "pt")
_FOLDER = os.path.dirname(__file__)  # noqa: PTH120  (pathlib costs 5 ms)


def sentence(name: str, language: str, /, **blanks: Any) -> tuple[str, str]:
    """What is wrong and what to do, of the error `name` (`errors.toml`), in that language."""
    entry, language = _entry("errors.toml", name), known_language(language)
    said = {blank: _said(value, language) for blank, value in blanks.items()}
    return _fill(entry[language], said), _fill(entry[f"action_{language}"], said)


class Phrase:
    """A blank of a sentence that is a phrase itself, in whatever language the sentence is read."""

    def __init__(self, name: str, /, **blanks: Any) -> None:
        self.name = name
        self.blanks = blanks

    def said(self, language: str) -> str:
        return phrase(self.name, language, **self.blanks)

    def __str__(self) -> str:
        return self.said("en")


class Sentence(Phrase):
    """A blank that is the sentence of another error, without its full stop."""

    def said(self, language: str) -> str:
        return sentence(self.name, language, **self.blanks)[0].rstrip(".")


def phrase(name: str, language: str, /, **blanks: Any) -> str:
    """A text of the screens (`phrases.toml`), in that language."""
    language = known_language(language)
    said = {blank: _said(value, language) for blank, value in blanks.items()}
    return _fill(_entry("phrases.toml", name)[language], said)


def names(file: str) -> frozenset[str]:
    """Every entry of one of the two tables."""
    return frozenset(re.findall(r"^\[(\w+)\]$", _text(file), re.MULTILINE))


def known_language(language: str) -> str:
    """The one of ours that a locale or a language tag means; English for any other."""
    return "pt" if language.lower().startswith("pt") else "en"


def language_of(environ: Mapping[str, str]) -> str:
    """By the first locale variable that says anything, as every Unix program does."""
    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    return known_language(next((environ[name] for name in variables if environ.get(name)), ""))


def render(template: str, **values: Any) -> str:
    """A prompt (`*.md`) rendered by Jinja2 in strict mode: an unknown name is an error."""
    return str(_environment().get_template(template).render(**values))


@functools.cache
def _environment() -> Any:
    # Only a model needs a prompt: who never asks one does not pay for this import.
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader(__package__ or "prompts", ""),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  (the output is a prompt in Markdown, not HTML)
        trim_blocks=True,
        lstrip_blocks=True,
    )


@functools.cache
def _text(file: str) -> str:
    with open(f"{_FOLDER}/{file}", encoding="utf-8") as opened:  # noqa: PTH123  (as above)
        return "\n" + opened.read()


@functools.cache
def _entry(file: str, name: str) -> dict[str, str]:
    """Raises KeyError for a name that is not there."""
    _, found, rest = _text(file).partition(f"\n[{name}]\n")
    if not found:
        raise KeyError(name)
    pairs = (line.partition(" = ") for line in rest.split("\n[", 1)[0].splitlines())
    return {key: json.loads(value) for key, is_pair, value in pairs if is_pair and key[0] != "#"}


class _Blanks(dict[str, object]):
    """A blank that nobody filled shows as itself: a sentence must never raise."""

    def __getitem__(self, key: str) -> object:
        return _Blank(super().__getitem__(key))

    def __missing__(self, key: str) -> object:
        return "{" + key + "}"


class _Blank:
    """What fills a blank; `one|many` in its place's specification is the noun it counts."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        return str(self._value)

    def __format__(self, specification: str) -> str:
        one, counts, many = specification.partition("|")
        if not counts:
            return format(self._value, specification)
        # Also of a number that is a text already, such as an estimate: ~1200.
        return f"{self._value} {one if str(self._value).lstrip('~') == '1' else many}"


def _said(value: object, language: str) -> object:
    return value.said(language) if isinstance(value, Phrase) else value


def _fill(text: str, blanks: dict[str, Any]) -> str:
    return text.format_map(_Blanks(blanks))
