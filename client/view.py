"""What a person sees of a flow while it happens: from events to text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from client import moments
from client.ansi import OutputFilter
from client.prose import ProseWriter, one_line, readable
from client.screens import flow as screens
from client.screens.citations import citations
from client.screens.inquiry import closing
from client.terminal import Paint
from client.words import Words
from daemon.protocol.escape import numbered

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from typing import Any, Protocol

    from daemon.protocol.values import (
        Event,
        Flow,
        Inquiry,
    )

    class Screen(Protocol):
        """Where text goes: the two streams of a command, or the shell's own window."""

        words: Words
        paint: Paint
        paint_notice: Paint
        result_is_terminal: bool
        width: int

        def result(self, text: str) -> None: ...
        def notice(self, text: str) -> None: ...
        def say(self, text: str, *styles: str) -> None: ...
        def error(self, message: str, action: str) -> None: ...
        def progress(self, text: str) -> None: ...


_STEPS = ("pieces", "decide", "answer", "found")
_CITED = re.compile(r"\s*\[\d{1,3}\]")


class FlowView:
    """Shows one flow. Off a terminal the answer is printed once, whole, when it is final."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._prose: ProseWriter | None = None
        self._output: OutputFilter | None = None
        self._line_open = False
        self._streamed = ""

    def event(self, event: Event) -> None:
        data = event.data
        match str(event.kind):
            case "step":
                self._step(data)
            case "text":
                self._text(str(data.get("text", "")), reset=bool(data.get("reset")))
            case "command":
                self._command(data)
            case "output":
                self._printed(str(data.get("text", "")))
            case "notice":
                self._note(one_line(str(data.get("message", ""))))
            case _:
                pass

    def closed(self, inquiry: Inquiry) -> None:
        """An inquiry that ended without this client's answer."""
        self._note(closing(inquiry, self._screen.words))

    def pause(self) -> None:
        """Ends what is being written, for a question to be asked below it."""
        self._end_output()
        self._end_text()

    def finish(self, flow: Flow) -> None:
        """The outcome: answer and citations are results; error and footer are notices."""
        self.pause()
        screen = self._screen
        self._answer(flow)
        if flow.error is not None:
            screen.error(flow.error.message, flow.error.action)
        elif flow.status == "cancelled":
            screen.say(screen.words("flow_cancelled"), "dim")
        if screen.result_is_terminal:
            screen.notice(screens.footer(flow, screen.words, screen.paint_notice))

    def _answer(self, flow: Flow) -> None:
        """What of the answer was not seen yet: all, its end, or the citations alone."""
        screen = self._screen
        if not flow.answer:
            return
        if flow.status == "executed":
            self._executed(flow, flow.answer)
            return
        rest = unseen(self._streamed, flow.answer)
        if rest == flow.answer:
            width = screen.width if screen.result_is_terminal else None
            screen.result(screens.answer(flow, screen.words, screen.paint, width))
            return
        if rest.strip():
            prose = ProseWriter(screen.paint, screen.width)
            screen.result("\n" + prose.feed(rest.strip()) + prose.end())
        cited = citations(flow.citations, screen.words, screen.paint, screen.width)
        screen.result(cited)

    def _executed(self, flow: Flow, answer: str) -> None:
        """The end of a single command has been shown; what a plan came to or changed has not."""
        screen = self._screen
        if all(command.exit_status is None for command in flow.plan):
            # A preview was written: the files are the result.
            width = screen.width if screen.result_is_terminal else None
            screen.result(screens.answer(flow, screen.words, screen.paint, width))
        elif "\n" in answer:
            prose = ProseWriter(screen.paint_notice, screen.width)
            screen.notice(prose.feed(answer) + prose.end())
        elif len(flow.plan) > 1:
            screen.say(readable(answer), "dim")

    def _step(self, data: Mapping[str, Any]) -> None:
        name = str(data.get("name", ""))
        if data.get("status") == "running" and name in _STEPS:
            self._screen.progress(self._screen.words(f"step_{name}"))

    def _text(self, text: str, *, reset: bool) -> None:
        if not self._screen.result_is_terminal:
            return
        if reset:
            self._end_text()
            if self._streamed:
                self._note(self._screen.words("answer_again"))
            self._streamed = ""
        if self._prose is None:
            self._prose = ProseWriter(self._screen.paint, self._screen.width)
        self._streamed += text
        self._screen.result(self._prose.feed(text))

    def _end_text(self) -> None:
        if self._prose is not None:
            self._screen.result(self._prose.end())
            self._prose = None

    def _command(self, data: Mapping[str, Any]) -> None:
        self.pause()
        status = str(data.get("status", ""))
        if status == "running":
            self._screen.notice(self._command_head(str(data.get("script", ""))))
            return
        ending = self._command_ending(status, data)
        if ending:
            self._screen.notice(ending)

    def _command_head(self, script: str) -> str:
        paint = self._screen.paint_notice
        first, *more = [line for _, line in numbered(script)]
        head = paint("$ ", "dim") + paint(first, "bold")
        if more:
            head += paint(f"  {self._screen.words('script_more', count=len(more))}", "dim")
        return head + "\n"

    def _command_ending(self, status: str, data: Mapping[str, Any]) -> str:
        words, paint = self._screen.words, self._screen.paint_notice
        took = data.get("took_ms")
        time = f" · {moments.span(took / 1000)}" if isinstance(took, (int, float)) else ""
        exit_status = data.get("exit_status")
        match status:
            case "done":
                return (
                    paint(f"✓ {words('exit_status', status=exit_status or 0)}{time}", "green")
                    + "\n"
                )
            case "failed" if exit_status is not None:
                return paint(f"✗ {words('exit_status', status=exit_status)}{time}", "red") + "\n"
            case "failed" | "interrupted":
                return paint(f"✗ {words(f'command_{status}')}{time}", "red") + "\n"
            case _:
                return ""

    def _printed(self, text: str) -> None:
        if self._output is None:
            self._output = OutputFilter(
                terminal=self._screen.result_is_terminal,
                left_out=self._screen.words("screen_left_out"),
            )
        self._out(self._output.feed(text))

    def _out(self, text: str) -> None:
        if text:
            self._line_open = not text.endswith("\n")
            self._screen.result(text)

    def _end_output(self) -> None:
        if self._output is not None:
            self._out(self._output.end())
            self._output = None
        if self._line_open and self._screen.result_is_terminal:
            self._out("\n")
        self._line_open = False

    def _note(self, text: str) -> None:
        if text:
            self.pause()
            self._screen.say(f"· {readable(text)}", "dim")


def unseen(streamed: str, answer: str) -> str:
    """What the final answer has beyond what was streamed; marks without a source were taken out."""
    seen, plain = _CITED.sub("", streamed).strip(), _CITED.sub("", answer).strip()
    if not seen:
        return answer
    if answer.startswith(streamed.strip()):
        return answer[len(streamed.strip()) :]
    return plain[len(seen) :] if plain.startswith(seen) else answer
