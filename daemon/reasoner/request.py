"""What a reasoner is asked: the question, and the numbered context that was found for it."""

from dataclasses import dataclass

from daemon.protocol.agents import AgentProfile
from daemon.protocol.values import (
    SourceName,
    Timestamp,
)


@dataclass(frozen=True, slots=True)
class ContextPiece:
    """One thing that was found. Its text is data, whatever it says.

    `n`: the number by which an answer cites it, from 1. `private`: never for a remote model.
    """

    n: int
    source: SourceName
    title: str
    location: str
    text: str
    modified_at: Timestamp | None = None
    retrieved_at: Timestamp | None = None
    private: bool = False
    score: float = 0.0
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier question of the conversation. `private`: its answer came from private passages."""

    question: str
    answer: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class RanCommand:
    """A command that was run in `cwd` for a flow; `output`: the end of what it printed, as data.

    `private`: it may show what a private source holds, so it is never for a remote model.
    """

    script: str
    exit_status: int | None
    output: str
    flow: str = ""
    cwd: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True)
class AskedAgent:
    """A trained agent as prompts show it. What is in its profile came from data, and is data.

    `private`: never for a remote model.
    """

    profile: AgentProfile
    private: bool


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """`given`: text that came with the question. `found`: what was searched already, in words.

    `agent`: who is asked, where it is not the person's own Alvo.
    `databases`: which may hold more, one a line with its tables; only those that any reasoner may
    know of. `routed`: whether any fits the question, a private one too.

    `failed`: stopped the plan of this flow. `ran`: the last command of the conversation; `about`:
    the question is why that one failed.
    """

    question: str
    language: str
    pieces: tuple[ContextPiece, ...] = ()
    earlier: tuple[Exchange, ...] = ()
    given: str | None = None
    cwd: str = ""
    today: Timestamp | None = None
    failed: RanCommand | None = None
    ran: RanCommand | None = None
    about: bool = False
    found: str = ""
    databases: str = ""
    routed: bool = False
    agent: AskedAgent | None = None
