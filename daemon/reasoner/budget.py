"""What of a request goes into one prompt: no private piece for a remote model, and no more than fits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import prompts
from daemon.reasoner.request import ContextPiece, DecisionRequest, Exchange, RanCommand

WORTH_CUTTING: Final = 400
"""Characters: a smaller rest of a piece is left out rather than given."""
_GIVEN_SHARE: Final = 0.5
_EARLIER_SHARE: Final = 0.2
_FAILED_SHARE: Final = 0.2
_ABOUT_SHARE: Final = 0.4
_FOUND_SHARE: Final = 0.1

What = tuple[str, dict[str, int]]
"""A phrase for what was left out, and its blanks."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The request as it is sent, and what a person should know about what was not."""

    request: DecisionRequest
    notices: tuple[str, ...]


def fit(request: DecisionRequest, budget: int, reasoner: str, *, remote: bool) -> Fitted:
    """At most `budget` characters of question and context; numbers of pieces stay as they are."""
    hidden: list[What] = []
    if remote:
        request, hidden = _without_private(request)
    request, cut = _cut(request, budget)
    said = (("reasoner_private", hidden), ("reasoner_cut", cut))
    return Fitted(
        request,
        tuple(_notice(phrase, what, request.language, reasoner) for phrase, what in said if what),
    )


def _notice(phrase: str, left_out: list[What], language: str, reasoner: str) -> str:
    what = ", ".join(prompts.phrase(name, language, **blanks) for name, blanks in left_out)
    return prompts.phrase(phrase, language, what=what, reasoner=reasoner)


def _without_private(request: DecisionRequest) -> tuple[DecisionRequest, list[What]]:
    if request.agent is not None and request.agent.private:
        request = replace(request, agent=None)
    pieces = tuple(piece for piece in request.pieces if not piece.private)
    earlier = tuple(exchange for exchange in request.earlier if not exchange.private)
    commands = [one for one in (request.failed, request.ran) if one is not None and one.private]
    counts = {
        "reasoner_private_pieces": len(request.pieces) - len(pieces),
        "reasoner_private_earlier": len(request.earlier) - len(earlier),
        "reasoner_private_output": len(commands),
    }
    hidden: list[What] = [(name, {"count": count}) for name, count in counts.items() if count]
    found = _without_places(request.found, [one for one in request.pieces if one.private])
    request = replace(
        request,
        failed=None if request.failed in commands else request.failed,
        ran=None if request.ran in commands else request.ran,
    )
    return replace(request, pieces=pieces, earlier=earlier, found=found), hidden


def _without_places(found: str, private: Sequence[ContextPiece]) -> str:
    """Where something private was found says what is in it: the SQL names tables and values."""
    places = [piece.location for piece in private if piece.location]
    lines = found.splitlines()
    return "\n".join(line for line in lines if not any(place in line for place in places))


def _cut(request: DecisionRequest, budget: int) -> tuple[DecisionRequest, list[What]]:
    cut: list[What] = []
    question = request.question[: max(budget // 2, 1)]
    if len(question) < len(request.question):
        cut.append(("reasoner_cut_question", {}))
    left = budget - len(question)
    failed = _last_of(request.failed, int(left * _FAILED_SHARE))
    left -= _size(failed)
    ran = _last_of(request.ran, int(left * (_ABOUT_SHARE if request.about else _FAILED_SHARE)))
    left -= _size(ran)
    found = request.found[: int(left * _FOUND_SHARE)]
    databases = request.databases[: int(left * _FOUND_SHARE)]
    left -= len(found) + len(databases)
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
    given_whole = {piece.n: len(piece.text) for piece in request.pieces}
    counts = {
        "reasoner_cut_earlier": (len(request.earlier) - len(earlier), len(request.earlier)),
        "reasoner_cut_pieces": (len(request.pieces) - len(pieces), len(request.pieces)),
        "reasoner_cut_ends": (
            sum(len(piece.text) != given_whole[piece.n] for piece in pieces),
            len(request.pieces),
        ),
    }
    cut += [(name, {"count": lost, "of": of}) for name, (lost, of) in counts.items() if lost]
    fitted = replace(request, question=question, failed=failed, ran=ran, given=given, pieces=pieces)
    return replace(fitted, found=found, databases=databases, earlier=earlier), cut


def _last_of(ran: RanCommand | None, room: int) -> RanCommand | None:
    """The end of the output is where the error is."""
    if ran is None:
        return None
    return replace(ran, script=ran.script[:room], output=ran.output[-room:] if room else "")


def _size(ran: RanCommand | None) -> int:
    return len(ran.script) + len(ran.output) if ran is not None else 0


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
