"""Follows a flow to its end on the blocking connection: shows, asks, survives a restart."""

from __future__ import annotations

import time
from collections.abc import Callable

from client import answering, terminal
from client.console import Console
from client.ids import short
from client.remote import EXIT_INTERRUPTED, RemoteError
from client.screens import flow as screens
from client.view import FlowView

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

_LIMIT = 500
_ANSWERED_MEANWHILE = ("INQUIRY_CLOSED", "INQUIRY_CHANGED", "INQUIRY_EXPIRED")


class Follower:
    """`ask`: whether inquiries may be put to the person here. `cancel`: what Ctrl-C does."""

    def __init__(self, console: Console, *, ask: bool, cancel: bool = True) -> None:
        self._console = console
        self._ask = ask
        self._cancel = cancel
        self._view = FlowView(console)
        self._flow_id = ""
        self._after = 0
        self._asked: set[str] = set()
        self._fed = 0

    def run(self, flow_id: str, begin: Callable[[], object] | None = None) -> tuple[Flow, int]:
        """The flow as it was left, and the exit status that says how.

        `begin` starts it: inside, so that Ctrl-C at any moment finds the flow.
        """
        self._flow_id = flow_id
        try:
            if begin is not None:
                begin()
            flow = self._until_rest()
        except KeyboardInterrupt:
            return self._interrupted()
        if flow.status == "waiting":
            self._parked(flow)
        return flow, screens.exit_status(flow)

    def expect(self, inquiry_id: str) -> None:
        """This inquiry was answered here: its end is no news."""
        self._asked.add(inquiry_id)

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
            if flow is None or len(told.events) == _LIMIT:
                continue
            if flow.status not in (*screens.RUNNING, "waiting"):
                self._view.finish(flow)
                return flow
            if flow.status == "waiting" and not self._answered(flow):
                return flow
            if flow.terminal in ("line", "password"):
                self._feed_terminal(flow)

    def _wait(self, wait_s: float = WAIT_S) -> FlowEvents:
        events: FlowEvents = self._call(
            "flow.wait",
            wait_s,
            flow_id=self._flow_id,
            after=self._after,
            timeout_s=wait_s,
            limit=_LIMIT,
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
        try:
            self._call("inquiry.answer", **answer)
        except RemoteError as error:
            if error.name not in (*_ANSWERED_MEANWHILE, "SESSION_BUSY"):
                raise
            self._console.error(error.message, error.action)
            return error.name != "SESSION_BUSY"
        return True

    def _feed_terminal(self, flow: Flow) -> None:
        """A command wants a line or a password: the person types it, the daemon hands it on."""
        if not self._ask or self._fed == self._after:
            return
        self._fed = self._after
        secret = flow.terminal == "password"
        prompt = self._console.paint_notice(
            self._console.words("terminal_password" if secret else "terminal_line"), "yellow"
        )
        self._view.pause()
        try:
            typed = terminal.ask_line(prompt, secret=secret)
        except EOFError:
            return
        try:
            self._console.call("terminal.send", flow_id=flow.id, text=f"{typed}\n", secret=secret)
        except RemoteError as error:
            if error.name != "NO_COMMAND_RUNNING":
                raise

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
