"""What a language model is to the rest of Alvo: a prompt goes in, text comes out."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from daemon.protocol.values import (
    Milliseconds,
    Usage,
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """`system`: what to do, in our words. `user`: the question and what was found, fenced."""

    system: str
    user: str


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    usage: Usage


class TextStream:
    """Text as it comes; `usage` is what it cost, known when it has ended.

    Made from a generator of pieces whose last element may be a `Usage`.
    """

    def __init__(self, pieces: AsyncGenerator[str | Usage]) -> None:
        self._pieces = pieces
        self.usage = Usage()

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        async for piece in self._pieces:
            if isinstance(piece, Usage):
                self.usage = piece
            elif piece:
                return piece
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Ends the call behind it; the text so far was all."""
        await self._pieces.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class LanguageModel(Protocol):
    """A door to one model of one server. Everything that goes wrong is an `AlvoError` REASONER_*."""

    @property
    def name(self) -> str:
        """Provider and model, as a person reads it: `gemini:gemini-flash-latest`."""

    @property
    def remote(self) -> bool:
        """Whether what it reads leaves this machine; private passages are kept from it then."""

    async def complete(self, prompt: Prompt, schema: Mapping[str, Any] | None = None) -> Completion:
        """The whole reply; JSON that fits `schema` is asked for, but not promised."""

    def stream(self, prompt: Prompt) -> TextStream:
        """The reply as it comes; errors are raised while it is read."""

    async def models(self) -> list[str]:
        """The names of the models that its server offers for answers."""

    async def close(self) -> None:
        """Gives connections back; the model is not used again."""


def added(one: Usage, other: Usage) -> Usage:
    """Both together."""
    return Usage(
        calls=one.calls + other.calls,
        tokens_in=one.tokens_in + other.tokens_in,
        tokens_out=one.tokens_out + other.tokens_out,
        took_ms=Milliseconds(one.took_ms + other.took_ms),
    )
