"""Ties an answer to its sources: what `[n]` in it stands for (P8)."""

from collections.abc import Sequence
from typing import Final

from daemon.protocol.values import Citation
from daemon.reasoner import ContextPiece, cited, marks

_EXCERPT_CHARS: Final = 400


def citations_of(answer: str, pieces: Sequence[ContextPiece]) -> tuple[Citation, ...]:
    """One citation for each piece that the answer names, in the order of their numbers."""
    numbers = set(cited(answer))
    return tuple(_citation(piece) for piece in pieces if piece.n in numbers)


def without_unknown_marks(answer: str, pieces: Sequence[ContextPiece]) -> str:
    """The answer with marks that stand for nothing taken out: no claim borrows a false source."""
    return marks.without_others(answer, {piece.n for piece in pieces})


def _citation(piece: ContextPiece) -> Citation:
    text = " ".join(piece.text.split())
    return Citation(
        n=piece.n,
        source=piece.source,
        title=piece.title,
        location=piece.location,
        excerpt=text if len(text) <= _EXCERPT_CHARS else text[: _EXCERPT_CHARS - 1] + "…",
        modified_at=piece.modified_at,
        retrieved_at=piece.retrieved_at,
    )
