"""A task without a model: the fenced shell blocks of the person's own runbooks that match it."""

import re
from dataclasses import dataclass
from typing import Final

from daemon.index import language
from daemon.index.language import Language
from daemon.protocol.values import SourceName
from daemon.reasoner import passages, words
from daemon.reasoner.decision import PlanItem
from daemon.reasoner.passages import SHELLS, CodeBlock
from daemon.reasoner.request import ContextPiece
from daemon.reasoner.words import Term

ENOUGH: Final = 0.6
"""How much of a request the heading and text around a block must cover."""
_BEFORE: Final = 0.75
_CODE: Final = 0.6
_TITLE: Final = 0.4
_NAMED: Final = 0.35
_PROMPT: Final = re.compile(r"^\s*\$ ?(?=\S)")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s")


@dataclass(frozen=True, slots=True)
class Procedure:
    """One section of a runbook: its blocks as the steps of a plan. `covered`: of the request."""

    piece: ContextPiece
    heading: str
    steps: tuple[PlanItem, ...]
    covered: float

    @property
    def enough(self) -> bool:
        return self.covered >= ENOUGH


def find(request: str, asked: Language, pieces: tuple[ContextPiece, ...]) -> Procedure | None:
    """The section that matches best, or None where no document has a shell block at all.

    Only documents count: what a page, a database or a command said can not make a plan.
    """
    wanted = words.terms(request, language.detect(request, asked))
    best: Procedure | None = None
    for piece in pieces:
        if piece.source != SourceName.DOCUMENTS:
            continue
        for heading, blocks in _sections(piece):
            steps = tuple(_step(block, piece.n) for block in blocks)
            covered = _covered(wanted, heading, blocks, piece, asked)
            if best is None or covered > best.covered:
                best = Procedure(piece, heading, steps, covered)
    return best


def _sections(piece: ContextPiece) -> list[tuple[str, list[CodeBlock]]]:
    place = piece.location.rpartition("#")[2] if "#" in piece.location else ""
    above = place.rpartition("›")[2].strip()
    found: dict[str, list[CodeBlock]] = {}
    for block in passages.code_blocks(piece.text):
        if block.language in SHELLS and _script(block).strip():
            found.setdefault(block.heading or above, []).append(block)
    return list(found.items())


def _script(block: CodeBlock) -> str:
    """The commands alone, where a block shows a screen: its lines with a prompt."""
    lines = block.code.split("\n")
    if not any(_PROMPT.match(line) for line in lines):
        return block.code
    kept: list[str] = []
    going_on = False
    for line in lines:
        if _PROMPT.match(line):
            kept.append(_PROMPT.sub("", line))
        elif going_on:
            kept.append(line.removeprefix("> "))
        else:
            continue
        going_on = kept[-1].endswith("\\")
    return "\n".join(kept)


def _step(block: CodeBlock, n: int) -> PlanItem:
    why = _SENTENCE_END.split(block.before, maxsplit=1)[0].rstrip(":") if block.before else ""
    text = ": ".join(part for part in (block.heading, why) if part)
    return PlanItem(f"{text} [{n}]" if text else f"[{n}]", _script(block))


def _covered(
    wanted: tuple[Term, ...],
    heading: str,
    blocks: list[CodeBlock],
    piece: ContextPiece,
    asked: Language,
) -> float:
    named = words.stems(heading, asked)
    before = words.stems(" ".join(block.before for block in blocks), asked)
    code = words.stems(" ".join(block.code for block in blocks), asked)
    title = words.stems(piece.title, asked)
    if not wanted:
        return 0.0
    total = found = in_heading = 0.0
    for term in wanted:
        weight = 1.5 if term.entity else 1.0
        by_name = words.match(term.stem, named)
        found += weight * max(
            by_name,
            _BEFORE * words.match(term.stem, before),
            _CODE * words.match(term.stem, code),
            _TITLE * words.match(term.stem, title),
        )
        in_heading += weight * by_name
        total += weight
    # A block that only mentions what was asked for is not made for it: its heading must say so.
    if in_heading / total < _NAMED:
        return min(found / total, ENOUGH) * 0.7
    heard = [term for term in words.terms(heading, asked) if not term.kind]
    named_back = words.covered(heard, {term.stem for term in wanted})
    return 0.8 * found / total + 0.2 * named_back
