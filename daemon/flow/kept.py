"""How much of a command's output is kept: its head, its tail, and how much is missing between."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from daemon.flow.coalescer import Coalescer

Say = Callable[[Sequence[str], int], Awaitable[list[int]]]
"""Makes texts events, in one commit, and gives their numbers. Where one stands for output that is
missing: for how many characters; else 0.
"""
Drop = Callable[[int], Awaitable[None]]
"""Takes an event of that number away again."""


class Kept:
    """Up to `limit` everything is told at once.

    Beyond it the tail is told when the command has ended; but while it has the screen (`live`),
    which nobody could use otherwise, it goes on being told, and older pieces make room.
    """

    def __init__(self, say: Say, drop: Drop, limit: int) -> None:
        self._say = say
        self._drop = drop
        self._stream = Coalescer(self._write)
        self._screen = Coalescer(self._write_live)
        self._left = limit // 2
        self._tail_limit = limit - limit // 2
        self._tail = deque[str]()
        self._tail_size = 0
        self._live = deque[tuple[int, int]]()
        self._live_size = 0
        self._missing = 0
        self.live = False

    async def add(self, text: str) -> None:
        head, rest = text[: self._left], text[self._left :]
        self._left -= len(head)
        await self._stream.add(head)
        if rest and self.live and not self._tail:
            await self._stream.drain()
            await self._screen.add(rest)
        elif rest:
            self._tail.append(rest)
            self._tail_size += len(rest)
            while self._tail_size - len(self._tail[0]) > self._tail_limit:
                dropped = self._tail.popleft()
                self._tail_size -= len(dropped)
                self._missing += len(dropped)

    async def settle(self) -> None:
        """What was added and can be told has been told."""
        await self._stream.drain()
        await self._screen.drain()

    async def close(self) -> None:
        await self.settle()
        if self._missing:
            await self._say([f"\n… {self._missing} …\n"], self._missing)
        await self._stream.add("".join(self._tail))
        await self._stream.drain()

    async def _write(self, texts: list[str]) -> None:
        await self._say(texts, 0)

    async def _write_live(self, texts: list[str]) -> None:
        for seq, text in zip(await self._say(texts, 0), texts, strict=True):
            self._live.append((seq, len(text)))
            self._live_size += len(text)
        while self._live_size > self._tail_limit and len(self._live) > 1:
            seq, size = self._live.popleft()
            await self._drop(seq)
            self._live_size -= size
            self._missing += size
