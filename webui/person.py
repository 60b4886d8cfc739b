"""Whether a request may come from a person: never from what Alvo itself runs (P1).

A command could read the token, and any login that a browser keeps. So before a call that only a
person may make, the processes that hold the other end of the connection are found, and the daemon
is asked whether one of them descends from a session, as it does with its own socket's peers.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Mapping
from typing import Final, cast

from aiohttp import web

from client.remote import RemoteError
from daemon.protocol import errors
from daemon.protocol.calls import Processes
from daemon.protocol.errors import AlvoError
from daemon.protocol.methods import DAEMON_DESCENDS
from webui.crowd import Crowd, Identity, present
from webui.listening import Connection
from webui.peers import Owner, holders
from webui.upstream import Upstream

_PAUSE_S: Final = 5.0
"""Between two rounds of asking about who is new."""

_AT_ONCE: Final = 32
"""The daemon answers for so many in a few milliseconds."""


class Persons:
    """Asks once about a process; who holds the connection is looked up again for each call.

    A process does not change its descent, but it can hand its connection on, or have it taken.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._crowd = Crowd()
        self._learning: asyncio.Task[None] | None = None
        self._learned = -_PAUSE_S

    async def check(self, request: web.BaseRequest, language: str) -> None:
        """Raises WEB_PEER_REFUSED; of another machine or user it cannot be told, and nothing is."""
        connection = cast("Connection", request.protocol)
        found = connection.owner()
        if not self._is_ours(connection, found):
            return
        if found is None:
            raise AlvoError(errors.WEB_PEER_REFUSED)
        if not await asyncio.to_thread(self._crowd.holds_alone, found.inode):
            await self._ask_about(found.inode, language)
        self._learn_later(language)

    async def close(self) -> None:
        if self._learning is not None:
            self._learning.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._learning

    async def _ask_about(self, inode: int, language: str) -> None:
        """All who hold it, wherever they are."""
        before = await asyncio.to_thread(_holding, inode)
        # Nobody holds it: closed at once, or hidden. Both are ways to remain unknown.
        if not before or await self._descend(before, language):
            raise AlvoError(errors.WEB_PEER_REFUSED)
        # Whoever was looked at is there and holds it still: it was no other of the same number.
        after = await asyncio.to_thread(_holding, inode)
        if not after.items() <= before.items() or present(after) != after:
            raise AlvoError(errors.WEB_PEER_REFUSED)
        self._crowd.meet(after, from_session=False)
        self._crowd.approach(after)

    @staticmethod
    def _is_ours(connection: Connection, found: Owner | None) -> bool:
        """Whether it can be told at all: on this machine, and not of a proxy or the superuser."""
        return connection.is_local if found is None else found.uid == os.geteuid()

    async def _descend(self, processes: Mapping[int, Identity], language: str) -> bool:
        asked = Processes(sorted(processes))
        told = await self._upstream.call(DAEMON_DESCENDS, asked, language)
        return told.from_session

    def _learn_later(self, language: str) -> None:
        """While the answer is on its way: the next call finds fewer that it must look into."""
        busy = self._learning is not None and not self._learning.done()
        if not busy and time.monotonic() - self._learned > _PAUSE_S:
            self._learning = asyncio.create_task(self._learn(language))

    async def _learn(self, language: str) -> None:
        try:
            self._crowd.forget(await asyncio.to_thread(present))
            new = await asyncio.to_thread(self._crowd.new)
            pids = sorted(new)
            for n in range(0, len(pids), _AT_ONCE):
                await self._meet({pid: new[pid] for pid in pids[n : n + _AT_ONCE]}, language)
        except (AlvoError, RemoteError):
            pass  # The daemon is away: they stay strangers, and are looked into at each call.
        finally:
            self._learned = time.monotonic()

    async def _meet(self, processes: dict[int, Identity], language: str) -> None:
        """Of many the daemon says whether one is from a session: then the halves are asked about."""
        from_session = await self._descend(processes, language)
        if from_session and len(processes) > 1:
            pids = sorted(processes)
            half = len(pids) // 2
            for some in (pids[:half], pids[half:]):
                await self._meet({pid: processes[pid] for pid in some}, language)
            return
        there = await asyncio.to_thread(present, processes)
        same = {pid: one for pid, one in processes.items() if there.get(pid) == one}
        self._crowd.meet(same, from_session=from_session)


def _holding(inode: int) -> dict[int, Identity]:
    there = present()
    return {pid: there[pid] for pid in holders(inode, there)}
