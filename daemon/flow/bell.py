"""Wakes those who wait for events: by asking, never by pushing (`DESIGN.md` §5)."""

import asyncio

from daemon.protocol.values import FlowId


class Bell:
    """Rung after each commit that holds events."""

    def __init__(self) -> None:
        self._of_flow: dict[FlowId | None, set[asyncio.Future[None]]] = {}
        self._expected: dict[FlowId, set[asyncio.Event]] = {}
        self._people: set[asyncio.Future[None]] = set()

    def ring(self, flow_id: FlowId) -> None:
        for key in (flow_id, None):
            for waiter in self._of_flow.pop(key, ()):
                self._people.discard(waiter)
                if not waiter.done():
                    waiter.set_result(None)

    def listen(self, flow_id: FlowId | None, *, person: bool = False) -> "asyncio.Future[None]":
        """Listen first, then look: what comes between the two is not missed.

        `person`: somebody sees what comes, as against a script or the daemon itself.
        """
        waiter = asyncio.get_running_loop().create_future()
        self._of_flow.setdefault(flow_id, set()).add(waiter)
        if person:
            self._people.add(waiter)
            for expected, events in self._expected.items():
                if flow_id in (expected, None):
                    for event in events:
                        event.set()
        return waiter

    def leave(self, flow_id: FlowId | None, waiter: "asyncio.Future[None]") -> None:
        waiter.cancel()
        self._people.discard(waiter)
        waiters = self._of_flow.get(flow_id)
        if waiters is not None:
            waiters.discard(waiter)
            if not waiters:
                self._of_flow.pop(flow_id, None)

    def expect(self, flow_id: FlowId) -> asyncio.Event:
        """Set once a person follows the flow, or all flows; until it is forgotten."""
        event = asyncio.Event()
        here = {*self._of_flow.get(flow_id, ()), *self._of_flow.get(None, ())}
        if here & self._people:
            event.set()
        self._expected.setdefault(flow_id, set()).add(event)
        return event

    def forget(self, flow_id: FlowId, event: asyncio.Event) -> None:
        events = self._expected.get(flow_id, set())
        events.discard(event)
        if not events:
            self._expected.pop(flow_id, None)
