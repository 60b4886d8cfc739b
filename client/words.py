"""Sentences and phrases in the language of the person at this client."""

from __future__ import annotations

import prompts

TYPE_CHECKING = False  # a constant that type checkers know; importing typing costs 2 ms
if TYPE_CHECKING:
    from typing import Any


class Words:
    """What the screens say, in one language: `words("flow_none")`, `words.sentence("…")`."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, name: str, /, **blanks: Any) -> str:
        return prompts.phrase(name, self.language, **blanks)

    def sentence(self, name: str, /, **blanks: Any) -> tuple[str, str]:
        """What is wrong and what to do about it (`errors.toml`)."""
        return prompts.sentence(name, self.language, **blanks)
