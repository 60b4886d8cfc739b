"""What a model is asked when an agent is trained: who that is, and what its passages answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import prompts
from daemon.models.language_model import Prompt
from daemon.protocol.agents import AgentProfile
from daemon.protocol.values import Usage
from daemon.reasoner import reading
from daemon.reasoner.writing import language_name, line, new_fence, visible

_MOST_WORDS: Final = 40
_MOST_QUESTIONS: Final = 10
_MOST_ASKED: Final = 3
"""Questions for one passage."""
_LONGEST: Final = 1000
_LONGEST_WORD: Final = 60
_LONGEST_QUESTION: Final = 300


@dataclass(frozen=True, slots=True)
class TaughtPassage:
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class TeachRequest:
    """`passages`: as many as fit one prompt. `description`: what the person says of the agent."""

    language: str
    passages: tuple[TaughtPassage, ...]
    description: str = ""


class Teacher(Protocol):
    """A reasoner that has words of its own. Raises nothing but `AlvoError` REASONER_*."""

    @property
    def name(self) -> str: ...

    @property
    def remote(self) -> bool: ...

    async def write_profile(self, request: TeachRequest) -> tuple[AgentProfile, Usage]:
        """Who it is that wrote or speaks in these passages."""

    async def ask_passages(self, request: TeachRequest) -> tuple[Mapping[int, list[str]], Usage]:
        """Questions that each passage answers, by its number from 1."""


def profile_prompt(request: TeachRequest) -> Prompt:
    return _prompt("profile.md", request)


def questions_prompt(request: TeachRequest) -> Prompt:
    return _prompt("questions.md", request)


def profile_schema() -> dict[str, Any]:
    """The JSON Schema that models are asked to fill."""
    text = {"type": "string"}
    texts = {"type": "array", "items": text}
    return _object({"expertise": text, "tone": text, "vocabulary": texts, "questions": texts})


def questions_schema() -> dict[str, Any]:
    """As above."""
    asked = {"type": "array", "items": {"type": "string"}}
    one = _object({"passage": {"type": "integer"}, "questions": asked})
    return _object({"passages": {"type": "array", "items": one}})


def decode_profile(text: str, reasoner: str) -> AgentProfile:
    wire = reading.read(text, _Profile, reasoner)
    if not wire.expertise.strip():
        raise reading.invalid(reasoner, "it does not say what the expertise is")
    return AgentProfile(
        expertise=line(wire.expertise[:_LONGEST]),
        tone=line((wire.tone or "")[:_LONGEST_QUESTION]),
        vocabulary=_lines(wire.vocabulary or [], _MOST_WORDS, _LONGEST_WORD),
        questions=_lines(wire.questions or [], _MOST_QUESTIONS, _LONGEST_QUESTION),
        written_by=reasoner,
    )


def decode_questions(text: str, passages: int, reasoner: str) -> dict[int, list[str]]:
    """Of passages that were shown alone; `REASONER_INVALID_REPLY` where there is none."""
    found: dict[int, list[str]] = {}
    for one in reading.read(text, _Asked, reasoner).passages:
        asked = _lines(one.questions, _MOST_ASKED, _LONGEST_QUESTION)
        if 1 <= one.passage <= passages and asked:
            found.setdefault(one.passage, asked)
    if not found:
        raise reading.invalid(reasoner, "it asks nothing of the passages listed")
    return found


@dataclass(frozen=True, slots=True)
class _Profile:
    expertise: str
    tone: str | None = None
    vocabulary: list[str] | None = None
    questions: list[str] | None = None


@dataclass(frozen=True, slots=True)
class _AskedPassage:
    passage: int
    questions: list[str]


@dataclass(frozen=True, slots=True)
class _Asked:
    passages: list[_AskedPassage]


def _prompt(template: str, request: TeachRequest) -> Prompt:
    passages = [TaughtPassage(line(one.heading), visible(one.text)) for one in request.passages]
    description = visible(request.description)
    fence = new_fence([description, *(f"{one.heading}\n{one.text}" for one in passages)])
    values = {
        "passages": passages,
        "description": description,
        "language": language_name(request.language),
        "fence": fence,
    }
    return Prompt(prompts.render(template, **values), prompts.render("passages.md", **values))


def _lines(texts: Sequence[str], most: int, longest: int) -> list[str]:
    """Each on one line, once, and none longer than such a thing is."""
    found = dict.fromkeys(line(text[: 4 * longest]) for text in texts)
    return [text for text in found if text and len(text) <= longest][:most]


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
