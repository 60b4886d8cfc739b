"""How a command's words are read: argparse, with its titles and errors in the person's language."""

from __future__ import annotations

import argparse

from client.remote import RemoteError
from client.words import Words

TYPE_CHECKING = False  # a constant that type checkers know; importing typing costs 2 ms
if TYPE_CHECKING:
    from typing import Any, NoReturn


class UsageError(RemoteError):
    """The words of the command line do not fit."""

    def __init__(self, message: str, action: str) -> None:
        super().__init__(0, "USAGE", message, action)


class Text:
    """Where a command's free text begins: words that look like options belong to it."""

    NONE = "none"
    FIRST_WORD = "first word"
    ANYWHERE = "anywhere"


# As argparse has them, from Python 3.11 to 3.13.
_MISTAKES = {
    "usage_required": r"the following arguments are required: (?P<what>.+)",
    "usage_unrecognized": r"unrecognized arguments: (?P<what>.+)",
    "usage_choice": r"argument (?P<word>.+): invalid choice: (?P<what>.+) \(choose from (?P<of>.+)\)",
    "usage_number": r"argument (?P<word>.+): invalid int value: (?P<what>.+)",
    "usage_value": r"argument (?P<word>.+): expected one argument",
    "usage_no_value": r"argument (?P<word>.+): ignored explicit argument (?P<what>.+)",
}


class Parser(argparse.ArgumentParser):
    """One subcommand's parser; only the one that is asked for is ever built."""

    def __init__(self, name: str, words: Words) -> None:
        super().__init__(
            prog=f"alvo {name}",
            description=words(f"help_{name}"),
            add_help=False,
            allow_abbrev=False,
        )
        self._words = words
        self._name = name
        self.text_follows = Text.NONE
        self._takes_value: dict[str, bool] = {}
        self.options = self.add_argument_group(words("help_options"))
        self.options.add_argument("-h", "--help", action="store_true", help=words("help_help"))

    def word(self, name: str, help_: str = "", **more: Any) -> None:
        """A word of the command line; `help_` names a phrase."""
        if more.get("nargs") == "*":
            more.setdefault("default", [])  # else argparse counts it among what is missing
        self.add_argument(name, help=self._words(help_) if help_ else None, **more)

    def option(self, *flags: str, help_: str, **more: Any) -> None:
        self.options.add_argument(*flags, help=self._words(help_), **more)
        self._takes_value.update(dict.fromkeys(flags, "action" not in more))

    def json(self) -> None:
        self.option("--json", help_="help_json", action="store_true")

    def format_usage(self) -> str:
        return super().format_usage().replace("usage:", self._words("help_usage"), 1)

    def format_help(self) -> str:
        text = super().format_help().replace("usage:", self._words("help_usage"), 1)
        return text.replace("positional arguments:", self._words("help_words") + ":", 1)

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            self._words("usage_error", command=self._name, reason=self._said(message)),
            self._words("usage_next", command=self._name),
        )

    def _said(self, message: str) -> str:
        """What argparse found wrong, in the person's language."""
        import re

        for name, form in _MISTAKES.items():
            if found := re.fullmatch(form, message, re.DOTALL):
                said = found.groupdict()
                if name == "usage_choice" and not said["word"].startswith("-"):
                    name = "usage_word_choice"  # noqa: PLW2901  # a word has no name that a person knows
                return self._words(name, **said)
        return message

    def arranged(self, words: list[str]) -> list[str]:
        """The options first and then the text, so that `ask how does tar -x work` is a question.

        Where there is no text as well: argparse loses words that stand behind an option between them.
        """
        options: list[str] = []
        text: list[str] = []
        left = list(words)
        ended: list[str] = [] if self.text_follows == Text.NONE else ["--"]
        while left:
            word = left.pop(0)
            flag = word.partition("=")[0]
            if word == "--":
                ended = ["--"]
                break
            if flag in self._takes_value:
                options.append(word)
                if self._takes_value[flag] and flag == word and left:
                    options.append(left.pop(0))
                continue
            if self.text_follows == Text.NONE and word.startswith("-") and word != "-":
                options.append(word)  # argparse says that there is none such
                continue
            text.append(word)
            if self.text_follows == Text.FIRST_WORD:
                break
        return [*options, *ended, *text, *left]

    def wants_help(self, words: list[str]) -> bool:
        """Asked for before anything is required."""
        asked = words if self.text_follows == Text.NONE else words[:1]
        return "-h" in asked or "--help" in asked
