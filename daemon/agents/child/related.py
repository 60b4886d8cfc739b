"""Abbreviations that the data itself explains, such as "natural language processing (NLP)"."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from daemon.agents.child.material import AgentPassage
from daemon.index import language
from daemon.index.retrieval_model import MAX_EACH, MAX_PHRASE, MAX_RELATED

_BRACKETED: Final = re.compile(r"\(([^()\n]{2,80})\)")
_SHORT: Final = re.compile(r"[^\W\d_][\w.&/-]{1,11}")
_WORD: Final = re.compile(r"[^\W_]+")
_BEFORE: Final = 120
"""Characters in front of a bracket in which its words are looked for."""


def related_words(passages: Sequence[AgentPassage]) -> dict[str, tuple[str, ...]]:
    """Folded: from an abbreviation to its words, and from these to the abbreviation."""
    counted = defaultdict[str, Counter[str]](Counter)
    for one in passages:
        for short, long in _explained(one.text):
            counted[short][long] += 1
    found: dict[str, tuple[str, ...]] = {}
    for short in sorted(counted, key=lambda short: (-counted[short].total(), short)):
        if len(found) + 2 > MAX_RELATED:
            break
        # One that stands for two things would bring the wrong one along.
        long, count = min(counted[short].items(), key=lambda item: (-item[1], item[0]))
        if 2 * count > counted[short].total() and long not in found:
            found[short] = tuple(long.split()[:MAX_EACH])
            found[long] = (short,)
    return found


def _explained(text: str) -> Iterator[tuple[str, str]]:
    for bracket in _BRACKETED.finditer(text):
        inside = bracket[1].strip()
        before = text[max(0, bracket.start() - _BEFORE) : bracket.start()]
        words = _WORD.findall(before)
        if _is_short(inside):
            long = _spelled(inside, words)
            if long:
                yield language.words(inside)[0], long
        elif words and _is_short(words[-1]):
            long = _spelled(words[-1], _WORD.findall(inside))
            if long and len(long.split()) == len(_WORD.findall(inside)):
                yield language.words(words[-1])[0], long


def _is_short(text: str) -> bool:
    capitals = sum(char.isupper() for char in text)
    return (
        _SHORT.fullmatch(text) is not None
        and capitals >= max(2, len(text.rstrip("s")) // 2)
        and len(language.words(text)) == 1
    )


def _spelled(short: str, words: Sequence[str]) -> str:
    """The last words whose initials are the letters, in order; small words between may be left out.

    The first letter is the first word's: else any text would spell something.
    """
    letters = [char for char in language.fold(short).rstrip("s") if char.isalnum()]
    folded = [found for word in words for found in language.words(word)]
    small = language.STOP_WORDS["en"] | language.STOP_WORDS["pt"]
    at, taken = len(folded), 0
    for letter in reversed(letters):
        at -= 1
        while at >= 0 and folded[at] in small and not folded[at].startswith(letter):
            at -= 1
        if at < 0 or not folded[at].startswith(letter):
            return ""
        taken += 1
    long = folded[at:]
    fits = 2 <= taken <= MAX_PHRASE and len(long) <= MAX_PHRASE
    return " ".join(long) if fits and "".join(letters) not in long else ""
