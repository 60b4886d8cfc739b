"""Asks the person for what only they know: opinions, names, passwords, settings."""

from collections.abc import Sequence
from dataclasses import dataclass

import prompts
from daemon.blocks.journal import Journal
from daemon.blocks.outcome import Ask
from daemon.blocks.secrets import Secrets
from daemon.protocol.values import Flow, InquiryKind, SourceName, Timestamp
from daemon.reasoner import ContextPiece, Missing


@dataclass(frozen=True, slots=True)
class PersonReply:
    """What the person said to an inquiry; a secret's text is in memory alone.

    `approval_id`: the leave that a yes to addresses gave.
    """

    known: bool
    text: str | None
    at: Timestamp
    approval_id: str | None = None


class PersonSearch:
    """One inquiry after the other; “I do not know” is an answer too."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def look(
        self, flow: Flow, missing: Sequence[tuple[int, Missing]], tag: str, journal: Journal
    ) -> dict[int, tuple[ContextPiece, ...]] | Ask:
        """What they said, by the number of the piece; or what to ask them next."""
        found = dict[int, tuple[ContextPiece, ...]]()
        for number, piece in missing:
            if piece.source is not SourceName.USER:
                continue
            step = f"reply/{tag}/{number}"
            said = await journal.recall(step, PersonReply)
            if said is None or self._is_lost(flow, piece, said):
                return _ask(piece, step, flow.language)
            if said.known:
                found[number] = (_piece(piece, said, flow.language),)
        return found

    def _is_lost(self, flow: Flow, piece: Missing, said: PersonReply) -> bool:
        """A restart forgets secrets; who said that they do not know it is not asked again."""
        return piece.secret and said.known and piece.name not in self._secrets.of(flow.id)


def _ask(piece: Missing, step: str, language: str) -> Ask:
    question = piece.question or piece.information
    text = question
    if piece.information and piece.information.strip() != question.strip():
        text = prompts.phrase("asked_for", language, question=question, why=piece.information)
    return Ask(
        InquiryKind.INFORMATION, text, step=step, secret_name=piece.name if piece.secret else None
    )


def _piece(piece: Missing, said: PersonReply, language: str) -> ContextPiece:
    you = prompts.phrase("you", language)
    asked = piece.question or piece.information
    text = f"{asked}\n{said.text}"
    if piece.secret:
        text = f"{asked}\nThe person has given it; commands find it in ${piece.name}."
    return ContextPiece(
        n=0,
        source=SourceName.USER,
        title=you,
        location=prompts.phrase("you_at", language, date=said.at[:10], time=said.at[11:16]),
        text=text,
        modified_at=said.at,
        retrieved_at=None,
        private=False,
        score=1.0,
        path=None,
    )
