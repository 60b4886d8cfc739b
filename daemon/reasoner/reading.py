"""A model's reply read as one JSON object of a known shape."""

from typing import Final, TypeVar

from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError

T = TypeVar("T")

LONGEST_REPLY: Final = 1_000_000
"""Characters."""


def read(text: str, shape: type[T], reasoner: str) -> T:
    """`REASONER_INVALID_REPLY` for anything else; more fields and a code fence are let pass."""
    if len(text) > LONGEST_REPLY:
        raise invalid(reasoner, f"it is longer than {LONGEST_REPLY} characters")
    try:
        return codec.decode(_unfenced(text), shape)
    except codec.Invalid as error:
        raise invalid(reasoner, str(error)) from None
    except (codec.Malformed, ValueError, RecursionError) as error:
        raise invalid(reasoner, f"it is not JSON ({error})") from None


def invalid(reasoner: str, reason: str) -> AlvoError:
    """What is wrong about a reply, on one line."""
    line = " ".join(reason.encode("utf-8", "replace").decode().split())[:300]
    return AlvoError(errors.REASONER_INVALID_REPLY, reasoner=reasoner, reason=line)


def _unfenced(text: str) -> str:
    text = text.strip().lstrip("\ufeff")
    if text.startswith("{") or "```" not in text:
        return text
    inside = text.split("```", 1)[1].rpartition("```")[0]
    return inside.strip().removeprefix("json").strip()
