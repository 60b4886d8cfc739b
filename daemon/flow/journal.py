"""A block's journal over the store: steps are recorded once, what it says is durable first."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from daemon.flow.coalescer import Coalescer
from daemon.flow.ledger import Ledger
from daemon.models.language_model import added
from daemon.protocol.audit import AuditKind
from daemon.protocol.values import (
    EventKind,
    FlowId,
    FlowStatus,
    SourceName,
    Usage,
)
from daemon.store import crash
from daemon.store.approvals import UsedApproval, use_approval
from daemon.store.audit import append_audit
from daemon.store.database import Database
from daemon.store.events import append_event
from daemon.store.flows import StoredFlow, change_flow, find_step, record_step, step_history

T = TypeVar("T")


class FlowJournal:
    """The `Journal` of one flow in one round (`daemon.blocks.journal`)."""

    def __init__(self, ledger: Ledger, stored: StoredFlow, *, again: bool = False) -> None:
        """`again`: the block was begun before, by a daemon that has ended."""
        self._ledger = ledger
        self._id = stored.flow.id
        self._round = stored.flow.rounds
        # What an attempt that was cut off had shown is said to be void.
        self._reset = again
        self._text = Coalescer(self._say_text)

    async def once(
        self,
        name: str,
        type_: type[T],
        work: Callable[[], Awaitable[T]],
        cost: Callable[[T], tuple[str, Usage]] | None = None,
    ) -> T:
        known = await self.recall(name, type_)
        if known is not None:
            return known
        await self._say(EventKind.STEP, name, "running")
        crash.point(f"{name}-before")
        try:
            result = await work()
        finally:
            # Also of what was cut off: no text may come after the end of its flow.
            await self._text.drain()
        crash.point(f"{name}-unrecorded")

        def record(db: Database) -> None:
            record_step(db, self._id, self._round, name, result)
            append_event(db, self._id, EventKind.STEP, {"name": name, "status": "done"})
            if cost is not None:
                reasoner, usage = cost(result)
                _account(db, self._id, reasoner, usage)

        await self._ledger.commit(self._id, record)
        crash.point(f"{name}-recorded")
        return result

    async def recall(self, name: str, type_: type[T]) -> T | None:
        return await self._ledger.read(lambda db: find_step(db, self._id, self._round, name, type_))

    async def history(self, name: str, type_: type[T]) -> list[T]:
        return await self._ledger.read(lambda db: step_history(db, self._id, name, type_))

    async def write(self, text: str) -> None:
        await self._text.add(text)

    async def rewrite(self, text: str) -> None:
        await self._text.drain()
        self._reset = True
        await self._text.add(text)

    async def looked(self, source: SourceName, where: str, outcome: str) -> None:
        data = {"name": "looked", "status": "done", "source": source, "where": where}
        await self._ledger.say(self._id, EventKind.STEP, {**data, "summary": outcome})

    async def use(self, approval_id: str) -> UsedApproval:
        return await self._ledger.record(lambda db: use_approval(db, approval_id))

    async def redirected(self, approval: UsedApproval, url: str, to: str) -> None:
        told = {"approval": approval.id, "url": url, "to": to}
        await self._ledger.record(lambda db: append_audit(db, AuditKind.FETCH_HOP, self._id, told))

    async def notice(self, message: str) -> None:
        await self._ledger.say(self._id, EventKind.NOTICE, {"message": message})

    async def _say(self, kind: EventKind, name: str, status: str) -> None:
        await self._ledger.say(self._id, kind, {"name": name, "status": status})

    async def _say_text(self, texts: list[str]) -> None:
        for text in texts:
            data: dict[str, object] = {"text": text}
            if self._reset:
                data["reset"] = True
                self._reset = False
            await self._ledger.say(self._id, EventKind.TEXT, data)


def _account(db: Database, flow_id: FlowId, reasoner: str, usage: Usage) -> None:
    change_flow(
        db,
        flow_id,
        FlowStatus.RUNNING,
        lambda flow: {"reasoner": reasoner, "usage": added(flow.usage, usage)},
    )
