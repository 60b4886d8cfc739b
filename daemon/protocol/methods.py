"""Every method once: name, what it takes, what it gives, a sentence on what it does."""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from daemon.protocol import agents as a
from daemon.protocol import calls as c
from daemon.protocol import databases as d
from daemon.protocol import sessions as s
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


DAEMON_PING: Final = _method("daemon.ping", c.Nothing, str, "Answers “pong”.")
DAEMON_HELLO: Final = _method(
    "daemon.hello",
    c.Hello,
    c.Welcome,
    "Says who calls and in which language this connection wants its sentences.",
)
DAEMON_STATUS: Final = _method(
    "daemon.status", c.Nothing, c.DaemonStatus, "What the daemon is doing and what it costs."
)
DAEMON_DESCENDS: Final = _method(
    "daemon.descends",
    c.Processes,
    c.Descent,
    "Whether a session started one of these processes: a bridge asks it of those it speaks for.",
)
DAEMON_STOP: Final = _method(
    "daemon.stop",
    c.Nothing,
    c.Nothing,
    "Ends the daemon; what waits, waits on after the next start.",
    guarded=True,
)
RPC_DISCOVER: Final = _method("rpc.discover", c.Nothing, dict, "This table as OpenRPC.")
CONFIG_GET: Final = _method(
    "config.get",
    c.Nothing,
    dict,
    "The effective configuration; secrets as “set” or “not set”.",
)

FLOW_START: Final = _method(
    "flow.start",
    c.StartFlow,
    v.Flow,
    "Asks a question or sets a task; the same flow_id again gives the same flow.",
)
FLOW_GET: Final = _method("flow.get", c.ByFlow, v.Flow, "One flow as it is now.")
FLOW_LIST: Final = _method("flow.list", c.ListFlows, c.FlowList, "Flows, newest first.")
FLOW_WAIT: Final = _method(
    "flow.wait",
    c.WaitFlow,
    c.FlowEvents,
    "The events after `after`: at once if there are any, else when one comes or time is up.",
)
FLOW_CANCEL: Final = _method(
    "flow.cancel",
    c.ByFlow,
    v.Flow,
    "Ends a flow: closes its inquiries, ends its command with the whole process tree.",
    guarded=True,
)
FLOW_RETRY: Final = _method(
    "flow.retry",
    c.ByFlow,
    v.Flow,
    "Asks an ended flow anew from the step that failed.",
    guarded=True,
)
FLOW_UNDO: Final = _method(
    "flow.undo",
    c.ByFlow,
    c.Undone,
    "Takes back what an applied preview, or a run that was previewed first, changed.",
    guarded=True,
)
FLOW_DELETE: Final = _method(
    "flow.delete", c.ByFlow, c.Nothing, "Removes an ended flow with all its events.", guarded=True
)

INQUIRY_LIST: Final = _method(
    "inquiry.list", c.ListInquiries, c.InquiryList, "Inquiries, oldest first."
)
INQUIRY_GET: Final = _method("inquiry.get", c.ByInquiry, v.Inquiry, "One inquiry.")
INQUIRY_PREVIEW: Final = _method(
    "inquiry.preview",
    c.ByInquiry,
    v.Inquiry,
    "What its plan would do to the person's files: a new inquiry in place of this one.",
    guarded=True,
)
INQUIRY_ANSWER: Final = _method(
    "inquiry.answer",
    c.AnswerInquiry,
    v.Inquiry,
    "A person's answer; the first one counts, a second is told who gave it.",
    guarded=True,
)

TERMINAL_SEND: Final = _method(
    "terminal.send",
    c.SendTerminal,
    c.Nothing,
    "Keys for a running command, straight to its terminal.",
    guarded=True,
)
TERMINAL_SIGNAL: Final = _method(
    "terminal.signal",
    c.SignalTerminal,
    c.Nothing,
    "Sends a signal to a running command.",
    guarded=True,
)
TERMINAL_RESIZE: Final = _method(
    "terminal.resize",
    c.ResizeTerminal,
    c.Nothing,
    "A real terminal of this size shows the flow; a command that begins later is told so.",
    guarded=True,
)

