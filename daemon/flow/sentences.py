"""Errors as a flow keeps them: with the sentence in the language of its person."""

import prompts
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    ErrorValue,
    Flow,
)


def error_value(error: AlvoError, flow: Flow) -> ErrorValue:
    """The flow's own id fills the blank of that name: what to do often names it."""
    blanks = {"flow": flow.id[:6], **error.blanks}
    message, action = prompts.sentence(error.type.name, flow.language, **blanks)
    plain = {name: _plain(value) for name, value in blanks.items()}
    return ErrorValue(error.type.code, error.type.name, message, action, plain)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
