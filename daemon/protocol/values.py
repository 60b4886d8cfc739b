"""The values that travel: what methods take and give, and the words they are made of."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType

FlowId = NewType("FlowId", str)
InquiryId = NewType("InquiryId", str)
ConversationId = NewType("ConversationId", str)
SourceId = NewType("SourceId", str)
PermissionId = NewType("PermissionId", str)

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


class ProgramKind(StrEnum):
    """What a command word leads to; `function`, `alias`: the plan itself defines it."""

    FILE = "file"
    BUILTIN = "builtin"
    FUNCTION = "function"
    ALIAS = "alias"
    MISSING = "missing"
    UNKNOWN = "unknown"


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
    FOLDED = "folded"
    """Stands for events of a flow that ended long ago, which are gone: `events` says how many."""


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
class ResolvedProgram:
    """A command word of a plan, as it is written, and the file that it leads to.

    `real`: the file behind links, where it is another. `sure`: nothing in the plan, nor run before
    it in the session, may have changed what the word means.
    """

    word: str
    kind: ProgramKind
    path: str | None = None
    real: str | None = None
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a flow waits for a person to answer. Immutable while it waits.

    `script` is what would run, byte for byte; `plan` the same, command by command, with why.
    `proposed_by`: `you`, or the reasoner whose idea it is; `citations`: what `[n]` in its words
    stands for.
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
    programs: list[ResolvedProgram] = field(default_factory=list)
    proposed_by: str | None = None
    citations: list[Citation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a flow; `seq` grows over the whole store.

    `data` by kind: flow {status, block}; step {name, status}, and for each look into a source
    {name: looked, status, source, where, summary}; text {text, reset?};
    inquiry {inquiry_id, kind, status}; command {n, of, script, status, exit_status?, took_ms?};
    output {n, text}; terminal {terminal}; notice {message, session?}, where something goes on working in that session.
    """

    seq: int
    flow_id: FlowId
    at: Timestamp
    kind: EventKind
    data: Json


@dataclass(frozen=True, slots=True)
class IndexCounts:
    documents: int
    passages: int
    embedded: int


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
class Permission:
    """A standing yes: commands whose words fit `pattern`, of this very `program`, in `cwd` and below.

    `program_digest`: of its content, where it is not one of the system's. `match`, `not_match`:
    examples that must and must not fit; a permission whose own examples fail covers nothing.
    `used`: how often. `expires_at`: null, until it is revoked.
    """

    id: PermissionId
    pattern: str
    program: str
    program_digest: Digest | None
    cwd: str
    scope: Scope
    conversation: ConversationId | None
    match: list[str]
    not_match: list[str]
    created_at: Timestamp
    expires_at: Timestamp | None
    created_by: AnsweredBy
    used: int = 0
    used_at: Timestamp | None = None
    revoked_at: Timestamp | None = None
