"""Every method once: name, what it takes, what it gives, a sentence on what it does."""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from daemon.protocol import values as v

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Method(Generic[P, R]):
    """`guarded`: refused to peers that descend from a session (P1)."""

    name: str
    params: type[P]
    result: type[R]
    summary: str
    guarded: bool = False


_methods: dict[str, Method[Any, Any]] = {}


def _method(
    name: str, params: type[P], result: type[R], summary: str, *, guarded: bool = False
) -> Method[P, R]:
    method = Method(name, params, result, summary, guarded)
    if name in _methods:
        raise ValueError(f"{name} is declared twice")
    _methods[name] = method
    return method


DAEMON_PING: Final = _method("daemon.ping", v.Nothing, str, "Answers “pong”.")
DAEMON_HELLO: Final = _method(
    "daemon.hello",
    v.Hello,
    v.Welcome,
    "Says who calls and in which language this connection wants its sentences.",
)
DAEMON_STATUS: Final = _method(
    "daemon.status", v.Nothing, v.DaemonStatus, "What the daemon is doing and what it costs."
)
DAEMON_STOP: Final = _method(
    "daemon.stop",
    v.Nothing,
    v.Nothing,
    "Ends the daemon; what waits, waits on after the next start.",
    guarded=True,
)
RPC_DISCOVER: Final = _method("rpc.discover", v.Nothing, dict, "This table as OpenRPC.")
CONFIG_GET: Final = _method(
    "config.get",
    v.Nothing,
    dict,
    "The effective configuration; secrets as “set” or “not set”.",
)

FLOW_START: Final = _method(
    "flow.start",
    v.StartFlow,
    v.Flow,
    "Asks a question or sets a task; the same flow_id again gives the same flow.",
)
FLOW_GET: Final = _method("flow.get", v.ByFlow, v.Flow, "One flow as it is now.")
FLOW_LIST: Final = _method("flow.list", v.ListFlows, v.FlowList, "Flows, newest first.")
FLOW_WAIT: Final = _method(
    "flow.wait",
    v.WaitFlow,
    v.FlowEvents,
    "The events after `after`: at once if there are any, else when one comes or time is up.",
)
FLOW_CANCEL: Final = _method(
    "flow.cancel",
    v.ByFlow,
    v.Flow,
    "Ends a flow: closes its inquiries, ends its command with the whole process tree.",
)
FLOW_RETRY: Final = _method(
    "flow.retry", v.ByFlow, v.Flow, "Asks an ended flow anew from the step that failed."
)
FLOW_DELETE: Final = _method(
    "flow.delete", v.ByFlow, v.Nothing, "Removes an ended flow with all its events.", guarded=True
)

INQUIRY_LIST: Final = _method(
    "inquiry.list", v.ListInquiries, v.InquiryList, "Inquiries, oldest first."
)
INQUIRY_GET: Final = _method("inquiry.get", v.ByInquiry, v.Inquiry, "One inquiry.")
INQUIRY_ANSWER: Final = _method(
    "inquiry.answer",
    v.AnswerInquiry,
    v.Inquiry,
    "A person's answer; the first one counts, a second is told who gave it.",
    guarded=True,
)

TERMINAL_SEND: Final = _method(
    "terminal.send",
    v.SendTerminal,
    v.Nothing,
    "Keys for a running command, straight to its terminal.",
    guarded=True,
)
TERMINAL_SIGNAL: Final = _method(
    "terminal.signal",
    v.SignalTerminal,
    v.Nothing,
    "Sends a signal to a running command.",
    guarded=True,
)

INDEX_SEARCH: Final = _method(
    "index.search", v.SearchIndex, v.SearchResult, "The passages nearest to a query."
)
INDEX_STATUS: Final = _method(
    "index.status", v.Nothing, v.IndexStatus, "What the index holds and how it was made."
)
SOURCE_LIST: Final = _method(
    "source.list", v.Nothing, v.SourceList, "The person's sources, with progress and failures."
)
SOURCE_ADD: Final = _method(
    "source.add", v.AddSource, v.Source, "Adds a source and starts indexing it.", guarded=True
)
SOURCE_REMOVE: Final = _method(
    "source.remove",
    v.BySource,
    v.Nothing,
    "Forgets a source and what was indexed of it; the files stay.",
    guarded=True,
)
SOURCE_REFRESH: Final = _method(
    "source.refresh", v.BySource, v.Source, "Indexes what has changed in a source."
)

ALL: Final = dict(_methods)
"""The table, by name, in the order of declaration."""
