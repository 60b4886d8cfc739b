"""A flow as a person reads it: a line in a list, its outcome, and the whole of it."""

from __future__ import annotations

from client import moments
from client.folding import fold, list_line
from client.ids import short
from client.prose import ProseWriter, one_line, readable
from client.remote import EXIT_DENIED, EXIT_FAILED, EXIT_OK, EXIT_WAITING
from client.screens.citations import citations
from client.screens.error import error_lines
from client.screens.inquiry import facts, inquiry_screen
from client.terminal import Paint, cut_at, display_width
from client.words import Words
from daemon.protocol.escape import escape, numbered

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from typing import Any

    from daemon.protocol.values import (
        Flow,
        Inquiry,
        PlannedCommand,
    )

RUNNING = ("running", "executing")
_STYLES = {
    "waiting": "yellow",
    "executing": "cyan",
    "running": "cyan",
    "answered": "green",
    "executed": "green",
    "failed": "red",
    "interrupted": "red",
}
_MARKS = {
    "pending": "·",
    "running": "…",
    "done": "✓",
    "failed": "✗",
    "skipped": "-",
    "interrupted": "✗",
}


def exit_status(flow: Flow) -> int:
    """What a script learns from the flow's end (design §11)."""
    match str(flow.status):
        case "answered" | "executed":
            return EXIT_OK
        case "denied":
            return EXIT_DENIED
        case "waiting" | "running" | "executing":
            return EXIT_WAITING
        case _:
            lacking = flow.error is not None and flow.error.name == "INSUFFICIENT_INFORMATION"
            return EXIT_DENIED if lacking else EXIT_FAILED


def flow_line(flow: Flow, words: Words, paint: Paint, width: int) -> str:
    """One line of a list."""
    cells = [
        (paint(short(flow.id), "bold"), 6),
        (paint(words(f"status_{flow.status}"), *_style_of(flow.status)), 13),
        (paint(moments.moment(flow.created_at), "dim"), 16),
    ]
    return list_line(cells, one_line(flow.question), width)


def answer(flow: Flow, words: Words, paint: Paint, width: int | None) -> str:
    """The answer with its citations; without a width as it came, for a file or a pipe."""
    text = flow.answer or ""
    if width is None:
        shown = readable(text)
        shown += "" if not shown or shown.endswith("\n") else "\n"
    else:
        writer = ProseWriter(paint, width)
        shown = writer.feed(text) + writer.end()
    return shown + citations(flow.citations, words, paint, width)


def footer(flow: Flow, words: Words, paint: Paint) -> str:
    """Who answered, and the id to name the flow by; of a person's own command there is no more."""
    if flow.question.startswith("!"):
        return ""
    parts = [words("footer_flow", flow=short(flow.id))]
    if flow.reasoner:
        parts.insert(0, escape(flow.reasoner))
    return paint(" · ".join(parts), "dim") + "\n"


class Told:
    """What events tell of a flow. `outputs`: what each command printed, by its number from 0, made
    safe; `looks`: each look into a source, as its event has it. `inquiry`: the last one.
    """

    def __init__(self) -> None:
        self.outputs: dict[int, str] = {}
        self.looks: list[dict[str, Any]] = []
        self.inquiry: Inquiry | None = None


def flow_screen(flow: Flow, told: Told, words: Words, paint: Paint, width: int) -> str:
    """All of a flow, with the way that its answer came."""
    status = paint(words(f"status_{flow.status}"), *_style_of(flow.status))
    head = f"{paint(short(flow.id), 'bold')}  {status}  {moments.moment(flow.created_at)}"
    lines = [head, *(f"  {line}" for line in readable(flow.question).splitlines())]
    text = "\n".join(lines) + "\n" + cost(flow, words, paint, width)
    if told.inquiry is not None and flow.status == "waiting":
        shown = inquiry_screen(told.inquiry, words, paint, width, names_all=True)
        verb = "reply" if told.inquiry.kind == "information" else "allow"
        todo = words("waiting_next", verb=verb, inquiry=short(told.inquiry.id))
        return f"{text}{way(told.looks, words, paint, width)}\n{shown}\n{todo}\n"
    for n, command in enumerate(flow.plan):
        text += "\n" + command_screen(command, told.outputs.get(n, ""), paint, width)
    if told.inquiry is not None and told.inquiry.script is not None:
        asked = facts(told.inquiry, words, paint, width, names_all=True)
        text += "\n" + "\n".join(asked) + "\n"
    if flow.answer:
        text += "\n" + answer(flow, words, paint, width)
    text += way(told.looks, words, paint, width)
    if flow.error is not None:
        text += "\n" + error_lines(flow.error.message, flow.error.action, paint, width)
    return text


def way(looks: list[dict[str, Any]], words: Words, paint: Paint, width: int) -> str:
    """What was looked up, where, and what came of it; empty where nothing was."""
    if not looks:
        return ""
    lines = ["", paint(words("way_title"), "bold")]
    for look in looks:
        source = words(f"source_{str(look.get('source', '')).lower()}")
        where = one_line(str(look.get("where", "")))
        outcome = one_line(str(look.get("summary", "")))
        first, *rest = fold(where, width - display_width(source) - 2)
        lines += [f"{source}  {first}", *(f"    {line}" for line in rest)]
        lines += [f"    {paint(line, 'dim')}" for line in fold(f"→ {outcome}", width - 4)]
    return "\n".join(lines) + "\n"


def cost(flow: Flow, words: Words, paint: Paint, width: int) -> str:
    """Who answered, and what that took; empty where no reasoner was asked."""
    if not flow.reasoner:
        return ""
    usage, told = flow.usage, escape(flow.reasoner)
    if usage.calls:
        told += " · " + words(
            "flow_cost",
            calls=usage.calls,
            given=usage.tokens_in,
            written=usage.tokens_out,
            took=moments.span(usage.took_ms / 1000),
        )
    return "".join(f"  {paint(line, 'dim')}\n" for line in fold(told, width - 2))


def command_screen(command: PlannedCommand, output: str, paint: Paint, width: int) -> str:
    """A command of a plan: its script, what it printed, and how it ended."""
    style = {"done": "green", "failed": "red", "interrupted": "red"}.get(command.status, "dim")
    lines = []
    for n, line in numbered(command.script):
        for part, piece in enumerate(cut_at(line, width - 2)):
            mark = "$ " if n == 1 and part == 0 else "  "
            lines.append(paint(mark, "dim") + paint(piece, "bold"))
    if output:
        lines.append(output.removesuffix("\n"))
    if command.exit_status is not None or command.status != "pending":
        ending = _MARKS.get(command.status, "·")
        if command.exit_status:
            ending += f" {command.exit_status}"
        if command.took_ms is not None:
            ending += f" · {moments.span(command.took_ms / 1000)}"
        lines.append(paint(ending, style))
    return "\n".join(lines) + "\n"


def _style_of(status: str) -> list[str]:
    return [_STYLES[status]] if status in _STYLES else ["dim"]
