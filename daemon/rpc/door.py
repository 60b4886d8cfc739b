"""The strict door: from a frame to requests, refused exactly where JSON-RPC 2.0 refuses.

It stands before jsonrpcserver, which lets through NaN, doubled keys and lone surrogates, refuses
a whole batch for one bad member, and forgets the id of what it refuses.
"""

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from daemon.protocol import errors
from daemon.protocol.errors import ErrorType
from daemon.protocol.escape import escape

MAX_DEPTH: Final = 100
"""How deep arrays and objects may lie in each other; nothing of ours comes near it."""

MAX_BATCH: Final = 1_000
"""How many requests one batch may hold."""

MAX_VALUES: Final = 100_000
"""How many values one frame may hold: 8 MiB of `[],` would be 180 MB of lists."""

Id = str | int | float | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused: a phrase of `prompts/phrases.toml` and its blanks."""

    phrase: str
    blanks: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is answered to a frame, or to a member of a batch, that is no request."""

    type: ErrorType
    reason: Reason
    id: Id = None


@dataclass(frozen=True, slots=True)
class Request:
    """One call. Without an id it is a notification: nothing is ever answered to it."""

    method: str
    params: dict[str, Any] | list[Any] | None
    id: Id
    is_notification: bool


Message = Request | Refusal | list[Request | Refusal]


class _NotJson(ValueError):
    def __init__(self, phrase: str, **blanks: Any) -> None:
        super().__init__(phrase)
        self.reason = Reason(phrase, blanks)


def read(frame: bytes | bytearray) -> Message:
    """The request, the batch, or what is wrong with it. Never raises, whatever the bytes."""
    try:
        value = _parse(frame)
    except _NotJson as error:
        return Refusal(errors.PARSE_ERROR, error.reason)
    except _TooMuch:
        return _invalid("reason_values", limit=MAX_VALUES)
    if not isinstance(value, list):
        return _request(value)
    if not value:
        return _invalid("reason_batch_empty")
    if len(value) > MAX_BATCH:
        return _invalid("reason_batch_large", limit=MAX_BATCH)
    return [_request(member) for member in value]


def _request(value: Any) -> Request | Refusal:
    if not isinstance(value, dict):
        return _invalid("reason_object")
    id_ = value.get("id")
    if not _is_id(id_):
        return _invalid("reason_id")
    if value.get("jsonrpc") != "2.0":
        return _invalid("reason_version", id_)
    method = value.get("method")
    if not isinstance(method, str):
        return _invalid("reason_method", id_)
    params = value.get("params")
    if not isinstance(params, (dict, list)) and "params" in value:
        return _invalid("reason_params", id_)
    return Request(method, params, id_, "id" not in value)


def _is_id(value: Any) -> bool:
    # bool is an int to Python, not to JSON.
    return value is None or (isinstance(value, (str, int, float)) and not isinstance(value, bool))


def _invalid(phrase: str, id_: Id = None, **blanks: Any) -> Refusal:
    return Refusal(errors.INVALID_REQUEST, Reason(phrase, blanks), id_)


# Strict JSON.


class _TooMuch(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _NotJson("reason_key_twice", key=shown(_doubled(pairs)))
    return made


def _doubled(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            break
        seen.add(name)
    return name


def _constant(word: str) -> NoReturn:
    raise _NotJson("reason_constant", word=word)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _NotJson("reason_number")
    return number


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_float
)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SHORT: Final = 80


def _parse(frame: bytes | bytearray) -> Any:
    try:
        text = frame.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _NotJson("reason_utf8", place=error.start + 1) from None
    if text.count(",") > MAX_VALUES and _values(text) > MAX_VALUES:
        raise _TooMuch
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise _NotJson("reason_syntax", place=error.pos + 1) from None
    except RecursionError:
        raise _NotJson("reason_depth", limit=MAX_DEPTH) from None
    except _NotJson:
        raise
    except ValueError:  # a whole number of more digits than Python converts
        raise _NotJson("reason_number") from None
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value)
    if _SURROGATE.search(text):
        _check_surrogates(value)
    return value


def _values(text: str) -> int:
    """About how many values the text holds: its commas outside of strings."""
    outside = text.replace("\\\\", "").replace('\\"', "").split('"')[::2]
    return sum(part.count(",") for part in outside)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    if any(isinstance(left, (dict, list)) for left in level):
        raise _NotJson("reason_depth", limit=MAX_DEPTH)


def _check_surrogates(value: Any) -> None:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            try:
                one.encode()
            except UnicodeEncodeError:
                raise _NotJson("reason_surrogate") from None
        elif isinstance(one, dict):
            left.extend(one)
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def shown(name: str) -> str:
    """A name that a stranger sent, fit for a sentence: short, and nothing hidden in it."""
    return escape(name if len(name) <= _SHORT else name[:_SHORT] + "…")
