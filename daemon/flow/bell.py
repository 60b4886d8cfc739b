"""Wakes those who wait for events: by asking, never by pushing (`DESIGN.md` §5)."""

import asyncio

from daemon.protocol.values import FlowId


class Bell:
    """Rung after each commit that holds events."""

    def __init__(self) -> None:
        self._of_flow: dict[FlowId | None, set[asyncio.Future[None]]] = {}

    def ring(self, flow_id: FlowId) -> None:
        for key in (flow_id, None):
            for waiter in self._of_flow.pop(key, ()):
                if not waiter.done():
                    waiter.set_result(None)

    def listen(self, flow_id: FlowId | None) -> "asyncio.Future[None]":
        """Listen first, then look: what comes between the two is not missed."""
        waiter = asyncio.get_running_loop().create_future()
        self._of_flow.setdefault(flow_id, set()).add(waiter)
        return waiter

    def leave(self, flow_id: FlowId | None, waiter: "asyncio.Future[None]") -> None:
        waiter.cancel()
        waiters = self._of_flow.get(flow_id)
        if waiters is not None:
            waiters.discard(waiter)
            if not waiters:
                self._of_flow.pop(flow_id, None)
