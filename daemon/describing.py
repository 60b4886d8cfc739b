"""Has the reasoner say what tables and columns hold: in the background, while nobody asks it."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.index.descriptions import Description, about
from daemon.protocol import errors
from daemon.protocol.databases import DatabaseDescription
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import SourceId
from daemon.reasoner.describing import Describer, DescribeReply, DescribeRequest
from daemon.sources.databases import DatabaseSources

_log: Final = logging.getLogger(__name__)

_MOST_CALLS: Final = 4
"""For one database at a time; what they do not reach keeps its guesses."""
_OF_THE_DATABASE: Final = (
    errors.REASONER_INVALID_REPLY,
    errors.REASONER_CUT_OFF,
    errors.REASONER_BLOCKED,
)
"""After any other error, no other database would fare better."""
_MOST_WAITS: Final = 60
"""For those who write the index: what was said has been paid for."""

Busy = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Pace:
    """`look_s`: between two looks for something to do. `watch_s`: between two for a flow that begins.
    `quiet_s`: after a flow. `rest_s`: of a database that was described, however often its schema
    changes. `again_s`: after a failure.
    """

    look_s: float = 2.0
    watch_s: float = 0.25
    quiet_s: float = 10.0
    rest_s: float = 600.0
    again_s: float = 3600.0


class Describing:
    """One call at a time, and none while flows run: one that is under way ends when a flow begins.

    What a call brought is kept before the next one, so that nothing is asked twice.
    """

    def __init__(
        self,
        databases: DatabaseSources,
        describer: Describer,
        language: str,
        busy: Busy,
        pace: Pace | None = None,
    ) -> None:
        self._databases = databases
        self._describer = describer
        self._language = language
        self._busy = busy
        self._pace = pace or Pace()
        self._not_before: dict[SourceId, float] = {}
        self._none_before = 0.0
        self._calls: dict[SourceId, int] = {}
        self._seen = -1
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work(), name="describing")

    async def close(self) -> None:
        """What is unsaid by then is asked for after the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(self._pace.look_s)
            try:
                await self._look()
            except Exception:  # noqa: BLE001  (a guess serves as well; it goes on later)
                _log.exception("describing failed")
                self._none_before = time.monotonic() + self._pace.again_s

    async def _look(self) -> None:
        """Has the first of what is due described, if now is the time for it."""
        now = time.monotonic()
        revision = await self._databases.revision()
        if now < self._none_before or (revision == self._seen and now < self._due):
            return
        if await self._busy():
            self._none_before = now + self._pace.quiet_s
            return
        if not self._databases.settled:
            return
        open_ = [d for d in await self._databases.undescribed() if self._describer.may_see(d)]
        times = [self._not_before.get(database.source_id, 0.0) for database in open_]
        for database, due in zip(open_, times, strict=True):
            if due <= now:
                await self._describe(database)
                return
        self._seen, self._due = revision, min(times, default=math.inf)

    async def _describe(self, database: DatabaseDescription) -> None:
        """One call's worth of its tables."""
        try:
            reply = await self._asked(DescribeRequest(database, self._language))
        except AlvoError as error:
            _log.info("describing %s failed, to be tried again: %s", database.name, error)
            self._fail(database.source_id, error)
            return
        if reply is None:
            return
        _log.info("described %s: %d tables, %s", database.name, reply.asked, reply.usage)
        await self._put(database.source_id, self._told(database, reply))

    def _fail(self, source_id: SourceId, error: AlvoError) -> None:
        later = time.monotonic() + self._pace.again_s
        self._not_before[source_id] = later
        if error.type not in _OF_THE_DATABASE:
            self._none_before = later

    async def _asked(self, request: DescribeRequest) -> DescribeReply | None:
        """None where a flow began, which comes first."""
        call = asyncio.ensure_future(self._describer.describe(request))
        try:
            while not call.done():
                await asyncio.wait([call], timeout=self._pace.watch_s)
                if not call.done() and await self._busy():
                    self._none_before = time.monotonic() + self._pace.quiet_s
                    return None
            return call.result()
        finally:
            if not call.done():
                call.cancel()
                await asyncio.wait([call])

    def _told(self, database: DatabaseDescription, reply: DescribeReply) -> list[Description]:
        """What a reply says of the tables that were asked about; nothing, of those beyond the last
        call.
        """
        id_ = database.source_id
        calls = self._calls.pop(id_, 0) + 1
        tables = database.tables
        if reply.asked < len(tables) and calls < _MOST_CALLS:
            tables = tables[: reply.asked]
            self._calls[id_] = calls
        else:
            self._not_before[id_] = time.monotonic() + self._pace.rest_s
        return [one for table in tables for one in about(table, reply.texts.get(table.name, {}))]

    async def _put(self, source_id: SourceId, given: Sequence[Description]) -> None:
        for left in reversed(range(_MOST_WAITS)):
            if self._databases.settled or not left:
                try:
                    await self._databases.put_descriptions(source_id, given)
                except AlvoError as error:
                    if error.type is errors.DATABASE_NOT_FOUND:
                        return
                    if error.type is not errors.INDEX_BUSY or not left:
                        raise
                else:
                    return
            await asyncio.sleep(self._pace.look_s)
