"""Joins small pieces of text into few events while the disk is busy with the last one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

MAX_EVENT_CHARS: Final = 64 * 1024
_MAX_WAITING_CHARS: Final = 512 * 1024


class Coalescer:
    """What is added while events are being written goes into the next ones, whole and in order.

    `write` is given the texts of all of them at once: one commit is enough.
    """

    def __init__(self, write: Callable[[list[str]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting = list[str]()
        self._size = 0
        self._writing: asyncio.Task[None] | None = None

    async def add(self, text: str) -> None:
        """Returns at once unless too much waits already: then the producer waits too."""
        if not text:
            return
        self._waiting.append(text)
        self._size += len(text)
        if self._writing is None or self._writing.done():
            self._raise_failure()
            self._writing = asyncio.create_task(self._flush())
        if self._size > _MAX_WAITING_CHARS:
            await asyncio.shield(self._writing)

    async def drain(self) -> None:
        """Everything added so far has been written, or this raises why not."""
        while self._waiting or (self._writing is not None and not self._writing.done()):
            if self._writing is None or self._writing.done():
                self._raise_failure()
                self._writing = asyncio.create_task(self._flush())
            await asyncio.shield(self._writing)
        self._raise_failure()

    async def _flush(self) -> None:
        while self._waiting:
            text, self._waiting, self._size = "".join(self._waiting), [], 0
            starts = range(0, len(text), MAX_EVENT_CHARS)
            await self._write([text[start : start + MAX_EVENT_CHARS] for start in starts])

    def _raise_failure(self) -> None:
        if self._writing is not None and self._writing.done():
            self._writing.result()
