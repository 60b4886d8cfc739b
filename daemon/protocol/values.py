"""The values that travel: what methods take and give, and the words they are made of."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType

FlowId = NewType("FlowId", str)
InquiryId = NewType("InquiryId", str)
ConversationId = NewType("ConversationId", str)
SourceId = NewType("SourceId", str)

Timestamp = NewType("Timestamp", str)
"""UTC, ISO 8601 with milliseconds and Z: sorts as text."""

Seconds = NewType("Seconds", float)
Milliseconds = NewType("Milliseconds", float)
Digest = NewType("Digest", str)
"""Lower-case hexadecimal SHA-256."""

Json = dict[str, Any]
"""A JSON object whose shape another page of the contract gives (an event's data, an error's)."""


class FlowStatus(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    EXECUTING = "executing"
    ANSWERED = "answered"
    EXECUTED = "executed"
    DENIED = "denied"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class ReplyType(StrEnum):
    ANSWER = "answer"
    TASK = "task"


class Block(StrEnum):
    QUESTION = "question"
    SEARCH = "search"
    RESPONSE = "response"


class InquiryKind(StrEnum):
    RUN = "run"
    FETCH = "fetch"
    SEARCH_AGAIN = "search_again"
    INFORMATION = "information"


class InquiryStatus(StrEnum):
    WAITING = "waiting"
    ANSWERED = "answered"
    EXPIRED = "expired"
    CLOSED = "closed"


class AnswerDecision(StrEnum):
    ALLOW = "allow"
    APPLY = "apply"
    DENY = "deny"
    REPLY = "reply"


class Scope(StrEnum):
    ONCE = "once"
    CONVERSATION = "conversation"
    ALWAYS = "always"


class SourceName(StrEnum):
    """Where something known comes from: the words of `sources` and of a citation."""

    DOCUMENTS = "DOCUMENTS"
    DATABASE = "DATABASE"
    USER = "USER"
    INTERNET = "INTERNET"


class SourceKind(StrEnum):
    DOCUMENTS = "documents"
    DATABASE = "database"


class SourceState(StrEnum):
    INDEXING = "indexing"
    READY = "ready"
    FAILED = "failed"


class Terminal(StrEnum):
    """What a running command waits for."""

    LINE = "line"
    PASSWORD = "password"  # noqa: S105  (a word of the protocol, no secret)
    SCREEN = "screen"
    PERHAPS = "perhaps"


class SignalName(StrEnum):
    INT = "INT"
    TERM = "TERM"
    KILL = "KILL"


class SearchMode(StrEnum):
    HYBRID = "hybrid"
    VECTOR = "vector"
    KEYWORD = "keyword"


class StepStatus(StrEnum):
    """How far a command of a plan has come."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


class EventKind(StrEnum):
    FLOW = "flow"
    STEP = "step"
    TEXT = "text"
    INQUIRY = "inquiry"
    COMMAND = "command"
    OUTPUT = "output"
    TERMINAL = "terminal"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Nothing:
    """No parameters, or nothing to say."""


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """An error as a person reads it: `message` is a sentence, `action` what to do."""

    code: int
    name: str
    message: str
    action: str
    blanks: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """`location`: path#page or heading; database.table with the SQL; URL; "you, date"."""

    n: int
    source: SourceName
    title: str
    location: str
    excerpt: str
    modified_at: Timestamp | None = None
    retrieved_at: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class PlannedCommand:
    """One command of a plan; what became of it is there once it has run."""

    explanation: str
    script: str
    status: StepStatus = StepStatus.PENDING
    exit_status: int | None = None
    took_ms: Milliseconds | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    took_ms: Milliseconds = Milliseconds(0.0)


@dataclass(frozen=True, slots=True)
class Flow:
    """One question or task from start to end."""

    id: FlowId
    conversation: ConversationId
    question: str
    agent: str | None
    language: str
    type: ReplyType | None
    block: Block
    status: FlowStatus
    inquiry: InquiryId | None
    terminal: Terminal | None
    plan: list[PlannedCommand]
    answer: str | None
    citations: list[Citation]
    error: ErrorValue | None
    rounds: int
    revision: int
    reasoner: str | None
    usage: Usage
    created_at: Timestamp
    updated_at: Timestamp


