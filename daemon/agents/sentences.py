"""Errors as an agent keeps them: with the sentence in the language of its person."""

import prompts
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import ErrorValue


def error_value(error: AlvoError, language: str) -> ErrorValue:
    message, action = prompts.sentence(error.type.name, language, **error.blanks)
    blanks = {
        name: value if isinstance(value, str | int | float | bool | None) else str(value)
        for name, value in error.blanks.items()
    }
    return ErrorValue(error.type.code, error.type.name, message, action, blanks)
