"""Embeddings of Google's Gemini models."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from daemon.models import gemini_errors
from daemon.models.calls import RETRIED, Calls
from daemon.models.gemini_sdk import GeminiSettings, Sdk
from daemon.models.keys import ApiKey
from daemon.protocol.errors import AlvoError

_BY_TASK: Final = ("gemini-embedding-001", "text-embedding-", "embedding-001")
"""Models that are told by a field what a text is for; later ones are told by words before it."""
_TASKS: Final = {True: "RETRIEVAL_QUERY", False: "RETRIEVAL_DOCUMENT"}
_WORDS: Final = {True: "task: search result | query: ", False: "title: none | text: "}


class GeminiEmbeddings:
    """One model behind one key; `dimensions` are what it is asked for."""

    # Whatever stands behind a base_url on this machine may pass it on: count it as remote.
    remote = True

    def __init__(self, settings: GeminiSettings, key: ApiKey, dimensions: int) -> None:
        self.name = f"gemini:{settings.model}:{dimensions}"
        self._settings = settings
        self._key = key
        self._dimensions = dimensions
        self._sdk: Sdk | None = None
        self._opening = asyncio.Lock()
        self._by_task = settings.model.startswith(_BY_TASK)
        self._calls = Calls(self.name, settings.timeout_s, explain=self._explain, scrub=key.scrub)

    async def embed(self, texts: Sequence[str], *, query: bool) -> list[list[float]]:
        async def once() -> Any:
            sdk = await self._open()
            words = "" if self._by_task else _WORDS[query]
            return await sdk.client.aio.models.embed_content(
                model=self._settings.model,
                contents=[sdk.content(words + text) for text in texts],
                config=sdk.embedding(self._dimensions, _TASKS[query] if self._by_task else None),
            )

        async with self._calls.limit():
            response = await self._calls.repeated(once)
        return [list(one.values or ()) for one in response.embeddings or ()]

    async def close(self) -> None:
        sdk, self._sdk = self._sdk, None
        if sdk is not None:
            await sdk.close()

    async def _open(self) -> Sdk:
        async with self._opening:
            if self._sdk is None:
                self._sdk = await asyncio.to_thread(Sdk, self._settings, self._key)
            return self._sdk

    async def _explain(self, error: Exception) -> AlvoError | None:
        if self._sdk is None or not isinstance(error, self._sdk.api_error):
            return None
        refusal: Any = error
        code, status = int(refusal.code or 0), str(refusal.status or "")
        found = gemini_errors.from_status(
            self.name, self._key.origin, code, status, refusal.details
        )
        return self._calls.scrubbed(found, passing=code in RETRIED)
