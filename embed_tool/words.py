"""What the embedding tool says, in the person's language."""

from collections.abc import Mapping
from typing import Any, Final

import prompts
from daemon.protocol.errors import AlvoError
from embed_tool.reasons import Reason

_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


def language_of(environ: Mapping[str, str]) -> str:
    """`pt` or `en`: the first of the locale's variables that says anything decides."""
    said = next((environ[name] for name in _VARIABLES if environ.get(name)), "")
    return "pt" if said.lower().startswith("pt") else "en"


def sentence(error: AlvoError, language: str) -> tuple[str, str]:
    """What is wrong and what to do."""
    return prompts.sentence(error.type.name, language, **blanks(error, language))


def blanks(error: AlvoError, language: str) -> dict[str, Any]:
    """What the sentence of an error is filled with, the reason in that language too."""
    filled: dict[str, Any] = dict(error.blanks)
    if isinstance(filled.get("reason"), Reason):
        filled["reason"] = prompts.phrase(f"unread_{filled['reason'].value}", language)
    return filled
