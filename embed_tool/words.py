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
    """What is wrong and what to do, with the reason too in that language."""
    blanks: dict[str, Any] = dict(error.blanks)
    if isinstance(blanks.get("reason"), Reason):
        blanks["reason"] = prompts.phrase(f"unread_{blanks['reason'].value}", language)
    return prompts.sentence(error.type.name, language, **blanks)