INDEX_SEARCH: Final = _method(
    "index.search", c.SearchIndex, c.SearchResult, "The passages nearest to a query."
)
INDEX_STATUS: Final = _method(
    "index.status", c.Nothing, c.IndexStatus, "What the index holds and how it was made."
)
SOURCE_LIST: Final = _method(
    "source.list", c.Nothing, c.SourceList, "The person's sources, with progress and failures."
)
SOURCE_ADD: Final = _method(
    "source.add", c.AddSource, v.Source, "Adds a source and starts indexing it.", guarded=True
)
SOURCE_REMOVE: Final = _method(
    "source.remove",
    c.BySource,
    c.Nothing,
    "Forgets a source and what was indexed of it; the files stay.",
    guarded=True,
)
SOURCE_REFRESH: Final = _method(
    "source.refresh", c.BySource, v.Source, "Indexes what has changed in a source."
)

DATABASE_LIST: Final = _method(
    "database.list", c.Nothing, c.DatabaseList, "The person's databases and their tables."
)
DATABASE_DESCRIBE: Final = _method(
    "database.describe",
    c.DescribeDatabase,
    d.DatabaseDescription,
    "A database, or one table of it, with columns, keys, values and what they hold.",
)
DATABASE_ANNOTATE: Final = _method(
    "database.annotate",
    c.AnnotateDatabase,
    d.Table,
    "What a person says that a table or column holds; it outlives every refresh.",
    guarded=True,
)
DATABASE_QUERY: Final = _method(
    "database.query",
    c.QueryDatabase,
    d.Rows,
    "The rows of one SELECT; nothing is ever written.",
)

PERMISSION_LIST: Final = _method(
    "permission.list", c.ListPermissions, c.PermissionList, "Standing permissions, oldest first."
)
PERMISSION_ADD: Final = _method(
    "permission.add",
    c.AddPermission,
    v.Permission,
    "Gives a standing permission: commands that fit a pattern, in a directory and below.",
    guarded=True,
)
PERMISSION_REVOKE: Final = _method(
    "permission.revoke",
    c.RevokePermission,
    v.Permission,
    "Takes a standing permission back, at once.",
    guarded=True,
)

SESSION_LIST: Final = _method(
    "session.list",
    c.Nothing,
    s.SessionList,
    "The bash sessions that there are, and what goes on working in each.",
)
SESSION_END: Final = _method(
    "session.end",
    s.BySession,
    s.EndedSession,
    "Ends a session in which no command runs, with all that it left working.",
    guarded=True,
)

AGENT_CREATE: Final = _method(
    "agent.create",
    a.CreateAgent,
    a.AgentCreated,
    "Keeps the training data and has an agent trained from it, in the background.",
    guarded=True,
)
AGENT_ADD: Final = _method(
    "agent.add",
    a.AddToAgent,
    a.AgentCreated,
    "Trains a new version from the data in service and new data; the old one answers until then.",
    guarded=True,
)
AGENT_STATUS: Final = _method(
    "agent.status", a.ByAgent, a.Agent, "How an agent is, and how far its training has come."
)
AGENT_LIST: Final = _method("agent.list", c.Nothing, a.AgentList, "Every agent, by name.")
AGENT_GET: Final = _method(
    "agent.get", a.ByAgent, a.AgentDetails, "An agent with its profile and its versions."
)
AGENT_VERSIONS: Final = _method(
    "agent.versions",
    a.ByAgent,
    a.AgentVersions,
    "The versions of an agent that are kept, with what their evaluation found.",
)
AGENT_ROLLBACK: Final = _method(
    "agent.rollback",
    a.RollBackAgent,
    a.Agent,
    "Puts an earlier version of an agent back in service, at once.",
    guarded=True,
)
AGENT_EXPORT: Final = _method(
    "agent.export",
    a.ExportAgent,
    a.AgentExported,
    "Writes the version in service with its training data to one new file.",
    guarded=True,
)
AGENT_IMPORT: Final = _method(
    "agent.import",
    a.ImportAgent,
    a.Agent,
    "Makes an agent from such a file, checked from end to end.",
    guarded=True,
)
AGENT_DELETE: Final = _method(
    "agent.delete",
    a.ByAgent,
    a.AgentDeleted,
    "Removes an agent with its data, its versions and its flows, and says what there was.",
    guarded=True,
)
AGENT_INFER: Final = _method(
    "agent.infer",
    a.Infer,
    a.Inference,
    "Asks an agent; what takes longer, or waits for a person, goes on as a flow.",
)

AUDIT_LIST: Final = _method(
    "audit.list", c.ListAudit, c.AuditList, "Entries of the audit log, newest first."
)
AUDIT_VERIFY: Final = _method(
    "audit.verify",
    c.Nothing,
    c.AuditReport,
    "Checks the whole audit log: changed, removed, moved entries, and a cut end.",
)

ALL: Final = dict(_methods)
"""The table, by name, in the order of declaration."""
