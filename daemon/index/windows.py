"""Cutting a passage into the windows that are embedded."""

import re
from collections.abc import Callable
from typing import Final

from daemon.index.schema import MAX_WINDOWS
from daemon.models.embedder import Embedder, WordPieces

SIZE: Final = 126
"""Word pieces: with start and end marks the 128 that MiniLM was trained on."""
STEP: Final = 96

Spans = list[tuple[int, int]]

_WORD: Final = re.compile(r"\w+|[^\w\s]")
_PIECE_CHARS: Final = 8


def windows(title: str, text: str, embedder: Embedder) -> list[str]:
    """At least one text, each with the title in front: alone it would not say what it is about."""
    return [titled(title, text[first:last]) for first, last in window_spans(text, embedder)]


def titled(title: str, part: str) -> str:
    return f"{title}\n{part}" if title else part


def window_spans(text: str, embedder: Embedder) -> Spans:
    """Where each window begins and ends, in characters."""
    spans = _spans_of(embedder)(text)
    cuts = _cuts(len(spans))
    return [(spans[a][0], spans[b - 1][1]) for a, b in cuts] or [(0, len(text))]


def _cuts(pieces: int) -> list[tuple[int, int]]:
    """The last window ends at the end; very long texts get wider steps instead of more windows."""
    if pieces <= SIZE:
        return [(0, pieces)] if pieces else []
    count = 1 + -(-(pieces - SIZE) // STEP)
    step = STEP if count <= MAX_WINDOWS else -(-(pieces - SIZE) // (MAX_WINDOWS - 1))
    starts = range(0, pieces - SIZE + step, step)
    return [(start, min(start + SIZE, pieces)) for start in starts]


def _spans_of(embedder: Embedder) -> Callable[[str], Spans]:
    return embedder.piece_spans if isinstance(embedder, WordPieces) else _estimated_spans


def _estimated_spans(text: str) -> Spans:
    """For an embedder that does not show its pieces: long words count as several."""
    spans: Spans = []
    for match in _WORD.finditer(text):
        for start in range(match.start(), match.end(), _PIECE_CHARS):
            spans.append((start, min(start + _PIECE_CHARS, match.end())))
    return spans
