"""Follows a flow to its end on the blocking connection: shows, asks, survives a restart."""

from __future__ import annotations

import time
from collections.abc import Callable

from client import answering, terminal
from client.console import Console
from client.feeding import Feeder
from client.ids import short
from client.remote import EXIT_INTERRUPTED, RemoteError
from client.screens import flow as screens
from client.view import FlowView
from client.wanting import Wanting

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from typing import Any

    from daemon.protocol.calls import FlowEvents
    from daemon.protocol.values import (
        Event,
        Flow,
        Inquiry,
    )

WAIT_S = 30.0
PATIENCE_S = 10.0
"""How long a daemon that went away is waited for: about as long as a restart takes."""

_ANSWERED_MEANWHILE = ("INQUIRY_CLOSED", "INQUIRY_CHANGED", "INQUIRY_EXPIRED")


class Follower:
    """`ask`: whether inquiries may be put to the person here. `cancel`: what Ctrl-C does.

    `serve`: whether what a running command waits for may be typed here; `lend_always`: whether it
    gets the terminal even if it has not asked for a screen.
    """

    def __init__(
        self,
        console: Console,
        *,
        ask: bool,
        cancel: bool = True,
        serve: bool | None = None,
        lend_always: bool = False,
    ) -> None:
        self._console = console
        self._ask = ask
        self._cancel = cancel
        self._view = FlowView(console)
        self._flow_id = ""
        self._after = 0
        self._asked: set[str] = set()
        self._serve = ask if serve is None else serve
        lends = self._serve and terminal.can_lend() and not console.muted
        self._wanting = Wanting(lends=lends, always=lend_always)
        self._lends = lends
        self._hinted = False

    def run(self, flow_id: str, begin: Callable[[], object] | None = None) -> tuple[Flow, int]:
        """The flow as it was left, and the exit status that says how.

        `begin` starts it: inside, so that Ctrl-C at any moment finds the flow.
        """
        self._flow_id = flow_id
        try:
            if begin is not None:
                begin()
                self.announce(flow_id)
            flow = self._until_rest()
        except KeyboardInterrupt:
            return self._interrupted()
        if flow.status == "waiting":
            self._parked(flow)
        return flow, screens.exit_status(flow)

    def expect(self, inquiry_id: str) -> None:
        """This inquiry was answered here: its end is no news."""
        self._asked.add(inquiry_id)

    def announce(self, flow_id: str) -> None:
        """The terminal that is here is the one of the commands that begin now."""
        size = terminal.window() if self._lends else None
        if size is not None:
            try:
                self._call("terminal.resize", flow_id=flow_id, **size)
            except RemoteError as error:
                if error.name not in ("NO_COMMAND_RUNNING", "FLOW_NOT_FOUND"):
                    raise

    def skip(self, flow_id: str) -> None:
        """What has happened so far is not shown."""
        self._flow_id = flow_id
        while events := self._wait(0.0).events:
            self._after = events[-1].seq

    def _until_rest(self) -> Flow:
        """Returns when the flow has ended, or waits for an answer that is not given here."""
        while True:
            told = self._wait()
            for event in told.events:
                self._event(event)
            flow = told.flow
            if flow is None or told.more:
                continue
            if flow.status not in (*screens.RUNNING, "waiting"):
                self._show(self._wanting.released())
                self._view.finish(flow)
                return flow
            if flow.status == "waiting" and not self._answered(flow):
                return flow
            if flow.status == "executing" and not self._served():
                return flow

    def _wait(self, wait_s: float = WAIT_S) -> FlowEvents:
        events: FlowEvents = self._call(
            "flow.wait",
            wait_s,
            flow_id=self._flow_id,
            after=self._after,
            timeout_s=wait_s,
        )
        return events

    def _call(self, method: str, wait_s: float = 0.0, /, **params: Any) -> Any:
        """Asks again across a restart of the daemon. Only for what may be asked twice.

        An answer may: the first one counts, and the second is told so.
        """
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._console.call(method, wait_s, **params)
            except RemoteError as error:
                lost = error.name in ("DAEMON_UNREACHABLE", "DAEMON_STOPPING")
                if not lost or time.monotonic() > give_up:
                    raise
                time.sleep(0.1)
                self._try_again()

    def _try_again(self) -> None:
        try:
            self._console.reconnect()
        except RemoteError:
            return

    def _event(self, event: Event) -> None:
        self._after = event.seq
        self._show(self._wanting.take(event))

    def _show(self, events: list[Event]) -> None:
        for event in events:
            if str(event.kind) == "inquiry" and event.data.get("status") != "waiting":
                self._closed(str(event.data.get("inquiry_id", "")))
            else:
                self._view.event(event)

    def _closed(self, inquiry_id: str) -> None:
        if inquiry_id not in self._asked:
            self._view.closed(self._inquiry(inquiry_id))

    def _inquiry(self, inquiry_id: str) -> Inquiry:
        inquiry: Inquiry = self._call("inquiry.get", inquiry_id=inquiry_id)
        return inquiry

    def _answered(self, flow: Flow) -> bool:
        """Whether the person answered here; no where nobody can, or will, be asked."""
        if not self._ask or flow.inquiry is None:
            return False
        self._view.pause()
        # What closes it from here on is this person's doing, or told when they answer.
        self.expect(flow.inquiry)
        try:
            answer = answering.ask_person(self._console, self._inquiry(flow.inquiry))
        except EOFError:
            return False
        return answer is None or self._sent(answer)

    def _sent(self, answer: dict[str, Any]) -> bool:
        """That someone else was faster, or that something changed, is said and is no end."""
        self.expect(str(answer["inquiry_id"]))
        self.announce(self._flow_id)
        try:
            self._call("inquiry.answer", **answer)
        except RemoteError as error:
            if error.name not in (*_ANSWERED_MEANWHILE, "SESSION_BUSY"):
                raise
            self._console.error(error.message, error.action)
            return error.name != "SESSION_BUSY"
        return True

    def _served(self) -> bool:
        """What the command waits for is given to it; False: the person left it to itself."""
        # While one thing is asked for another may come instead: a password after a line.
        while self._wanting.screen or self._wanting.unserved is not None:
            if self._wanting.screen and not self._lent():
                return False
            self._feed()
        return True

    def _feed(self) -> None:
        wanted = self._wanting.unserved
        if wanted is None:
            return
        self._wanting.serve()
        self._view.pause()
        if self._serve and wanted != "screen":
            Feeder(self._console, self._flow_id, lambda: self._after, self._news).feed(wanted)
        else:
            note = self._console.words(f"waits_{wanted}", flow=short(self._flow_id))
            self._console.say(f"· {note}", "yellow")

    def _news(self, told: FlowEvents) -> None:
        for event in told.events:
            self._event(event)
        self._view.pause()

    def _lent(self) -> bool:
        from client.lending import Loan  # only where it is needed: its imports cost 3 ms

        console, wanting = self._console, self._wanting
        self._view.pause()
        if not self._hinted:
            console.say(f"· {console.words('lent')}", "dim")
            self._hinted = True
        loan = Loan(console, self._flow_id, wanting.start, always=wanting.always)
        loan.run()
        self._after = loan.after
        wanting.lent(loan.wanted)
        if loan.left:
            console.say(console.words("detached", flow=short(self._flow_id)))
        return not loan.left

    def _parked(self, flow: Flow) -> None:
        self._view.pause()
        inquiry = self._inquiry(flow.inquiry) if flow.inquiry else None
        if inquiry is None:
            return
        if not self._ask:
            answering.show(self._console, inquiry)
        verb = "reply" if inquiry.kind == "information" else "allow"
        note = self._console.words(f"parked_{verb}", inquiry=short(inquiry.id), flow=short(flow.id))
        self._console.say(note)

    def _interrupted(self) -> tuple[Flow, int]:
        """Ctrl-C: the reply to the call that it cut off may still come, so the line is changed."""
        console = self._console
        self._view.pause()
        console.notice("\n")
        console.reconnect()
        if not self._cancel:
            console.say(console.words("detached", flow=short(self._flow_id)))
            return console.call("flow.get", flow_id=self._flow_id), EXIT_INTERRUPTED
        try:
            flow: Flow = console.call("flow.cancel", flow_id=self._flow_id)
        except RemoteError as error:
            if error.name == "FLOW_NOT_FOUND":
                # It had not begun: there is nothing to end and nothing to show.
                raise KeyboardInterrupt from None
            if error.name != "FLOW_ENDED":
                raise
            flow = console.call("flow.get", flow_id=self._flow_id)
        self._view.finish(flow)
        return flow, EXIT_INTERRUPTED
