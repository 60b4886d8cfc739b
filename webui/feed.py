"""The events of all flows, asked for once and read by every page.

One `flow.wait` over the whole store serves all pages: what is new is kept, encoded, in a ring of
bounded size. A page that is further behind than the ring reaches asks the daemon for its own flow.
"""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from client.remote import RemoteError
from daemon.protocol import codec
from daemon.protocol.calls import WaitFlow
from daemon.protocol.errors import AlvoError
from daemon.protocol.methods import FLOW_WAIT
from daemon.protocol.values import FlowId, Seconds
from webui.upstream import Upstream

RING_BYTES: Final = 2 * 1024 * 1024
_WAIT_S: Final = Seconds(50.0)
PAUSE_S: Final = 0.3
_PAGE_EVENTS: Final = 200
_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event as it goes to pages."""

    seq: int
    flow_id: str
    text: bytes


class Feed:
    """Runs while a page reads: `join`, then `news` again and again, then `leave`."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._ring: deque[Encoded] = deque()
        self._ring_bytes = 0
        self._low = 0
        self._high = -1
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.readers = 0
        self.reachable = True
        """Whether the daemon answers, as far as the feed knows."""

    def join(self) -> None:
        self.readers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def leave(self) -> None:
        self.readers -= 1
        if self.readers == 0:
            await self.close()

    async def close(self) -> None:
        task, self._task = self._task, None
        self._ring.clear()
        self._ring_bytes = 0
        self._high = -1
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def latest(self) -> int:
        """The `seq` of the newest event of the store; 0 while there is none."""
        low, high = 0, 1
        while found := await self._after(high, None, 1):
            low = found[0].seq
            high = low * 2
        while low < high:
            middle = (low + high) // 2
            if found := await self._after(middle, None, 1):
                low = found[0].seq
            else:
                high = middle
        return low

    async def news(
        self, cursor: int, flow_id: str | None, within_s: float
    ) -> tuple[list[Encoded], int]:
        """Events after `cursor`, at once if there are any, else when one comes or time is up.

        With them the next cursor: up to there, nothing of this flow is missing.
        """
        high = self._high
        if high >= 0 and cursor < self._low:
            found = await self._after(cursor, flow_id, _PAGE_EVENTS)
            return found, found[-1].seq if found else max(cursor, high)
        if cursor >= high:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._changed.wait()
        if self._high < 0 or cursor < self._low:
            return [], cursor
        return self._newer(cursor, flow_id), max(cursor, self._high)

    def _newer(self, cursor: int, flow_id: str | None) -> list[Encoded]:
        found = []
        for event in reversed(self._ring):
            if event.seq <= cursor:
                break
            if flow_id is None or event.flow_id == flow_id:
                found.append(event)
        return found[::-1]

    async def _run(self) -> None:
        while True:
            try:
                if self._high < 0:
                    self._low = self._high = await self.latest()
                    self._wake()
                self._take(await self._asked(WaitFlow(self._high, _WAIT_S)))
                self.reachable = True
            except (AlvoError, RemoteError):
                # Away, or about to go: it is waited for, and asked for what came after.
                self.reachable = False
                self._wake()
                await asyncio.sleep(PAUSE_S)

    def _take(self, events: list[Encoded]) -> None:
        for event in events:
            self._ring.append(event)
            self._ring_bytes += len(event.text)
            self._high = event.seq
        while self._ring_bytes > RING_BYTES and len(self._ring) > 1:
            gone = self._ring.popleft()
            self._ring_bytes -= len(gone.text)
            self._low = gone.seq
        if events:
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _after(self, cursor: int, flow_id: str | None, limit: int) -> list[Encoded]:
        wanted = WaitFlow(cursor, Seconds(0.0), FlowId(flow_id) if flow_id else None, limit)
        return await self._asked(wanted)

    async def _asked(self, wanted: WaitFlow) -> list[Encoded]:
        found = await self._upstream.result(FLOW_WAIT, wanted, _LANGUAGE)
        return [_encoded(event) for event in found["events"]]


def _encoded(event: dict[str, Any]) -> Encoded:
    text = b"id: %d\ndata: %s\n\n" % (event["seq"], codec.encode(event))
    return Encoded(event["seq"], event["flow_id"], text)
