"""The numbered context of a round, and the decision that was made on it: what `[n]` counts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from daemon.blocks.journal import Journal
from daemon.reasoner import ContextPiece, Reply

T = TypeVar("T")

# Names of steps. First the question's own; where a search found more, the verdict on all of it.
PIECES: Final = "pieces"
DECISION: Final = "decide"
CONTEXT: Final = "context"
VERDICT: Final = "verdict"
FOUND: Final = "found"
SAID: Final = "said"


@dataclass(frozen=True, slots=True)
class Pieces:
    """As a step of the journal keeps them."""

    pieces: tuple[ContextPiece, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What the answer must say of how it was searched for: what was left out, who stood in."""

    notice: str


def numbered(*groups: Iterable[ContextPiece]) -> Pieces:
    """All together, counted from 1: who came first keeps its number when more are added."""
    pieces = [piece for group in groups for piece in group]
    return Pieces(tuple(replace(piece, n=n) for n, piece in enumerate(pieces, start=1)))


async def ready(result: T) -> T:
    """For a step that has its result already and only records it."""
    return result


async def last_decision(journal: Journal) -> Reply | None:
    """The verdict after a search where there is one, else the question's own decision."""
    return await journal.recall(VERDICT, Reply) or await journal.recall(DECISION, Reply)


async def last_pieces(journal: Journal) -> Pieces:
    """What that decision was made on."""
    if await journal.recall(VERDICT, Reply) is not None:
        return await journal.recall(CONTEXT, Pieces) or Pieces()
    return await journal.recall(PIECES, Pieces) or Pieces()
