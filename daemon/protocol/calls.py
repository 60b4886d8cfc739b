"""What methods take and give, in the order of the table in `methods`."""

from dataclasses import dataclass, field
from typing import Final

from daemon.protocol.audit import AuditEntry, AuditProblem
from daemon.protocol.databases import DatabaseDescription
from daemon.protocol.values import (
    AnswerDecision,
    ConversationId,
    Digest,
    Event,
    Flow,
    FlowId,
    FlowStatus,
    Hit,
    IndexCounts,
    Inquiry,
    InquiryId,
    InquiryStatus,
    Milliseconds,
    Permission,
    PermissionId,
    Scope,
    SearchMode,
    Seconds,
    SignalName,
    Source,
    SourceId,
    SourceKind,
    Timestamp,
)

DEFAULT_WAIT_S: Final = Seconds(30.0)


@dataclass(frozen=True, slots=True)
class Nothing:
    """No parameters, or nothing to say."""


@dataclass(frozen=True, slots=True)
class Hello:
    client: str
    version: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Welcome:
    version: str
    methods: list[str]


@dataclass(frozen=True, slots=True)
class UndoCounts:
    """Flows that can be undone, what is kept for it, and those given up to make room for others."""

    flows: int
    bytes: int
    limit_bytes: int
    dropped: int


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    version: str
    pid: int
    uptime_s: Seconds
    reasoner: str
    embedder: str | None
    index: IndexCounts
    flows_running: int
    flows_waiting: int
    memory_bytes: int
    undo: UndoCounts
    sessions_working: int = 0


@dataclass(frozen=True, slots=True)
class Processes:
    pids: list[int]


@dataclass(frozen=True, slots=True)
class Descent:
    """`from_session`: true also where it cannot be told."""

    from_session: bool


@dataclass(frozen=True, slots=True)
class StartFlow:
    """`flow_id`: chosen by the caller, so that the same call twice starts one flow.

    `context`: text given with the question (standard input). `language`: `en` or `pt`; found
    out from the question if left out. `about`: a flow whose command has failed, which the question
    is about; `last`: the last such one, of the conversation if that has any.
    """

    question: str
    flow_id: FlowId | None = None
    conversation: ConversationId | None = None
    agent: str | None = None
    cwd: str | None = None
    context: str | None = None
    language: str | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class ByFlow:
    flow_id: FlowId


@dataclass(frozen=True, slots=True)
class ListFlows:
    """`query`: only flows whose question or answer holds each of these words, as a text."""

    status: FlowStatus | None = None
    conversation: ConversationId | None = None
    limit: int = 50
    before: Timestamp | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class FlowList:
    flows: list[Flow]


@dataclass(frozen=True, slots=True)
class WaitFlow:
    """`after`: the last `seq` already seen; `timeout_s`: at most 60."""

    after: int = 0
    timeout_s: Seconds = DEFAULT_WAIT_S
    flow_id: FlowId | None = None
    limit: int = 500


@dataclass(frozen=True, slots=True)
class FlowEvents:
    """`flow` is as it was after these events; null where all flows are followed.

    `more`: there are further events already, so `flow` may be ahead of `events`; ask again at once.
    Of a flow that ended long ago fewer events are left: what each command printed is one, with its
    head and its tail (`folded` in its data: of how many), and one of the kind `folded` stands where
    the last of those was that are gone. Its answer, inquiries, commands and notices stay.
    """

    flow: Flow | None
    events: list[Event]
    more: bool = False


@dataclass(frozen=True, slots=True)
class ListInquiries:
    """`before`: only those asked before that one, to go back from the oldest that is known."""

    status: InquiryStatus | None = None
    limit: int = 200
    before: InquiryId | None = None


@dataclass(frozen=True, slots=True)
class InquiryList:
    """`left`: how many older ones there are, for which there was no room."""

    inquiries: list[Inquiry]
    left: int = 0


@dataclass(frozen=True, slots=True)
class ByInquiry:
    inquiry_id: InquiryId


@dataclass(frozen=True, slots=True)
class Undone:
    """`paths`: of the files that are as they were before, from the home directory."""

    flow: Flow
    paths: list[str]


@dataclass(frozen=True, slots=True)
class AnswerInquiry:
    """`digest`: of what was shown, needed for allow and apply. `edited`: the person's own script."""

    inquiry_id: InquiryId
    decision: AnswerDecision
    digest: Digest | None = None
    text: str | None = None
    scope: Scope = Scope.ONCE
    edited: str | None = None


@dataclass(frozen=True, slots=True)
class SendTerminal:
    """Keys for a running command: `text`, or bytes in `base64`."""

    flow_id: FlowId
    text: str | None = None
    base64: str | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class ResizeTerminal:
    """At most 1,000 each."""

    flow_id: FlowId
    rows: int
    cols: int


@dataclass(frozen=True, slots=True)
class SignalTerminal:
    flow_id: FlowId
    signal: SignalName


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """`filter`: only documents whose path begins so."""

    query: str
    k: int = 8
    mode: SearchMode = SearchMode.HYBRID
    agent: str | None = None
    filter: str | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    hits: list[Hit]
    took_ms: Milliseconds


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """`rebuild_needed`: the embedder differs from the one that the index was made with."""

    documents: int
    passages: int
    embedded: int
    embedder: str | None
    rebuild_needed: bool
    size_bytes: int
    path: str


@dataclass(frozen=True, slots=True)
class AddSource:
    kind: SourceKind
    location: str
    name: str | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class BySource:
    source_id: SourceId


@dataclass(frozen=True, slots=True)
class SourceList:
    sources: list[Source]


@dataclass(frozen=True, slots=True)
class DatabaseList:
    """Without columns: `database.describe` gives them."""

    databases: list[DatabaseDescription]


@dataclass(frozen=True, slots=True)
class DescribeDatabase:
    name: str
    table: str | None = None


@dataclass(frozen=True, slots=True)
class AnnotateDatabase:
    """`text`: what the table or column holds, in the person's words; empty takes it back."""

    name: str
    table: str
    text: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class QueryDatabase:
    """One SELECT; `limit`: rows, at most 1,000."""

    name: str
    sql: str
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ListPermissions:
    """`all`: revoked and expired ones too."""

    all: bool = False


@dataclass(frozen=True, slots=True)
class PermissionList:
    permissions: list[Permission]


@dataclass(frozen=True, slots=True)
class AddPermission:
    """`pattern`: words, and `*` at the end for further plain ones. `conversation`: for that scope.

    `match`, `not_match`: examples that must and must not fit; they are checked now and ever after.
    """

    pattern: str
    cwd: str
    scope: Scope = Scope.ALWAYS
    conversation: ConversationId | None = None
    expires_at: Timestamp | None = None
    match: list[str] = field(default_factory=list)
    not_match: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RevokePermission:
    permission_id: PermissionId


@dataclass(frozen=True, slots=True)
class ListAudit:
    """`before`: only entries with a lower number."""

    limit: int = 100
    before: int | None = None
    flow_id: FlowId | None = None


@dataclass(frozen=True, slots=True)
class AuditList:
    entries: list[AuditEntry]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """`intact`: no problem was found. `first`, `last`: the entries that are kept; 0: none.

    `hash`: of the last one, to compare with the system's journal. `limit`: what a check from within
    the same account cannot find, as a sentence.
    """

    intact: bool
    entries: int
    first: int
    last: int
    hash: Digest
    problems: list[AuditProblem]
    limit: str
