"""The terminal of a flow's command: what it waits for, keys, signals, how large it is."""

import contextlib
from typing import Final

from daemon.blocks.secrets import Secrets
from daemon.flow.ledger import Ledger
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    ConversationId,
    EventKind,
    Flow,
    FlowId,
    FlowStatus,
    SignalName,
    Terminal,
)
from daemon.shell import Shell, Window
from daemon.store import Database
from daemon.store.approvals import session_of
from daemon.store.events import append_event
from daemon.store.flows import ENDED, change_flow, find_flow, named_flow

_REMEMBERED: Final = 1000
_LARGEST: Final = 1000


class Terminals:
    """Windows are remembered from before the command begins: with one it gets a real terminal."""

    def __init__(self, ledger: Ledger, shell: Shell, secrets: Secrets) -> None:
        self._ledger = ledger
        self._shell = shell
        self._secrets = secrets
        self._windows: dict[FlowId, Window] = {}

    def window(self, flow_id: FlowId) -> Window | None:
        """Of the terminal at which a person has this flow before them; None: there is none."""
        return self._windows.get(flow_id)

    def forget(self, flow_id: FlowId) -> None:
        self._windows.pop(flow_id, None)

    async def tell(self, flow_id: FlowId, terminal: Terminal | None) -> None:
        """What the command waits for, durable; no news of a flow that was ended meanwhile."""

        def record(db: Database) -> None:
            stored = find_flow(db, flow_id)
            if stored is not None and stored.flow.status is FlowStatus.EXECUTING:
                change_flow(db, flow_id, FlowStatus.EXECUTING, lambda _: {"terminal": terminal})
                append_event(db, flow_id, EventKind.TERMINAL, {"terminal": terminal})

        await self._ledger.insist(flow_id, record)

    async def send(self, flow_id: FlowId, data: bytes, *, secret: bool) -> None:
        """A line that answers a password prompt is a secret, whatever the client says."""
        flow = await self._executing(flow_id)
        secret = secret or flow.terminal is Terminal.PASSWORD
        if secret:
            self._secrets.typed(flow.id, data.decode("utf-8", "replace"))
        await self._shell.send(await self._session(flow), data, secret=secret)

    async def signal(self, flow_id: FlowId, name: SignalName) -> None:
        flow = await self._executing(flow_id)
        await self._shell.signal(await self._session(flow), name)

    async def resize(self, flow_id: FlowId, rows: int, columns: int) -> None:
        """The latest counts, whichever client it comes from."""
        flow = await self._load(flow_id)
        if flow.status in ENDED:
            raise AlvoError(errors.NO_COMMAND_RUNNING, flow=flow.id[:6])
        window = Window(_within(rows), _within(columns))
        self._windows.pop(flow.id, None)
        self._windows[flow.id] = window
        if len(self._windows) > _REMEMBERED:
            del self._windows[next(iter(self._windows))]
        if flow.status is FlowStatus.EXECUTING:
            # Between two commands of a plan there is nobody to tell: the next one begins with it.
            with contextlib.suppress(AlvoError):
                await self._shell.resize(await self._session(flow), window)

    async def _session(self, flow: Flow) -> ConversationId:
        return await self._ledger.read(lambda db: session_of(db, flow))

    async def _executing(self, flow_id: FlowId) -> Flow:
        flow = await self._load(flow_id)
        if flow.status is not FlowStatus.EXECUTING:
            raise AlvoError(errors.NO_COMMAND_RUNNING, flow=flow.id[:6])
        return flow

    async def _load(self, flow_id: FlowId) -> Flow:
        return (await self._ledger.read(lambda db: named_flow(db, flow_id))).flow


def _within(size: int) -> int:
    return max(1, min(size, _LARGEST))
