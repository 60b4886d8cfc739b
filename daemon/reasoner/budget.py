"""What of a request goes into one prompt: no private piece for a remote model, and no more than fits."""

from dataclasses import dataclass, replace
from typing import Final

import prompts
from daemon.reasoner.request import ContextPiece, DecisionRequest, Exchange

WORTH_CUTTING: Final = 400
"""Characters: a smaller rest of a piece is left out rather than given."""
_GIVEN_SHARE: Final = 0.5
_EARLIER_SHARE: Final = 0.2
_FAILED_SHARE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Fitted:
    """The request as it is sent, and what a person should know about what was not."""

    request: DecisionRequest
    notices: tuple[str, ...]


def fit(request: DecisionRequest, budget: int, reasoner: str, *, remote: bool) -> Fitted:
    """At most `budget` characters of question and context; numbers of pieces stay as they are."""
    notices: list[str] = []
    if remote:
        request, hidden = _without_private(request)
        if hidden:
            notices.append(
                prompts.phrase(
                    "reasoner_private", request.language, count=hidden, reasoner=reasoner
                )
            )
    request, cut = _cut(request, budget)
    if cut:
        what = ", ".join(prompts.phrase(name, request.language, **blanks) for name, blanks in cut)
        notices.append(
            prompts.phrase("reasoner_cut", request.language, what=what, reasoner=reasoner)
        )
    return Fitted(request, tuple(notices))


def _without_private(request: DecisionRequest) -> tuple[DecisionRequest, int]:
    pieces = tuple(piece for piece in request.pieces if not piece.private)
    earlier = tuple(exchange for exchange in request.earlier if not exchange.private)
    hidden = len(request.pieces) - len(pieces)
    return replace(request, pieces=pieces, earlier=earlier), hidden


def _cut(
    request: DecisionRequest, budget: int
) -> tuple[DecisionRequest, list[tuple[str, dict[str, int]]]]:
    cut: list[tuple[str, dict[str, int]]] = []
    question = request.question[: max(budget // 2, 1)]
    if len(question) < len(request.question):
        cut.append(("reasoner_cut_question", {}))
    left = budget - len(question)
    failed = request.failed
    if failed is not None:
        room = int(left * _FAILED_SHARE)
        # The end of the output is where the error is.
        kept = failed.output[-room:] if room else ""
        failed = replace(failed, script=failed.script[:room], output=kept)
        left -= len(failed.script) + len(failed.output)
    given = request.given
    if given:
        room = int(left * _GIVEN_SHARE) if request.pieces else left
        if len(given) > room:
            given = given[:room]
            cut.append(("reasoner_cut_given", {}))
        left -= len(given)
    earlier = _newest(request.earlier, int(left * _EARLIER_SHARE))
    left -= sum(_length(exchange) for exchange in earlier)
    pieces = _best(request.pieces, left)
    if lost := len(request.pieces) - len(pieces):
        cut.append(("reasoner_cut_pieces", {"count": lost, "of": len(request.pieces)}))
    fitted = replace(
        request, question=question, failed=failed, given=given, earlier=earlier, pieces=pieces
    )
    return fitted, cut


def _newest(earlier: tuple[Exchange, ...], room: int) -> tuple[Exchange, ...]:
    kept: list[Exchange] = []
    for exchange in reversed(earlier):
        room -= _length(exchange)
        if room < 0:
            break
        kept.append(exchange)
    return tuple(reversed(kept))


def _best(pieces: tuple[ContextPiece, ...], room: int) -> tuple[ContextPiece, ...]:
    kept: dict[int, ContextPiece] = {}
    for piece in sorted(pieces, key=lambda piece: (-piece.score, piece.n)):
        head = len(piece.title) + len(piece.location)
        if room - head >= len(piece.text):
            kept[piece.n] = piece
        elif room - head >= WORTH_CUTTING:
            kept[piece.n] = replace(piece, text=piece.text[: room - head] + " …")
        else:
            continue
        room -= head + len(kept[piece.n].text)
    return tuple(kept[n] for n in sorted(kept))


def _length(exchange: Exchange) -> int:
    return len(exchange.question) + len(exchange.answer)
