"""What an OpenAI-compatible server's replies mean when they are no answer: one error for each."""

import email.utils
import time
from collections.abc import Mapping
from typing import Any, Final

from daemon.models.calls import brief, retry_in_words, whole_seconds
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

_CUT_OFF: Final = frozenset({"length", "max_tokens", "model_length"})
_BLOCKED: Final = frozenset({"content_filter", "safety", "refusal"})
_UNUSABLE: Final = frozenset({"tool_calls", "function_call", "error", "abort", "aborted"})
# Names that servers use for the way in which a reply is to be formed.
_FORM_WORDS: Final = (
    *("response_format", "json_schema", "json_object", "json schema", "structured output"),
    *("grammar", "guided"),
)
_REFUSALS: Final = frozenset({400, 404, 415, 422, 501})


class Refused(Exception):
    """A reply that is an error: its status, its body (JSON or text), its headers; what was sent."""

    def __init__(
        self,
        status: int,
        body: Any,
        headers: Mapping[str, str] | None = None,
        sent: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}
        self.sent = sent or {}

    @property
    def message(self) -> str:
        """What the server says of it, wherever it says so."""
        inner = _error(self.body)
        if isinstance(inner, dict):
            inner = inner.get("message") or inner.get("detail") or ""
        return inner if isinstance(inner, str) else str(inner)

    @property
    def is_unknown_model(self) -> bool:
        inner = _error(self.body)
        if isinstance(inner, dict) and inner.get("code") == "model_not_found":
            return True
        message = self.message.lower()
        unknown = any(word in message for word in ("not found", "not exist", "unknown", "invalid"))
        # A 404 of another server (a wrong base_url) has no word on models.
        return "model" in message and (self.status == 404 or (self.status == 400 and unknown))

    @property
    def is_of_form(self) -> bool:
        """Whether it is the form of the reply, as it was asked for, that the server refuses."""
        text = str(self.body).lower()
        asked = "response_format" in self.sent and self.status in _REFUSALS
        return asked and any(word in text for word in _FORM_WORDS)

    @property
    def is_of_counting(self) -> bool:
        """Whether it is the wish for a count of tokens that the server refuses."""
        asked = "stream_options" in self.sent and self.status in _REFUSALS
        return asked and "stream_options" in str(self.body).lower()


def of_refusal(name: str, key_from: str, refused: Refused) -> AlvoError:
    """The error for an HTTP status; a missing key and an unknown model are the caller's to name."""
    if refused.status in {401, 403}:
        return AlvoError(errors.REASONER_WRONG_KEY, reasoner=name, key_file=key_from)
    if refused.status == 429:
        return AlvoError(errors.REASONER_QUOTA, reasoner=name, retry_s=retry_after(refused))
    inner = _error(refused.body)
    if isinstance(inner, dict) and inner.get("code") == "content_filter":
        return AlvoError(errors.REASONER_BLOCKED, reasoner=name, reason="content_filter")
    reason = brief(f"{refused.status or ''}: {refused.message}".strip(": "))
    return AlvoError(errors.REASONER_FAILED, reasoner=name, reason=reason or "it said no more")


def retry_after(refused: Refused) -> int:
    """Whole seconds from the header (a number or a date), else from the sentence, else a minute."""
    given = str(refused.headers.get("retry-after", "")).strip()
    if given.replace(".", "", 1).isdecimal():
        return whole_seconds(float(given))
    date = email.utils.parsedate_tz(given)
    if date is not None:
        return whole_seconds(email.utils.mktime_tz(date) - time.time())
    return retry_in_words(refused.message)


def unfinished(name: str, finish: str | None) -> AlvoError | None:
    """None if the reply is whole; servers have more words for that than can be listed."""
    if finish is None or finish in _CUT_OFF:
        reason = finish or "it ends in the middle"
        return AlvoError(errors.REASONER_CUT_OFF, reasoner=name, reason=reason)
    if finish in _BLOCKED:
        return AlvoError(errors.REASONER_BLOCKED, reasoner=name, reason=finish)
    if finish in _UNUSABLE:
        return AlvoError(errors.REASONER_INVALID_REPLY, reasoner=name, reason=finish)
    return None


def _error(body: Any) -> Any:
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, dict):
        return body.get("error") or body
    return body if isinstance(body, str) else ""
