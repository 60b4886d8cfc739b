"""The door to OpenAI-compatible servers: Ollama, llama.cpp, vLLM and whoever speaks like them."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from daemon.models import openai_errors
from daemon.models import openai_wire as wire
from daemon.models.address import ServerAddress
from daemon.models.calls import MODELS_TIMEOUT_S, RETRIED, Calls, Put, brief, spent
from daemon.models.keys import OPENAI, ApiKey
from daemon.models.language_model import Completion, Prompt, TextStream
from daemon.models.openai_connection import Connection, leaves_the_machine
from daemon.models.openai_errors import Refused
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Usage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OpenAISettings:
    """`timeout_s`: for one call, its repetitions included. `key_file`: where a key would be."""

    model: str
    address: ServerAddress
    timeout_s: float
    key_file: str = ""


class OpenAI:
    """One model of one server; many local ones want no key."""

    def __init__(self, settings: OpenAISettings, key: ApiKey | None) -> None:
        self.name = f"openai:{settings.model}"
        self.remote = leaves_the_machine(settings.address, settings.model)
        self._settings = settings
        self._key = key
        self._connection = Connection(settings.address, key, settings.timeout_s)
        # What the server was found not to know is not asked of it again.
        self._form = wire.Form.SCHEMA
        self._counts = True
        scrub = key.scrub if key is not None else str
        self._calls = Calls(self.name, settings.timeout_s, explain=self._explain, scrub=scrub)

    def __repr__(self) -> str:
        return f"OpenAI({self._settings.model}, {self._settings.address.url}, {self._key!r})"

    async def complete(self, prompt: Prompt, schema: Mapping[str, Any] | None = None) -> Completion:
        start = time.monotonic()

        async def once() -> wire.Written:
            body = wire.chat(self._settings.model, prompt, schema, self._form)
            async with self._connection.sent("POST", "/chat/completions", body) as response:
                return wire.read(await wire.whole(response))

        async with self._calls.limit():
            written = await self._understood(once)
        # A whole reply that gives no reason for its end is whole: some servers leave it out.
        self._check(written, written.finish or "stop")
        thoughts = wire.Thoughts()
        text = thoughts.without(written.text) + thoughts.rest()
        if not text.strip():
            raise AlvoError(errors.REASONER_CUT_OFF, reasoner=self.name, reason="it is empty")
        tokens = written.tokens or (0, 0)
        return Completion(text, spent(start, time.monotonic(), *tokens))

    def stream(self, prompt: Prompt) -> TextStream:
        return self._calls.stream(lambda put: self._follow(prompt, put))

    async def models(self) -> list[str]:
        async with self._calls.limit(MODELS_TIMEOUT_S):
            return await self._calls.repeated(self._models)

    async def close(self) -> None:
        await self._connection.close()

    async def _follow(self, prompt: Prompt, put: Put) -> Usage:
        start, thoughts = time.monotonic(), wire.Thoughts()
        finish: str | None = None
        tokens: tuple[object, object] = (0, 0)

        async def begin() -> tuple[AsyncGenerator[wire.Written], wire.Written | None]:
            pieces = self._streamed(prompt)
            return pieces, await anext(pieces, None)

        async with self._calls.limit():
            pieces, piece = await self._understood(begin)
        async with aclosing(pieces):
            while piece is not None:
                await put(thoughts.without(piece.text))
                finish, tokens = finish or piece.finish, piece.tokens or tokens
                self._check(piece, finish or "stop")
                try:
                    piece = await self._calls.going_on(lambda: anext(pieces, None))
                except AlvoError:
                    if finish is None:
                        raise
                    break
        await put(thoughts.rest())
        self._check(wire.Written(), finish)
        return spent(start, time.monotonic(), *tokens)

    async def _streamed(self, prompt: Prompt) -> AsyncGenerator[wire.Written]:
        body = wire.chat(self._settings.model, prompt) | {"stream": True}
        if self._counts:
            body["stream_options"] = {"include_usage": True}
        async with (
            self._connection.sent("POST", "/chat/completions", body) as response,
            aclosing(wire.events(response)) as events,
        ):
            async for event in events:
                yield wire.read(event)

    def _check(self, written: wire.Written, finish: str | None) -> None:
        if written.refusal:
            reason = brief(written.refusal)
            raise AlvoError(errors.REASONER_BLOCKED, reasoner=self.name, reason=reason)
        problem = openai_errors.unfinished(self.name, finish)
        if problem is not None:
            raise problem

    async def _understood(self, call: Callable[[], Awaitable[T]]) -> T:
        """Asks in a plainer way where the server does not know the one that it was asked in."""
        while True:
            form = self._form
            try:
                return await self._calls.repeated(call)
            except _Plainer as error:
                if error.counting:
                    self._counts = False
                elif form is not wire.Form.PLAIN:
                    self._form = max(self._form, wire.Form(form + 1))
                else:
                    raise

    async def _explain(self, error: Exception) -> AlvoError | None:
        if not isinstance(error, Refused):
            return None
        if error.status in {401, 403} and self._key is None:
            return AlvoError(
                errors.REASONER_NO_KEY,
                reasoner=self.name,
                key_file=self._settings.key_file,
                variable=OPENAI.variables[0],
            )
        if error.is_unknown_model:
            return AlvoError(
                errors.REASONER_UNKNOWN_MODEL,
                reasoner=self._settings.address.url,
                model=self._settings.model,
                models=await self._calls.listed(self._models),
            )
        origin = self._key.origin if self._key is not None else ""
        found = openai_errors.of_refusal(self.name, origin, error)
        if error.is_of_form or error.is_of_counting:
            plain = self._calls.scrubbed(found)
            return _Plainer(plain, counting=error.is_of_counting)
        return self._calls.scrubbed(found, passing=error.status in RETRIED)

    async def _models(self) -> list[str]:
        async with self._connection.sent("GET", "/models") as response:
            return wire.names(await wire.whole(response))


class _Plainer(AlvoError):
    """The server does not know the way in which it was asked: for a form, or for a count."""

    def __init__(self, error: AlvoError, *, counting: bool) -> None:
        super().__init__(error.type, **error.blanks)
        self.counting = counting
