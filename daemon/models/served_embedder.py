"""Embedders on a server: blocking and thread-safe, on an event loop of their own."""

import asyncio
import math
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol, TypeVar

import prompts
from daemon.models.embedder import Vectors
from daemon.protocol.errors import EMBEDDER_SERVER_FAILED, REASONER_TIMEOUT, AlvoError

T = TypeVar("T")

_BATCH: Final = 64
"""Texts of one call; Gemini takes 100 at most."""
QUERY_TIMEOUT_S: Final = 10.0
"""A question does not wait longer: it is then searched for by keywords."""
_PROBE: Final = "dimensions"
MOST_DIMENSIONS: Final = 8192


class EmbeddingServer(Protocol):
    """One model of a server. Raises the `REASONER_*` errors that a language model would."""

    @property
    def name(self) -> str: ...

    @property
    def remote(self) -> bool:
        """Whether texts leave this machine."""
        ...

    async def embed(self, texts: Sequence[str], *, query: bool) -> list[list[float]]:
        """One vector for each text, of any length."""
        ...

    async def close(self) -> None: ...


class ServedEmbedder:
    """Vectors are made to unit length here: servers shorten them and leave that to the caller."""

    def __init__(self, server: EmbeddingServer) -> None:
        self.name = server.name
        self.remote = server.remote
        self._server = server
        self._lock = threading.Lock()
        self._running: tuple[asyncio.AbstractEventLoop, threading.Thread] | None = None
        self._dimensions: int | None = None

    @property
    def dimensions(self) -> int:
        """Asked of the server, once."""
        if self._dimensions is None:
            self.embed_query(_PROBE)
        assert self._dimensions is not None
        return self._dimensions

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embedded(texts, query=False)

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self._embedded([text], query=True)[0]
        return vector

    def close(self) -> None:
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            loop, thread = running
            asyncio.run_coroutine_threadsafe(self._server.close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _embedded(self, texts: Sequence[str], *, query: bool) -> Vectors:
        import numpy as np

        found: list[list[float]] = []
        for start in range(0, len(texts), _BATCH):
            # An empty text is refused by servers, and is like no other.
            batch = [text if text.strip() else "." for text in texts[start : start + _BATCH]]
            found += self._waited(self._asked(batch, query=query), len(batch))
        if not found:
            return np.empty((0, self.dimensions), dtype=np.float32)
        vectors = np.asarray(found, dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        return unit

    async def _asked(self, texts: Sequence[str], *, query: bool) -> list[list[float]]:
        try:
            async with asyncio.timeout(QUERY_TIMEOUT_S if query else None):
                return await self._server.embed(texts, query=query)
        except TimeoutError:
            raise AlvoError(REASONER_TIMEOUT, reasoner=self.name, limit=QUERY_TIMEOUT_S) from None

    def _waited(
        self, call: Coroutine[Any, Any, list[list[float]]], wanted: int
    ) -> list[list[float]]:
        """EMBEDDER_SERVER_FAILED, whatever it was that failed."""
        try:
            found = asyncio.run_coroutine_threadsafe(call, self._loop()).result()
        except AlvoError as error:
            raise self._failed(prompts.Sentence(error.type.name, **error.blanks)) from None
        if len(found) != wanted or not all(map(self._fits, found)):
            raise self._failed(prompts.Phrase("embedder_shape"))
        return found

    def _failed(self, reason: prompts.Phrase) -> AlvoError:
        return AlvoError(EMBEDDER_SERVER_FAILED, embedder=self.name, reason=reason)

    def _fits(self, vector: list[float]) -> bool:
        """The first one says how long all are: another length is another model."""
        if self._dimensions is None and 1 <= len(vector) <= MOST_DIMENSIONS:
            self._dimensions = len(vector)
        return len(vector) == self._dimensions and all(map(_is_finite, vector))

    def _loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._running is None:
                loop = asyncio.new_event_loop()
                # A daemon thread: it holds nothing that an end of the process could harm.
                thread = threading.Thread(target=loop.run_forever, name="embedder", daemon=True)
                thread.start()
                self._running = loop, thread
            return self._running[0]


def _is_finite(number: object) -> bool:
    return isinstance(number, int | float) and math.isfinite(number)
