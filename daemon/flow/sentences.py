"""Errors as a flow keeps them: with the sentence in the language of its person."""

import prompts
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    ErrorValue,
    Flow,
)


def error_value(error: AlvoError, flow: Flow) -> ErrorValue:
    """The flow's own id fills the blank of that name: what to do often names it."""
    blanks = {"flow": flow.id[:6], **{name: _plain(value) for name, value in error.blanks.items()}}
    message, action = prompts.sentence(error.type.name, flow.language, **blanks)
    return ErrorValue(error.type.code, error.type.name, message, action, blanks)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
