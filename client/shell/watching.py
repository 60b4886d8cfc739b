"""Watches all flows in the background, so that the shell knows what waits for its person."""

import asyncio
from collections.abc import Callable

from client.ids import short
from client.prose import one_line
from client.remote import RemoteError
from client.shell.completion import Known
from client.shell.toolbar import Toolbar
from client.typed import TypedConnection, is_unreachable
from daemon.protocol.calls import (
    ListFlows,
    ListInquiries,
    Nothing,
    WaitFlow,
)
from daemon.protocol.methods import (
    AGENT_LIST,
    DAEMON_STATUS,
    DATABASE_LIST,
    FLOW_LIST,
    FLOW_WAIT,
    INQUIRY_LIST,
)
from daemon.protocol.values import (
    EventKind,
    FlowId,
    Inquiry,
    InquiryStatus,
    Seconds,
)

_WAIT_S = Seconds(50.0)
_FLOWS = 30
_PAUSE_S = 1.0


class Watcher:
    """Keeps `bar` and `known` true; `news` is called with an inquiry of somebody else's flow.

    `changed` is called when the bar may have to be drawn anew.
    """

    def __init__(
        self,
        connection: TypedConnection,
        bar: Toolbar,
        known: Known,
        news: Callable[[Inquiry], None],
        changed: Callable[[], None],
    ) -> None:
        self._call = connection.call
        self._bar = bar
        self._known = known
        self._news = news
        self._changed = changed
        self._seen: set[str] = set()
        self.followed: FlowId | None = None
        """The flow on the screen: what waits there needs no notice."""

    async def run(self) -> None:
        """Until cancelled; a daemon that is away is waited for."""
        first = True
        while True:
            try:
                await self._watch(first=first)
            except RemoteError as error:
                self._bar.reachable = not is_unreachable(error)
                self._changed()
                await asyncio.sleep(_PAUSE_S)
            first = False

    async def _watch(self, *, first: bool) -> None:
        after = await self._latest()
        self._bar.reasoner = (await self._call(DAEMON_STATUS, Nothing())).reasoner
        self._bar.reachable = True
        await self.look(quietly=first)
        while True:
            told = await self._call(FLOW_WAIT, WaitFlow(after, _WAIT_S))
            if told.events:
                after = told.events[-1].seq
            if any(event.kind in (EventKind.FLOW, EventKind.INQUIRY) for event in told.events):
                await self.look()

    async def look(self, *, quietly: bool = False) -> None:
        """What there is now."""
        flows = (await self._call(FLOW_LIST, ListFlows(limit=_FLOWS))).flows
        waiting = await self._call(INQUIRY_LIST, ListInquiries(InquiryStatus.WAITING))
        self._known.flows = {short(flow.id): one_line(flow.question)[:60] for flow in flows}
        self._known.inquiries = {
            short(inquiry.id): one_line(inquiry.script or inquiry.text)[:60]
            for inquiry in waiting.inquiries
        }
        listed = (await self._call(DATABASE_LIST, Nothing())).databases
        self._known.databases = {one.name: one_line(one.location)[-60:] for one in listed}
        self._known.tables = {
            one.name: {table.name: one_line(table.description)[:60] for table in one.tables}
            for one in listed
        }
        agents = (await self._call(AGENT_LIST, Nothing())).agents
        self._known.agents = {one.user_id: str(one.status) for one in agents}
        self._bar.waiting = len(waiting.inquiries)
        self._changed()
        for inquiry in waiting.inquiries:
            is_new = inquiry.id not in self._seen and inquiry.flow_id != self.followed
            if is_new and not quietly:
                self._news(inquiry)
            self._seen.add(inquiry.id)

    async def _latest(self) -> int:
        """The newest event of all: found by halving, as only what comes after it is wanted."""
        low, high = 0, 1
        while await self._is_any_after(high):
            low, high = high, high * 2
        while low < high:
            middle = (low + high) // 2
            if await self._is_any_after(middle):
                low = middle + 1
            else:
                high = middle
        return low

    async def _is_any_after(self, seq: int) -> bool:
        told = await self._call(FLOW_WAIT, WaitFlow(seq, Seconds(0.0), limit=1))
        return bool(told.events)
