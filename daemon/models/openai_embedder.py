"""Embeddings of OpenAI-compatible servers: Ollama, llama.cpp, vLLM and whoever speaks like them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from daemon.models import openai_errors
from daemon.models import openai_wire as wire
from daemon.models.address import ServerAddress
from daemon.models.calls import RETRIED, Calls
from daemon.models.keys import ApiKey
from daemon.models.openai_connection import Connection, leaves_the_machine
from daemon.models.openai_errors import Refused
from daemon.protocol.errors import AlvoError


@dataclass(frozen=True, slots=True)
class OpenAIEmbedderSettings:
    """`dimensions`: 0, as the model gives them. `timeout_s`: for one call, repetitions included."""

    model: str
    address: ServerAddress
    dimensions: int
    timeout_s: float


class OpenAIEmbeddings:
    def __init__(self, settings: OpenAIEmbedderSettings, key: ApiKey | None) -> None:
        wanted = f":{settings.dimensions}" if settings.dimensions else ""
        self.name = f"openai:{settings.model}{wanted}"
        self.remote = leaves_the_machine(settings.address, settings.model)
        self._settings = settings
        self._key = key
        self._connection = Connection(settings.address, key, settings.timeout_s)
        scrub = key.scrub if key is not None else str
        self._calls = Calls(self.name, settings.timeout_s, explain=self._explain, scrub=scrub)

    async def embed(self, texts: Sequence[str], *, query: bool) -> list[list[float]]:
        del query
        body: dict[str, Any] = {
            "model": self._settings.model,
            "input": list(texts),
            "encoding_format": "float",
        }
        if self._settings.dimensions:
            body["dimensions"] = self._settings.dimensions

        async def once() -> list[list[float]]:
            async with self._connection.sent("POST", "/embeddings", body) as response:
                return wire.vectors(await wire.whole(response))

        async with self._calls.limit():
            return await self._calls.repeated(once)

    async def close(self) -> None:
        await self._connection.close()

    async def _explain(self, error: Exception) -> AlvoError | None:
        if not isinstance(error, Refused):
            return None
        origin = self._key.origin if self._key is not None else ""
        found = openai_errors.of_refusal(self.name, origin, error)
        return self._calls.scrubbed(found, passing=error.status in RETRIED)
