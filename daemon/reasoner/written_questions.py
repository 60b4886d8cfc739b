"""Questions that documents ask themselves, as lists of them do: what stands below is the answer."""

import re
from typing import Final

from daemon.index import language
from daemon.index.language import Language
from daemon.reasoner import extract, marks, passages, words
from daemon.reasoner.extract import Extract
from daemon.reasoner.request import ContextPiece

_ASKS: Final = re.compile(
    r"\?\s*$|^(?:what|who|whose|which|when|where|why|how|can|could|do|does|is|are|may|should|will"
    r"|qual|quais|quem|quando|onde|como|por que|o que|quant[oa]s?|posso|pode|e possivel)\b"
)
_SAME: Final = 0.99
"""Of the words that were asked: one that the written question has not makes another question of it."""
_ALSO: Final = 0.75
"""Of the words of the written one: it may ask for a little more."""
_LONGEST: Final = 600
"""Characters of an answer that is given whole."""


def answer(question: str, asked: Language, pieces: tuple[ContextPiece, ...]) -> Extract | None:
    """What stands below the written question that is nearest to this one; None if none is the same.

    Its own words need not be there: “Is there parking?” – “Yes, behind the church.”
    """
    fitting = [(_likeness(question, asked, piece), piece) for piece in pieces]
    likeness, best = max(fitting, key=lambda one: one[0], default=(0.0, None))
    if best is None or not likeness:
        return None
    text = _whole(best) or " ".join(
        sentence.text for sentence in passages.sentences(best.text)[: extract.MOST_SENTENCES]
    )
    return Extract(f"{marks.quoted(text)} [{best.n}]", likeness, (best.n,)) if text else None


def _likeness(question: str, asked: Language, piece: ContextPiece) -> float:
    """0 for another question, 1 for the very same words."""
    written = _heading(piece)
    if not _ASKS.search(language.fold(written)):
        return 0.0
    if language.words(question) == language.words(written):
        return 1.0
    lang = language.detect(question, asked)
    wanted, there = words.terms(question, lang), words.terms(written, lang)
    # “At what time” is no other question than “on which days” for a list of opening hours.
    telling = [term for term in there if not term.kind] or there
    same = words.covered(wanted, words.stems(written, lang))
    also = words.covered(telling, words.stems(question, lang))
    if same < _SAME or also < _ALSO or not _named(piece, question, written):
        return 0.0
    return min(1.0, same) * also


def _named(piece: ContextPiece, question: str, written: str) -> bool:
    """Whether the answer is of the kind that is asked for: “How much?” is not answered by “Yes”."""
    kind = extract.asked_for(question)
    return kind == extract.asked_for(written) or extract.cue(kind, piece.text) == 1.0


def _heading(piece: ContextPiece) -> str:
    place = piece.location.rpartition("#")[2] if "#" in piece.location else ""
    return place.rpartition("›")[2].strip()


def _whole(piece: ContextPiece) -> str:
    """A short answer as it is written; none of a passage with code, which is a procedure's."""
    text = "\n".join(
        line for line in piece.text.strip().split("\n") if not line.startswith("#")
    ).strip()
    fenced = "```" in text or "~~~" in text
    return text if len(text) <= _LONGEST and not fenced else ""
