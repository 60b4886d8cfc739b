"""What a passage could be asked by: its heading, what it defines, the sentence that says most."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from typing import Final

from daemon.agents.child.material import AgentPassage
from daemon.index import language
from daemon.index.language import Language

_WORD: Final = re.compile(r"[^\W_]+")
_SENTENCE: Final = re.compile(r"(?<=[.!?…])[\"”’)\]]*\s+(?=\S)|\n+")
_LEAST_WORDS, _MOST_WORDS = 6, 30
_LEAST_HEADING: Final = 3
_LEAST_LEFT: Final = 12
"""Content words that a passage must keep: by nothing nobody could find it."""

_TERM: Final = r"([^\W\d_][\w-]*(?: [\w-]+){0,4}?)"
_DEFINITIONS: Final[dict[Language, tuple[re.Pattern[str], str]]] = {
    "en": (
        re.compile(
            rf"^(?:the |an? )?{_TERM} (?:is|are|means|refers to) (?:an?|the|any) ", re.IGNORECASE
        ),
        "What is {term}?",
    ),
    "pt": (
        re.compile(
            rf"^(?:os? |as? |uma? )?{_TERM} (?:é|são|significa) (?:uma?|os?|as?) ", re.IGNORECASE
        ),
        "O que é {term}?",
    ),
}


def heading(one: AgentPassage) -> str:
    """If it is this passage's alone and says something."""
    text = _last_heading(one)
    words = language.words(text)
    content = set(words) - language.STOP_WORDS[one.language]
    asks = len(words) <= _MOST_WORDS and len(content) >= _LEAST_HEADING
    return text if one.unique and asks and _leaves_enough(one, text) else ""


def definition(one: AgentPassage) -> str:
    """A question for the first thing that it defines."""
    pattern, question = _DEFINITIONS[one.language]
    for sentence in sentences(one.text):
        found = pattern.match(sentence)
        if found and set(language.words(found[1])) - language.STOP_WORDS[one.language]:
            return question.format(term=found[1])
    return ""


def key_sentence(one: AgentPassage, rarity: Mapping[str, float]) -> str:
    """The one with the rarest words, of a length that one asks in."""
    best, most = "", 0.0
    title = language.words(_last_heading(one))
    for sentence in sentences(one.text):
        words = language.words(sentence)
        if not _LEAST_WORDS <= len(words) <= _MOST_WORDS or words == title:
            continue
        content = language.without_stop_words(words, one.language)
        stems = language.stem(content, one.language)
        # In one order: the last digit of a sum decides between sentences of the same worth.
        worth = sum(rarity.get(stem, 0.0) for stem in dict.fromkeys(stems)) / len(words)
        if worth > most and _leaves_enough(one, sentence):
            best, most = sentence, worth
    return best


def rarity_in(passages: Sequence[AgentPassage]) -> dict[str, float]:
    """Of stems in this collection; one that stands in a single passage is a name or a slip."""
    having = Counter(stem for one in passages for stem in set(one.stems))
    many = len(passages)
    return {stem: log(1 + many / count) for stem, count in having.items() if count > 1}


def places(text: str, hidden: str) -> list[tuple[int, int]]:
    """Where the hidden words stand in their order, whatever is between them."""
    words = _WORD.findall(hidden)
    if not words:
        return []
    pattern = re.compile(r"[\W_]+".join(map(re.escape, words)), re.IGNORECASE)
    return [found.span() for found in pattern.finditer(text)]


def without(text: str, hidden: str) -> str:
    for first, last in reversed(places(text, hidden)):
        text = f"{text[:first]} {text[last:]}"
    return text


def sentences(text: str) -> list[str]:
    found = (part.strip(" \t-*#>|") for part in _SENTENCE.split(text))
    return [part for part in found if part]


def _last_heading(one: AgentPassage) -> str:
    return one.heading.rpartition("›")[2].strip() or one.title


def _leaves_enough(one: AgentPassage, hidden: str) -> bool:
    left = set(language.words(without(one.text, hidden))) - language.STOP_WORDS[one.language]
    return len(left) >= _LEAST_LEFT
