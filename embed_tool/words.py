"""What the embedding tool says, in the person's language."""

from typing import Any

import prompts
from daemon.protocol.errors import AlvoError
from embed_tool.reasons import Reason


def sentence(error: AlvoError, language: str) -> tuple[str, str]:
    """What is wrong and what to do."""
    return prompts.sentence(error.type.name, language, **blanks(error, language))


def blanks(error: AlvoError, language: str) -> dict[str, Any]:
    """What the sentence of an error is filled with, the reason in that language too."""
    filled: dict[str, Any] = dict(error.blanks)
    if isinstance(filled.get("reason"), Reason):
        filled["reason"] = prompts.phrase(f"unread_{filled['reason'].value}", language)
    return filled
