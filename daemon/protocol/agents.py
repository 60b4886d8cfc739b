"""What travels of trained agents: who they are, how their training goes, what it was worth."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from daemon.protocol.values import (
    Citation,
    ConversationId,
    Digest,
    ErrorValue,
    Flow,
    Inquiry,
    Json,
    Milliseconds,
    Progress,
    Seconds,
    Timestamp,
)

UserId = NewType("UserId", str)
"""An agent's name: 1 to 64 letters of ASCII, digits, `.`, `_`, `-`; not `.` nor `..`."""


class AgentStatus(StrEnum):
    """`ready`: a version answers, also while a newer one trains."""

    INITIALIZING = "initializing"
    PROCESSING = "processing"
    READY = "ready"
    ERROR = "error"


class AgentStage(StrEnum):
    """The four agents of the pipeline, in their order."""

    DATA_PROCESSOR = "data_processor"
    MODEL_TRAINER = "model_trainer"
    MODEL_EVALUATOR = "model_evaluator"
    MODEL_DEPLOYER = "model_deployer"


class StageStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StageRecord:
    """One stage of one training. `attempts`: how often it was begun, crashes included."""

    stage: AgentStage
    status: StageStatus
    attempts: int
    progress: Progress | None = None
    began_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    took_ms: Milliseconds | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A mean with its 95 % interval by bootstrap."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RetrievalFigures:
    recall_5: Measure
    mrr: Measure
    ndcg_10: Measure


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """On held-out question–passage pairs, which training never saw.

    `in_service`: the version that served while this one trained. `difference`: nDCG@10 of the
    trained one less that of whichever of baseline and version in service was better, paired.
    `support`: the share of sampled answers that stand in what they cite, with the passage that
    answers among it. `deployed`: whether the gate let it pass; `reason`: why, as a sentence.
    `helps`: whether what was learned is relied on, as it finds no less than the baseline by more
    than a standard error.
    """

    pairs: int
    keyword: RetrievalFigures
    baseline: RetrievalFigures
    trained: RetrievalFigures
    in_service: RetrievalFigures | None
    difference: Measure
    support: Measure | None
    deployed: bool
    reason: str
    helps: bool = True


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """What the person is expert in; it goes with every prompt. `written_by`: the reasoner's name."""

    expertise: str
    tone: str
    vocabulary: list[str]
    questions: list[str]
    written_by: str


@dataclass(frozen=True, slots=True)
class AgentVersion:
    """`number`: from 1. `chosen`: which candidate training chose, `untrained` for doing nothing.

    `in_service`: it answers now. `report`: null while it trains, or without pairs enough to judge.
    """

    number: int
    created_at: Timestamp
    documents: int
    passages: int
    chosen: str | None
    in_service: bool
    stages: list[StageRecord]
    report: EvaluationReport | None
    error: ErrorValue | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """`version`: the one in service. `training`: the one that is being made, with its stage.

    `error`: why the last training failed, also where an older version goes on answering; while one
    goes on, what it waits for.
    """

    user_id: UserId
    status: AgentStatus
    version: int | None
    training: int | None
    stage: AgentStage | None
    progress: Progress | None
    languages: list[str]
    documents: int
    passages: int
    private: bool
    error: ErrorValue | None
    created_at: Timestamp
    updated_at: Timestamp


@dataclass(frozen=True, slots=True)
class AgentDetails:
    agent: Agent
    profile: AgentProfile | None
    versions: list[AgentVersion]


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """`language`: `en` or `pt`, else found in the data. `seed`: the same data and seed give the same
    version. `private`: the data goes to no remote model.
    """

    language: str | None = None
    description: str | None = None
    seed: int = 0
    private: bool = False


@dataclass(frozen=True, slots=True)
class CreateAgent:
    """`training_data`: text or Markdown; JSON lines of `question` and `answer`; or a list of
    documents, each a text or an object with `text` and perhaps `title`, or with `question` and
    `answer`. `files`: absolute paths, in place of it or beside it. `names`: what citations call
    each of them, where it is not its path (they lie elsewhere than they came from); an empty one
    stands for training data that came by file.
    """

    user_id: UserId
    training_data: str | list[str | Json] | None = None
    files: list[str] = field(default_factory=list)
    config: AgentConfig | None = None
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AddToAgent:
    """As `CreateAgent`, for an agent that is there: a new version from old data and new."""

    user_id: UserId
    training_data: str | list[str | Json] | None = None
    files: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AgentCreated:
    """`status`: always `created`."""

    message: str
    status: str


@dataclass(frozen=True, slots=True)
class ByAgent:
    user_id: UserId


@dataclass(frozen=True, slots=True)
class AgentList:
    agents: list[Agent]


@dataclass(frozen=True, slots=True)
class AgentVersions:
    """Newest first."""

    versions: list[AgentVersion]


@dataclass(frozen=True, slots=True)
class RollBackAgent:
    """`version`: null, the one that served before."""

    user_id: UserId
    version: int | None = None


@dataclass(frozen=True, slots=True)
class ExportAgent:
    """`path`: of the new file, absolute; it must not be there yet."""

    user_id: UserId
    path: str


@dataclass(frozen=True, slots=True)
class AgentExported:
    path: str
    size_bytes: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class ImportAgent:
    """`user_id`: null, the one it was exported as."""

    path: str
    user_id: UserId | None = None


@dataclass(frozen=True, slots=True)
class AgentDeleted:
    """What there was of it, and is no more."""

    user_id: UserId
    versions: int
    documents: int
    passages: int
    flows: int
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Infer:
    """`timeout_s`: at most 60; what takes longer goes on as a flow."""

    user_id: UserId
    prompt: str
    conversation: ConversationId | None = None
    timeout_s: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Inference:
    """`response`: null while the flow waits for a person (`inquiry`) or still works; then `flow`."""

    response: str | None
    timestamp: Timestamp
    citations: list[Citation]
    flow: Flow | None = None
    inquiry: Inquiry | None = None