@dataclass(frozen=True, slots=True)
class AnsweredBy:
    """Who answered: the client's kind, its process, or the permission that stood for the person."""

    client: str
    pid: int
    permission: str | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a flow waits for a person to answer. Immutable while it waits.

    `script` is what would run, byte for byte; `plan` the same, command by command, with why.
    """

    id: InquiryId
    flow_id: FlowId
    kind: InquiryKind
    status: InquiryStatus
    text: str
    secret: bool
    script: str | None
    plan: list[PlannedCommand]
    cwd: str | None
    environment: list[str]
    urls: list[str]
    digest: Digest
    preview: Json | None
    permission_hint: str | None
    created_at: Timestamp
    expires_at: Timestamp
    answered_by: AnsweredBy | None = None
    answered_at: Timestamp | None = None
    decision: AnswerDecision | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a flow; `seq` grows over the whole store.

    `data` by kind: flow {status, block}; step {name, status, summary}; text {text, reset?};
    inquiry {inquiry_id, kind, status}; command {n, of, script, status, exit_status?, took_ms?};
    output {n, text}; terminal {terminal}; notice {message}.
    """

    seq: int
    flow_id: FlowId
    at: Timestamp
    kind: EventKind
    data: Json


# What methods take and give, in the order of the table in `methods`.


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
class IndexCounts:
    documents: int
    passages: int
    embedded: int


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


@dataclass(frozen=True, slots=True)
class StartFlow:
    """`flow_id`: chosen by the caller, so that the same call twice starts one flow.

    `context`: text given with the question (standard input). `language`: `en` or `pt`; found
    out from the question if left out.
    """

    question: str
    flow_id: FlowId | None = None
    conversation: ConversationId | None = None
    agent: str | None = None
    cwd: str | None = None
    context: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ByFlow:
    flow_id: FlowId


@dataclass(frozen=True, slots=True)
class ListFlows:
    status: FlowStatus | None = None
    conversation: ConversationId | None = None
    limit: int = 50
    before: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class FlowList:
    flows: list[Flow]


@dataclass(frozen=True, slots=True)
class WaitFlow:
    """`after`: the last `seq` already seen; `timeout_s`: at most 60."""

    after: int = 0
    timeout_s: Seconds = Seconds(30.0)
    flow_id: FlowId | None = None
    limit: int = 500


@dataclass(frozen=True, slots=True)
class FlowEvents:
    """`flow` is null where all flows are followed."""

    flow: Flow | None
    events: list[Event]


@dataclass(frozen=True, slots=True)
class ListInquiries:
    status: InquiryStatus | None = None


@dataclass(frozen=True, slots=True)
class InquiryList:
    inquiries: list[Inquiry]


@dataclass(frozen=True, slots=True)
class ByInquiry:
    inquiry_id: InquiryId


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
class Ranks:
    """The place of a hit in each list before they were joined, from 1; null: not in it."""

    keyword: int | None
    vector: int | None


@dataclass(frozen=True, slots=True)
class Hit:
    """`place`: heading path, page or lines within the document. `score`: 0 to 1, best first."""

    path: str
    title: str
    place: str
    text: str
    score: float
    ranks: Ranks
    modified_at: Timestamp
    private: bool = False


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
class Progress:
    """`unit`: what is counted. `left_s`: an estimate, null while there is none."""

    done: int
    total: int
    unit: str
    left_s: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A folder, file or database of the person's that Alvo answers from."""

    id: SourceId
    kind: SourceKind
    location: str
    name: str
    private: bool
    state: SourceState
    documents: int
    passages: int
    failures: list[str]
    progress: Progress | None
    refreshed_at: Timestamp | None


@dataclass(frozen=True, slots=True)
class SourceList:
    sources: list[Source]
