"""What Gemini's replies mean when they are no answer: one error of ours for each."""

import re
from collections.abc import Iterator
from typing import Any, Final

from daemon.models.calls import brief, retry_in_words, whole_seconds
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

CUT_OFF: Final = frozenset({"MAX_TOKENS"})
FINISHED: Final = frozenset({"STOP"})
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)s$")


def from_status(name: str, key_from: str, code: int, status: str, body: Any) -> AlvoError:
    """The error for an HTTP status and its JSON body; an unknown model is the caller's to name."""
    message = _message(body)
    if _reason(body) == "API_KEY_INVALID" or "api key not valid" in message.lower():
        return AlvoError(errors.REASONER_WRONG_KEY, reasoner=name, key_file=key_from)
    if code in {401, 403}:
        return AlvoError(errors.REASONER_WRONG_KEY, reasoner=name, key_file=key_from)
    if code == 429:
        return AlvoError(errors.REASONER_QUOTA, reasoner=name, retry_s=retry_after(body))
    if code in {408, 504}:
        return AlvoError(errors.REASONER_FAILED, reasoner=name, reason=f"{code} {status}".strip())
    reason = brief(f"{code} {status}: {message}" if message else f"{code} {status}")
    return AlvoError(errors.REASONER_FAILED, reasoner=name, reason=reason)


def is_unknown_model(code: int, status: str, body: Any) -> bool:
    """404 for a name that Gemini does not know, 400 for one that cannot be a name.

    A 404 of another server (a wrong base_url) has neither Google's status nor a word on models.
    """
    message = _message(body).lower()
    if code == 404:
        return status == "NOT_FOUND" or "model" in message
    return code == 400 and "model name" in message


def retry_after(body: Any) -> int:
    """Whole seconds from RetryInfo, else from the sentence, else a minute."""
    for detail in _details(body):
        found = _DURATION.match(str(detail.get("retryDelay", "")))
        if found:
            return whole_seconds(float(found.group(1)))
    return retry_in_words(_message(body))


def unfinished(name: str, finish: str | None, blocked: str | None) -> AlvoError | None:
    """None if the reply is whole; else what became of it, by its reason for ending."""
    if blocked:
        return AlvoError(errors.REASONER_BLOCKED, reasoner=name, reason=blocked)
    if finish in FINISHED:
        return None
    if finish is None:
        return AlvoError(errors.REASONER_CUT_OFF, reasoner=name, reason="it ends in the middle")
    if finish in CUT_OFF:
        return AlvoError(errors.REASONER_CUT_OFF, reasoner=name, reason=finish)
    if finish.startswith("MALFORMED"):
        return AlvoError(errors.REASONER_INVALID_REPLY, reasoner=name, reason=finish)
    return AlvoError(errors.REASONER_BLOCKED, reasoner=name, reason=finish)


def _error(body: Any) -> dict[str, Any]:
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return {}
    inner = body.get("error", body)
    return inner if isinstance(inner, dict) else {}


def _message(body: Any) -> str:
    return str(_error(body).get("message") or "")


def _details(body: Any) -> Iterator[dict[str, Any]]:
    details = _error(body).get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            yield detail


def _reason(body: Any) -> str:
    return next((str(detail["reason"]) for detail in _details(body) if "reason" in detail), "")
