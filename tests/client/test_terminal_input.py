"""What a running command asks for at its terminal: typed by the person, handed on, kept nowhere."""

import dataclasses

import pytest

from daemon.protocol.calls import (
    ByFlow,
    FlowEvents,
    Nothing,
    SendTerminal,
    WaitFlow,
)
from daemon.protocol.methods import FLOW_GET, FLOW_WAIT, TERMINAL_SEND
from daemon.protocol.values import (
    Event,
    EventKind,
    FlowStatus,
)
from daemon.protocol.values import Terminal as Wanted
from daemon.rpc.binding import Bindings, Caller
from tests.support.daemon import Home
from tests.support.rpc_peer import serving
from tests.support.terminal import Terminal
from tests.support.values import AT, a_flow
from tests.support.waiting import until

SECRET = "correct-horse-battery"


class Asking:
    """A flow whose command waits for `wanted`, and ends once it has got a line."""

    def __init__(self, wanted: Wanted) -> None:
        self.flow = a_flow(status=FlowStatus.EXECUTING, terminal=wanted)
        self.events = [self._event(1, EventKind.TERMINAL, {"terminal": wanted})]
        self.sent: list[SendTerminal] = []
        self.table = Bindings()
        self.table.bind(FLOW_GET, self.get)
        self.table.bind(FLOW_WAIT, self.wait)
        self.table.bind(TERMINAL_SEND, self.send)

    def _event(self, seq: int, kind: EventKind, data: dict) -> Event:
        return Event(seq, self.flow.id, AT, kind, data)

    async def get(self, _caller: Caller, _params: ByFlow):
        return self.flow

    async def wait(self, _caller: Caller, params: WaitFlow) -> FlowEvents:
        def news() -> list[Event]:
            return [event for event in self.events if event.seq > params.after]

        found = await until(news)
        return FlowEvents(self.flow, found)

    async def send(self, _caller: Caller, params: SendTerminal) -> Nothing:
        self.sent.append(params)
        self.flow = dataclasses.replace(self.flow, status=FlowStatus.EXECUTED, terminal=None)
        self.events.append(self._event(2, EventKind.OUTPUT, {"n": 0, "text": "thank you\r\n"}))
        return Nothing()


@pytest.mark.parametrize(
    ("wanted", "asked", "secret"),
    [
        (Wanted.LINE, "The command wants a line: ", False),
        (Wanted.PASSWORD, "The command wants a password (not shown, not stored): ", True),
    ],
)
def test_what_the_command_wants_is_typed_and_handed_on(
    home: Home, wanted: Wanted, asked: str, secret: bool
) -> None:
    asking = Asking(wanted)
    with (
        serving(home.socket, asking.table),
        Terminal(home, "alvo", "attach", asking.flow.id) as terminal,
    ):
        terminal.see(asked)
        terminal.line(SECRET)
        terminal.see("thank you")
        assert terminal.end() == 0
        assert (SECRET in terminal.seen) is not secret
    (sent,) = asking.sent
    assert (sent.text, sent.secret) == (f"{SECRET}\n", secret)
