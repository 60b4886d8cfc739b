"""Errors as HTTP has them: a status, and `{"error": {code, name, message, action}}`."""

from http import HTTPStatus
from typing import Any, Final

import prompts
from client.remote import RemoteError
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

_BY_NAME: Final = {
    **dict.fromkeys(("PARSE_ERROR", "INVALID_REQUEST", "WEB_REQUEST_REFUSED"), 400),
    "WEB_LOGIN_NEEDED": 401,
    **dict.fromkeys(
        (
            "ANSWER_FROM_SESSION",
            "WEB_CALL_REFUSED",
            "WEB_HOST_REFUSED",
            "WEB_ORIGIN_REFUSED",
            "WEB_PEER_REFUSED",
            "WEB_USER_REFUSED",
        ),
        403,
    ),
    "METHOD_NOT_FOUND": 404,
    "WEB_METHOD_REFUSED": 405,
    "WEB_TOO_SLOW": 408,
    **dict.fromkeys(
        (
            "AMBIGUOUS_ID",
            "AGENT_TRAINING",
            "AGENT_EXISTS",
            "AGENT_NOT_READY",
            "DATABASE_BUSY",
            "DATABASE_CHANGED",
            "DATABASE_GONE",
            "FLOW_ACTIVE",
            "FLOW_ATTEMPTS",
            "FLOW_CONFLICT",
            "FLOW_ENDED",
            "INDEX_BUSY",
            "INDEX_MISSING",
            "INDEX_REBUILD_NEEDED",
            "INQUIRY_CHANGED",
            "INQUIRY_CLOSED",
            "INQUIRY_EXPIRED",
            "NO_COMMAND_RUNNING",
            "PREVIEW_CONFLICT",
            "PREVIEW_NOT_THERE",
            "PREVIEW_UNAVAILABLE",
            "SECRET_FORGOTTEN",
            "SESSION_BUSY",
            "SESSION_ENDED",
            "SOURCE_EXISTS",
            "UNDO_UNAVAILABLE",
        ),
        409,
    ),
    **dict.fromkeys(
        (
            "AGENT_DATA_TOO_LARGE",
            "AGENT_DATA_TOO_MANY",
            "FRAME_TOO_LARGE",
            "WEB_TOO_LARGE",
            "WEB_TOO_MANY_PARTS",
        ),
        413,
    ),
    "WEB_TYPE_REFUSED": 415,
    **dict.fromkeys(("FLOW_TOO_MANY", "WEB_TOO_MANY_ATTEMPTS"), 429),
    "INTERNAL_ERROR": 500,
    "REASONER_QUOTA": 503,
    "WEB_BUSY": 503,
}
_HUNDREDS: Final = {10: 503, 13: 502, 16: 502}
"""What is wrong with the daemon, with a model, with a page elsewhere."""


def status_of(name: str, code: int) -> int:
    """Every other error says that what was sent cannot be done as it is: 422."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.endswith("_NOT_FOUND"):
        return 404
    return _HUNDREDS.get(code // 100 if code > 0 else 0, HTTPStatus.UNPROCESSABLE_ENTITY.value)


def remote(error: AlvoError, language: str) -> RemoteError:
    """An error of the bridge's own, as those of the daemon come: with its sentence."""
    message, action = prompts.sentence(error.type.name, language, **error.blanks)
    return RemoteError(error.type.code, error.type.name, message, action, error.blanks)


def described(error: AlvoError | RemoteError, language: str) -> tuple[int, dict[str, Any]]:
    """The status, and the body of the reply; `field` names what is wrong in what was sent."""
    told = remote(error, language) if isinstance(error, AlvoError) else error
    body = {
        "code": told.code,
        "name": told.name or "UNKNOWN",
        "message": told.message,
        "action": told.action,
    }
    if isinstance(field := told.blanks.get("field"), str):
        body["field"] = field
    return status_of(told.name, told.code), {"error": body}


def refused(reason: str) -> AlvoError:
    """A request of a kind that the bridge does not take; `reason`: of phrases.toml."""
    return AlvoError(errors.WEB_REQUEST_REFUSED, reason=prompts.Phrase(reason))
