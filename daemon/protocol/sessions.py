"""What travels of bash sessions, and of what goes on working in them."""

from dataclasses import dataclass

from daemon.protocol.values import ConversationId, FlowId, Seconds


@dataclass(frozen=True, slots=True)
class WorkingProcess:
    """`program`: without its arguments, which may hold a secret."""

    pid: int
    program: str


@dataclass(frozen=True, slots=True)
class Session:
    """`flow_id`: whose command runs in it. `processes`: what lives in it beside its bash."""

    conversation: ConversationId
    cwd: str
    idle_s: Seconds
    flow_id: FlowId | None
    processes: list[WorkingProcess]


@dataclass(frozen=True, slots=True)
class SessionList:
    sessions: list[Session]


@dataclass(frozen=True, slots=True)
class BySession:
    """`conversation`: or the beginning of its id; of a one-shot command it is the flow's."""

    conversation: str


@dataclass(frozen=True, slots=True)
class EndedSession:
    """`left`: what could not be ended."""

    conversation: ConversationId
    ended: list[WorkingProcess]
    left: list[WorkingProcess]
