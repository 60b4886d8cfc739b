"""What a block comes to: where the flow goes on from here."""

from dataclasses import dataclass

from daemon.protocol.values import (
    Block,
    Citation,
    InquiryKind,
    PlannedCommand,
    ReplyType,
)
from daemon.reasoner import Decision


@dataclass(frozen=True, slots=True)
class Proceed:
    """On to another block; `next_round` back to the question with what was found."""

    block: Block
    type: ReplyType | None = None
    plan: tuple[PlannedCommand, ...] = ()
    next_round: bool = False


@dataclass(frozen=True, slots=True)
class Deliver:
    """The answer, with its sources."""

    answer: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A person has to answer. `step`: under which name a reply is recorded.

    `secret_name`: the reply is a secret, for the environment variable of this name.
    """

    kind: InquiryKind
    text: str
    step: str = ""
    secret_name: str | None = None
    plan: tuple[PlannedCommand, ...] = ()
    urls: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()


Outcome = Proceed | Deliver | Ask


def respond(decision: Decision) -> Proceed:
    """On to the response with what was decided."""
    plan = tuple(PlannedCommand(item.explanation, item.script) for item in decision.plan)
    return Proceed(Block.RESPONSE, decision.type, plan)
