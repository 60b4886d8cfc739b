"""Whether a request may come from a person: never from what Alvo itself runs (P1).

A command could read the token, and any login that a browser keeps. So before a call that only a
person may make, the processes that hold the other end of the connection are found, and the daemon
is asked whether one of them descends from a session, as it does with its own socket's peers.
"""

import asyncio
import os
from typing import cast

from aiohttp import web

from daemon.protocol import errors
from daemon.protocol.calls import Processes
from daemon.protocol.errors import AlvoError
from daemon.protocol.methods import DAEMON_DESCENDS
from webui.listening import Connection
from webui.peers import Owner, holders
from webui.upstream import Upstream


class Persons:
    """Asks once about a process; who holds the connection is looked up again for each call.

    A process does not change its descent, but it can hand its connection on, or have it taken.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def check(self, request: web.BaseRequest, language: str) -> None:
        """Raises WEB_PEER_REFUSED; of another machine or user it cannot be told, and nothing is."""
        connection = cast("Connection", request.protocol)
        found = connection.owner()
        if not self._is_ours(connection, found):
            return
        if found is None:
            raise AlvoError(errors.WEB_PEER_REFUSED)
        before = await asyncio.to_thread(holders, found.inode)
        # Nobody holds it: closed at once, or hidden. Both are ways to remain unknown.
        if before and before <= connection.persons:
            return
        if not before or await self._descend(before, language):
            raise AlvoError(errors.WEB_PEER_REFUSED)
        # Whoever was looked at holds it still, so it was no other process of the same number.
        if not await asyncio.to_thread(holders, found.inode) <= before:
            raise AlvoError(errors.WEB_PEER_REFUSED)
        connection.persons = before

    @staticmethod
    def _is_ours(connection: Connection, found: Owner | None) -> bool:
        """Whether it can be told at all: on this machine, and not of a proxy or the superuser."""
        return connection.is_local if found is None else found.uid == os.geteuid()

    async def _descend(self, pids: frozenset[int], language: str) -> bool:
        told = await self._upstream.call(DAEMON_DESCENDS, Processes(sorted(pids)), language)
        return told.from_session
