"""What is said to who greets, or asks who is there: without a model nothing else could be."""

import re
from typing import Final

import prompts
from daemon.index import language
from daemon.protocol.values import ReplyType, SourceName
from daemon.reasoner.decision import Decision
from daemon.reasoner.marks import cited, quoted
from daemon.reasoner.passages import sentences
from daemon.reasoner.request import ContextPiece, DecisionRequest

_MOST_WORDS: Final = 12
_QUESTIONS: Final = 5
_ASKED: Final = re.compile(
    r"(?:(?:hi|hello|hey|good (?:morning|afternoon|evening)|oi|ola|bom dia|boa tarde|boa noite)\b ?"
    r"(?:there|alvo|everybody|tudo bem)? ?)?"
    r"(?:(?:who|what) are you|(?:and )?what (?:can|do) you (?:do|know|answer)(?: (?:for me|about))?"
    r"|(?:how|what|with what) can you help(?: me)?(?: with)?|what (?:can|should) i ask(?: you)?"
    r"|tell me about yourself|introduce yourself|help(?: me)?"
    r"|quem (?:e|es|sois|seria) (?:voce|tu)|o que (?:e que )?voce (?:sabe|faz|pode|responde)"
    r"(?: (?:fazer|responder))?(?: (?:por|para) mim)?"
    r"|(?:em|com|no) (?:o )?que (?:voce )?(?:pode|consegue) (?:me )?ajudar"
    r"|como (?:voce )?(?:pode|consegue) (?:me )?ajudar|sobre o que voce (?:sabe|responde)"
    r"|o que (?:eu )?(?:posso|devo) (?:te |lhe )?perguntar(?: a voce)?"
    r"|(?:me )?fale (?:um pouco )?(?:de|sobre) (?:voce|si)|se apresente|ajuda|me ajud[ae])?"
)


def is_asked(question: str) -> bool:
    """Whether it is a greeting, or asks of nothing but who is there and what for."""
    found = language.words(question)
    return 0 < len(found) <= _MOST_WORDS and _ASKED.fullmatch(" ".join(found)) is not None


def introduce(request: DecisionRequest) -> Decision:
    """An agent's own words with their places, and what it can be asked; else what Alvo is."""
    if request.agent is None:
        text = prompts.phrase("offline_introduction", request.language)
        return Decision(ReplyType.ANSWER, enough=True, answer=text, final=True)
    profile, pieces = request.agent.profile, request.pieces
    parts = [" ".join(_with_place(one.text, pieces) for one in sentences(profile.expertise))]
    if profile.questions:
        asked = [f"- {_with_place(one, pieces)}" for one in profile.questions[:_QUESTIONS]]
        ask_me = prompts.phrase("offline_ask_me", request.language)
        parts += [ask_me, "\n".join(asked)]
    answer = "\n\n".join(filter(None, parts))
    sources = (SourceName.DOCUMENTS,) if cited(answer) else ()
    return Decision(ReplyType.ANSWER, enough=True, answer=answer, sources=sources, final=True)


def _with_place(text: str, pieces: tuple[ContextPiece, ...]) -> str:
    """Marked with the piece in which it stands word for word, if it does."""
    wanted = f" {' '.join(language.words(text))} "
    for piece in pieces:
        place = piece.location.rpartition("#")[2]
        if any(wanted in f" {' '.join(language.words(part))} " for part in (piece.text, place)):
            return f"{quoted(text)} [{piece.n}]"
    return quoted(text)
