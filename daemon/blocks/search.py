"""The search block: gets what is missing, source by source, and says whether there is more now."""

from dataclasses import dataclass

import prompts
from daemon.blocks.journal import Journal
from daemon.blocks.outcome import Ask, Outcome, Proceed
from daemon.blocks.question import Pieces
from daemon.blocks.secrets import Secrets
from daemon.config import FlowSettings
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Block,
    Flow,
    InquiryKind,
    SourceName,
    Timestamp,
)
from daemon.reasoner import ContextPiece, Missing, Reply
from daemon.store.flows import StoredFlow

SEARCH_AGAIN = "search_again"


@dataclass(frozen=True, slots=True)
class PersonReply:
    """What the person said to one missing piece; a secret's text is in memory alone."""

    known: bool
    text: str | None
    at: Timestamp


class SearchBlock:
    """Asks the person for what only they know; then back to the question with all of it."""

    def __init__(self, settings: FlowSettings, secrets: Secrets) -> None:
        self._settings = settings
        self._secrets = secrets

    async def run(self, stored: StoredFlow, journal: Journal) -> Outcome:
        flow = stored.flow
        reply = await journal.recall("decide", Reply)
        missing = reply.decision.missing if reply is not None else ()
        found = list[ContextPiece]()
        gained = False
        for number, piece in enumerate(missing):
            if piece.source is not SourceName.USER:
                continue
            step = f"reply/{number}"
            said = await journal.recall(step, PersonReply)
            if said is None or self._secret_is_lost(flow, piece, said):
                return _ask_person(piece, step)
            gained = gained or said.known
            if said.text is not None:
                found.append(_from_person(piece, said, flow.language))
        if not gained:
            return await self._once_more(flow, missing, journal)
        if flow.rounds >= self._settings.max_rounds:
            raise insufficient(missing)
        await journal.once("found", Pieces, lambda: _ready(Pieces(tuple(found))))
        return Proceed(Block.QUESTION, next_round=True)

    async def _once_more(
        self, flow: Flow, missing: tuple[Missing, ...], journal: Journal
    ) -> Outcome:
        allowed = await journal.recall(SEARCH_AGAIN, PersonReply)
        if flow.rounds >= self._settings.max_rounds:
            raise insufficient(missing)
        if allowed is not None:
            return Proceed(Block.QUESTION, next_round=True)
        text = prompts.phrase("search_again", flow.language, missing=_list(missing))
        return Ask(InquiryKind.SEARCH_AGAIN, text, step=SEARCH_AGAIN)

    def _secret_is_lost(self, flow: Flow, piece: Missing, said: PersonReply) -> bool:
        """A restart forgets secrets; who said that they do not know it is not asked again."""
        return piece.secret and said.known and piece.name not in self._secrets.of(flow.id)


def insufficient(missing: tuple[Missing, ...]) -> AlvoError:
    """What is still not known, in the error that says so."""
    return AlvoError(errors.INSUFFICIENT_INFORMATION, missing=_list(missing))


def _list(missing: tuple[Missing, ...]) -> str:
    return "; ".join(piece.information for piece in missing if piece.information) or "…"


def _ask_person(piece: Missing, step: str) -> Ask:
    text = piece.question or piece.information
    return Ask(
        InquiryKind.INFORMATION, text, step=step, secret_name=piece.name if piece.secret else None
    )


def _from_person(piece: Missing, said: PersonReply, language: str) -> ContextPiece:
    you = prompts.phrase("you", language)
    return ContextPiece(
        n=0,
        source=SourceName.USER,
        title=you,
        location=f"{you}, {said.at[:10]}",
        text=f"{piece.question or piece.information}\n{said.text}",
        modified_at=said.at,
        retrieved_at=None,
        private=False,
        score=1.0,
        path=None,
    )


async def _ready(pieces: Pieces) -> Pieces:
    return pieces
