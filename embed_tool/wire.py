"""What passes between the embedding tool and its parsing children: frames of one length each."""

import struct
from dataclasses import dataclass
from typing import Final

from embed_tool.blocks import Extract, Kind
from embed_tool.sandbox import Guards

LENGTH: Final = struct.Struct("!II")
"""Before each request: the lengths of its head and of the file. Before each reply: 0 and its own."""


MAX_REPLY: Final = 64 * 1024 * 1024
"""Bytes of a reply: more text than this is no document that anyone reads."""


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request; the bytes of the file follow it. `charset`: as their server said."""

    kind: Kind
    timeout_s: float
    charset: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no extract: the name of an error, and the blanks of its sentence."""

    error: str
    reason: str = ""
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """One of the two."""

    extract: Extract | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The first thing that a child says, once it is confined."""

    guards: Guards
