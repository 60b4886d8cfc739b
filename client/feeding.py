"""Asks the person for what a command waits for, while news of the flow is shown beside it."""

from __future__ import annotations

import select
from collections.abc import Callable

from client import terminal
from client.console import Console
from client.remote import RemoteError

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from client.connection import Connection
    from daemon.protocol.calls import FlowEvents

WAIT_S = 30.0
_END_OF_INPUT = "\x04"
_SEEN = ("output", "notice", "command")


class Feeder:
    """`show` is given what happens meanwhile; it is asked for again until the line is whole."""

    def __init__(
        self,
        console: Console,
        flow_id: str,
        after: Callable[[], int],
        show: Callable[[FlowEvents], None],
    ) -> None:
        self._console = console
        self._flow_id = flow_id
        self._after = after
        self._show = show
        self._connection: Connection | None = None
        self.withdrawn = False

    def feed(self, wanted: str) -> None:
        """One line, or the end of input; nothing if the command goes on without it."""
        prompt = self._console.paint_notice(self._console.words(f"terminal_{wanted}"), "yellow")
        secret = wanted == "password"
        try:
            self._connection = self._console.connection.again()
            self._ask()
            typed = terminal.ask_line_beside(prompt, self, secret=secret)
            keys = None if typed is None else f"{typed}\n"
        except EOFError:
            keys = _END_OF_INPUT
        except RemoteError as error:
            if error.name not in ("DAEMON_UNREACHABLE", "DAEMON_STOPPING"):
                raise
            return  # who follows the flow looks for the daemon
        finally:
            if self._connection is not None:
                self._connection.close()
        if keys is not None:
            self._send(keys, secret=secret)

    def any_news(self, keys: int) -> bool:
        """Waits; False when something was typed, True when something was shown."""
        connection = self._connection
        while connection is not None:
            watched: list[int | Connection] = [keys, connection]
            ready = select.select(watched, [], [])[0]
            if connection not in ready:
                return False
            told: FlowEvents = connection.finish()
            kinds = {str(event.kind) for event in told.events}
            ended = told.flow is None or told.flow.status != "executing"
            self.withdrawn = "terminal" in kinds or ended
            if not ended:
                self._show(told)
            if self.withdrawn:
                return True
            self._ask()
            if kinds.intersection(_SEEN):
                return True
        return False

    def _ask(self) -> None:
        if self._connection is not None:
            question = {"flow_id": self._flow_id, "after": self._after(), "timeout_s": WAIT_S}
            self._connection.begin("flow.wait", question, WAIT_S)

    def _send(self, keys: str, *, secret: bool) -> None:
        try:
            self._console.call("terminal.send", flow_id=self._flow_id, text=keys, secret=secret)
        except RemoteError as error:
            if error.name != "NO_COMMAND_RUNNING":
                raise
