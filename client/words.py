"""Sentences and phrases in the language of the person at this client."""

from __future__ import annotations

import prompts
from client.table import BY_NAME

TYPE_CHECKING = False  # a constant that type checkers know; importing typing costs 2 ms
if TYPE_CHECKING:
    from typing import Any


class Words:
    """What the screens say, in one language: `words("flow_none")`, `words.sentence("…")`.

    `in_shell`: a command is named as one types it there, `/show ID` for `alvo show ID`.
    """

    def __init__(self, language: str, *, in_shell: bool = False) -> None:
        self.language = language
        self._in_shell = in_shell

    def __call__(self, name: str, /, **blanks: Any) -> str:
        return self.here(prompts.phrase(name, self.language, **blanks))

    def here(self, text: str) -> str:
        """The text with the commands that it names as they are typed here."""
        first, *rest = text.split("alvo ") if self._in_shell else (text,)
        return first + "".join(f"{_sign(after)}{after}" for after in rest)

    def sentence(self, name: str, /, **blanks: Any) -> tuple[str, str]:
        """What is wrong and what to do about it (`errors.toml`)."""
        return prompts.sentence(name, self.language, **blanks)


def _sign(after: str) -> str:
    name = after.split(maxsplit=1)[0].rstrip(".,;:)") if after.strip() else ""
    return "/" if name in BY_NAME and BY_NAME[name].in_shell else "alvo "
