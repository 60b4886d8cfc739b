"""Replies as they go over the wire: results, and errors with a sentence in the caller's language."""

import logging
from typing import Any, Final

import prompts
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.framing import MAX_FRAME_BYTES
from daemon.rpc.binding import UnfitParams
from daemon.rpc.door import Id, Reason, Refusal, shown

_log: Final = logging.getLogger(__name__)
_PLAIN: Final = (str, int, float, bool, list, dict, type(None))


def error_body(error: AlvoError, language: str) -> dict[str, Any]:
    """`error` of a reply: code, sentence, and in `data` its name, what to do and its blanks."""
    blanks = dict(error.blanks)
    if isinstance(error, UnfitParams):
        blanks["reason"] = _phrase(error.reason, language)
    message, action = _sentence(error.type.name, language, blanks)
    plain = {key: _plain(value) for key, value in blanks.items()}
    data = {**plain, "name": error.type.name, "action": action}
    return {"code": error.type.code, "message": message, "data": data}


def error_reply(error: AlvoError, language: str, id_: Id = None) -> bytes:
    """A whole reply that says what went wrong."""
    body = {"jsonrpc": "2.0", "error": error_body(error, language), "id": id_}
    return encoded(body)


def refusal_reply(refusal: Refusal, language: str) -> bytes:
    """A whole reply to what was no request."""
    reason = _phrase(refusal.reason, language)
    return error_reply(AlvoError(refusal.type, reason=reason), language, refusal.id)


def too_large(language: str, id_: Id) -> bytes:
    """A reply in the place of one that no frame can hold; the id is left out if it is why."""
    error = AlvoError(errors.FRAME_TOO_LARGE, limit=MAX_FRAME_BYTES)
    reply = error_reply(error, language, id_)
    return reply if len(reply) < MAX_FRAME_BYTES else error_reply(error, language)


def encoded(body: Any) -> bytes:
    """JSON of a reply; a file name that is no UTF-8 must not hide what stands beside it."""
    try:
        return codec.encode(body)
    except UnicodeEncodeError:
        return codec.encode(_mended(codec.to_builtins(body)))


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_mended(key): _mended(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mended(inner) for inner in value]
    return value


def _plain(value: Any) -> Any:
    return value if isinstance(value, _PLAIN) else str(value)


def _phrase(reason: Reason, language: str) -> str:
    return prompts.phrase(reason.phrase, language, **reason.blanks)


def _sentence(name: str, language: str, blanks: dict[str, Any]) -> tuple[str, str]:
    try:
        return prompts.sentence(name, language, **blanks)
    except Exception:  # noqa: BLE001  (the error itself must arrive, even where its sentence is broken)
        _log.exception("no sentence for %s", shown(name))
        return name, ""
