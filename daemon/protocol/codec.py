"""Between values and their JSON, and the JSON Schema of both."""

import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

Invalid = msgspec.ValidationError
Malformed = msgspec.DecodeError
"""What `decode` raises: the shape is wrong (`Invalid`), or it is not JSON at all (`Malformed`)."""

Raw = msgspec.Raw
"""A part of a JSON text that is passed on unread; false where it was left out."""

_encoder = msgspec.json.Encoder()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def encode(value: Any) -> bytes:
    """One line of JSON. NaN and infinities become null, as JSON has no word for them."""
    return _encoder.encode(value)


def decode(data: bytes | str, type_: type[T]) -> T:
    """Strict: a wrong type or a missing field raises `msgspec.ValidationError` naming the field."""
    decoder = _decoders.get(type_)
    if decoder is None:
        decoder = _decoders[type_] = msgspec.json.Decoder(type_)
    return decoder.decode(data)  # type: ignore[no-any-return]


def from_builtins(value: Any, type_: type[T]) -> T:
    """From decoded JSON to a value; errors as in `decode`."""
    return msgspec.convert(value, type_)


def to_builtins(value: Any) -> Any:
    """From a value to dicts, lists, strings and numbers."""
    return msgspec.to_builtins(value)


def schemas(types: list[Any]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    """JSON Schema of each type, and the definitions which they share (`#/components/schemas/…`)."""
    return msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")


def schema(type_: Any) -> dict[str, Any]:
    """JSON Schema of one type, whole in itself."""
    return msgspec.json.schema(type_)


_FIELD = re.compile(r"`\$\.?([^`]*)`")


def field_of(error: msgspec.ValidationError) -> str:
    """The field that a validation error is about, `a.b[0]`; empty for the object itself."""
    found = _FIELD.search(str(error))
    return found.group(1) if found else ""
