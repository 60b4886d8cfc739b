"""`alvo flows`, `show`, `cancel` and `delete`: looks at flows, and ends or removes them."""

from __future__ import annotations

from argparse import Namespace

from client.ansi import OutputFilter
from client.console import Console
from client.ids import short
from client.remote import EXIT_OK
from client.screens.flow import Told, flow_line, flow_screen
from client.usage import Parser

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import (
        FlowEvents,
        FlowList,
    )
    from daemon.protocol.values import Flow

_STATUSES = (
    "running",
    "waiting",
    "executing",
    "answered",
    "executed",
    "denied",
    "failed",
    "cancelled",
    "interrupted",
)
_LIMIT = 20


def arguments(parser: Parser, name: str) -> None:
    parser.json()
    if name != "flows":
        parser.word("id", "help_flow_id", metavar="ID")
        return
    parser.option("--status", help_="help_status_filter", choices=_STATUSES, metavar="STATUS")
    parser.option("--conversation", help_="help_conversation_filter", metavar="C")
    parser.option("--limit", help_="help_limit", type=int, default=_LIMIT, metavar="N")
    parser.option("--ids", help_="help_ids", action="store_true")


def run(console: Console, name: str, given: Namespace) -> int:
    match name:
        case "flows":
            return _list(console, given)
        case "show":
            return _show(console, given)
        case "cancel":
            return _cancel(console, given)
        case _:
            return _delete(console, given)


def _list(console: Console, given: Namespace) -> int:
    listed: FlowList = console.call(
        "flow.list", status=given.status, conversation=given.conversation, limit=given.limit
    )
    if given.json:
        console.document(listed)
    elif given.ids:
        console.result("".join(f"{short(flow.id)}\n" for flow in listed.flows))
    elif not listed.flows:
        console.say(console.words("flows_none"))
    else:
        lines = (flow_line(f, console.words, console.paint, console.width) for f in listed.flows)
        console.result("\n".join(lines) + "\n")
    return EXIT_OK


def _show(console: Console, given: Namespace) -> int:
    flow: Flow = console.call("flow.get", flow_id=given.id)
    if given.json:
        console.document(flow)
    else:
        told = told_of(console, flow.id)
        console.result(flow_screen(flow, told, console.words, console.paint, console.width))
    return EXIT_OK


def _cancel(console: Console, given: Namespace) -> int:
    flow: Flow = console.call("flow.cancel", flow_id=given.id)
    if given.json:
        console.document(flow)
    else:
        console.say(console.words("flow_cancelled_id", flow=short(flow.id)))
    return EXIT_OK


def _delete(console: Console, given: Namespace) -> int:
    flow: Flow = console.call("flow.get", flow_id=given.id)
    console.call("flow.delete", flow_id=flow.id)
    if given.json:
        console.document({"deleted": flow.id})
    else:
        console.say(console.words("flow_deleted", flow=short(flow.id)))
    return EXIT_OK


def told_of(console: Console, flow_id: str) -> Told:
    """What the flow's events tell beside the flow itself, safe to show."""
    filters: dict[int, OutputFilter] = {}
    told = Told()
    asked = ""
    after = 0
    while True:
        wanted = {"flow_id": flow_id, "after": after, "timeout_s": 0}
        more: FlowEvents = console.call("flow.wait", **wanted)
        for event in more.events:
            if str(event.kind) == "output":
                n = int(event.data.get("n", 0))
                shown = console.result_is_terminal
                left_out = console.words("screen_left_out")
                kept = filters.setdefault(n, OutputFilter(terminal=shown, left_out=left_out))
                text = kept.feed(str(event.data.get("text", "")))
                told.outputs[n] = told.outputs.get(n, "") + text
            elif str(event.kind) == "step" and event.data.get("name") == "looked":
                told.looks.append(event.data)
            elif str(event.kind) == "inquiry":
                asked = str(event.data.get("inquiry_id", ""))
        if not more.events:
            break
        after = more.events[-1].seq
    if asked:
        told.inquiry = console.call("inquiry.get", inquiry_id=asked)
    for n, kept in filters.items():
        told.outputs[n] += kept.end()
        told.outputs[n] += "" if told.outputs[n].endswith("\n") else "\n"
    return told
