"""Prompts from a request: what was found is fenced, so that nothing in it can pass for a word of ours."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import prompts
from daemon.models.language_model import Prompt
from daemon.protocol.escape import is_hidden
from daemon.reasoner.decision import Decision
from daemon.reasoner.request import AskedAgent, DecisionRequest, RanCommand

_EXPERTISE_CHARS: Final = 1000
_TONE_CHARS: Final = 300
_WORD_CHARS: Final = 60
_MOST_WORDS: Final = 30
_MOST_QUESTIONS: Final = 5

_LANGUAGES = {"en": "English", "pt": "Brazilian Portuguese"}


def decision_prompt(request: DecisionRequest) -> Prompt:
    """Asks for a decision on a request that fits."""
    return _prompt("decision.md", request)


def answer_prompt(request: DecisionRequest, decision: Decision) -> Prompt:
    """Asks for the answer of a decision, to be shown while it is written."""
    return _prompt("answer.md", request, draft=visible(decision.answer))


def repaired(prompt: Prompt, reply: str, reason: str) -> Prompt:
    """The same once more, with what was wrong about the reply."""
    reply = visible(reply[:4000])
    fence = new_fence([prompt.user, reply])
    more = prompts.render("repair.md", fence=fence, reply=reply, reason=visible(reason))
    return Prompt(prompt.system, f"{prompt.user}\n\n{more}")


def new_fence(texts: Iterable[str]) -> str:
    """A word that nobody could foresee, and that is in none of the texts."""
    texts = list(texts)
    while any((fence := secrets.token_hex(8)) in text for text in texts):
        continue
    return fence


def visible(text: str) -> str:
    """The text without what a person would not see in it; lines stay lines."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if char.isspace() and char not in "\n\t" else char
        for char in text
        if char in "\n\t" or char.isspace() or not is_hidden(char)
    )


def language_name(language: str) -> str:
    """As a prompt names the language of its person."""
    return _LANGUAGES["pt" if language.startswith("pt") else "en"]


def _prompt(template: str, request: DecisionRequest, **more: str) -> Prompt:
    request = _visible(request)
    fence = new_fence([repr(request), *more.values()])
    insufficient, _ = prompts.sentence("INSUFFICIENT_INFORMATION", request.language)
    values = {
        "request": request,
        "fence": fence,
        "language": language_name(request.language),
        **more,
    }
    return Prompt(
        system=prompts.render(template, insufficient=insufficient, **values),
        user=prompts.render("context.md", **values),
    )


def _visible(request: DecisionRequest) -> DecisionRequest:
    return replace(
        request,
        question=visible(request.question),
        given=visible(request.given) if request.given else None,
        found=visible(request.found),
        databases=visible(request.databases),
        cwd=line(request.cwd),
        agent=visible_agent(request.agent),
        pieces=tuple(
            replace(
                piece,
                title=line(piece.title),
                location=line(piece.location),
                text=visible(piece.text),
            )
            for piece in request.pieces
        ),
        earlier=tuple(
            replace(exchange, question=visible(exchange.question), answer=visible(exchange.answer))
            for exchange in request.earlier
        ),
        failed=_visible_command(request.failed),
        ran=_visible_command(request.ran),
    )


def _visible_command(ran: RanCommand | None) -> RanCommand | None:
    return ran and replace(ran, script=visible(ran.script), output=visible(ran.output))


def visible_agent(agent: AskedAgent | None) -> AskedAgent | None:
    """As a prompt shows it: each part on one line, and no longer than it says something."""
    if agent is None:
        return None
    profile = agent.profile
    return replace(
        agent,
        profile=replace(
            profile,
            expertise=line(profile.expertise[:_EXPERTISE_CHARS]),
            tone=line(profile.tone[:_TONE_CHARS]),
            vocabulary=[line(one[:_WORD_CHARS]) for one in profile.vocabulary[:_MOST_WORDS]],
            questions=[line(one[:_TONE_CHARS]) for one in profile.questions[:_MOST_QUESTIONS]],
        ),
    )


def line(text: str) -> str:
    """What is visible of a text, on one line."""
    return " ".join(visible(text).split())
