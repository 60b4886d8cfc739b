"""Who an agent is, found in its passages without a model: what it knows, its words, how it speaks."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import prompts
from daemon.index import language
from daemon.index.language import Language
from daemon.protocol.agents import AgentProfile

WRITTEN_BY: Final = "offline"
_VOCABULARY: Final = 30
_QUESTIONS: Final = 10
_EXPERTISE_CHARS: Final = 600
_LONGEST_SENTENCE: Final = 300
_LONGEST_QUESTION: Final = 200
_LONGEST_WORD: Final = 60
"""Longer ones are keys, sums and pieces of files, which nobody says."""
_FEWEST: Final = 2
_FEWEST_STEMS: Final = 4
_ABOUT: Final = 8
_SENTENCE: Final = re.compile(r"(?<=[.!?…])[\"”’)\]]?\s+|\n{2,}")
_WORD: Final = re.compile(r"[^\W_]+(?:[-’'][^\W_]+)*")
_ABBREVIATION: Final = re.compile(r"\b(?![IVXLC]+\b)[A-Z][A-Z0-9]{1,7}\b")
"""Roman numerals are none."""
_SELF: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(
        r"\b(?:I|I’m|I'm) (?:am|work|have been|specialize|specialise|teach)\b|\bI['’]m\b"
    ),
    "pt": re.compile(r"\b(?:[Ss]ou|[Tt]rabalho|[Aa]tuo|[Ee]nsino|[Mm]e especializei)\b"),
}
_FIRST: Final[dict[Language, frozenset[str]]] = {
    "en": frozenset(("i", "my", "we", "our", "me", "us")),
    "pt": frozenset(("eu", "meu", "minha", "nos", "nosso", "nossa", "sou", "somos")),
}
_SECOND: Final[dict[Language, frozenset[str]]] = {
    "en": frozenset(("you", "your")),
    "pt": frozenset(("voce", "voces", "seu", "sua")),
}
_OFTEN: Final = 0.1
"""Of the sentences: more have it, and it is how the agent speaks."""
_SHORT, _LONG = 12, 24


@dataclass(frozen=True, slots=True)
class Read:
    """A passage, as a profile is made of it."""

    heading: str
    text: str
    language: Language


def profile_of(
    passages: Sequence[Read], asked: Iterable[str], spoken: Language, description: str | None
) -> AgentProfile:
    """`asked`: questions that came with the data. The same passages give the same profile."""
    weights, forms = _terms(passages)
    sentences = [one for passage in passages for one in _sentences(passage)]
    vocabulary = _vocabulary(passages, weights, forms)
    expertise = _expertise(sentences, weights, spoken, description)
    if not expertise and vocabulary:
        about = ", ".join(vocabulary[:_ABOUT])
        expertise = prompts.phrase("profile_knows", spoken, what=about)
    return AgentProfile(
        expertise=expertise,
        tone=_tone(sentences, spoken),
        vocabulary=vocabulary,
        questions=_questions(passages, sentences, asked, spoken),
        written_by=WRITTEN_BY,
    )


@dataclass(frozen=True, slots=True)
class _Sentence:
    """`replies`: it answers the question above it, and alone says nothing."""

    text: str
    stems: tuple[str, ...]
    words: tuple[str, ...]
    language: Language
    replies: bool


def _sentences(passage: Read) -> Iterator[_Sentence]:
    replies = passage.heading.rstrip().endswith("?")
    for found in _SENTENCE.split(passage.text):
        text = " ".join(found.split())
        if not text or len(text) > _LONGEST_SENTENCE:
            continue
        words = language.words(text)
        content = language.without_stop_words(words, passage.language)
        stems = tuple(language.stem(content, passage.language))
        yield _Sentence(text, stems, tuple(words), passage.language, replies)


def _terms(passages: Sequence[Read]) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """By stem how much it stands for these passages, and the forms in which it is written."""
    weights: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = {}
    for passage in passages:
        written = _WORD.findall(f"{passage.heading}\n{passage.text}")
        stop = language.STOP_WORDS[passage.language]
        # In the order of the text: that of a set is another one in every process.
        seen = dict[str, None]()
        for word in written:
            folded = language.fold(word)
            if not 3 <= len(folded) <= _LONGEST_WORD or folded in stop or folded.isdigit():
                continue
            stem = language.stem([folded], passage.language)[0]
            forms.setdefault(stem, Counter())[word] += 1
            seen[stem] = None
        weights.update(seen.keys())
        # What a heading names is what the passage is about.
        weights.update(
            stem
            for stem in language.stem(language.words(passage.heading), passage.language)
            if stem in seen
        )
    return weights, forms


def _vocabulary(
    passages: Sequence[Read], weights: Counter[str], forms: dict[str, Counter[str]]
) -> list[str]:
    short: Counter[str] = Counter()
    for passage in passages:
        short.update(_ABBREVIATION.findall(passage.text))
    chosen = [name for name, count in short.most_common(_VOCABULARY // 3) if count >= _FEWEST]
    fewest = _FEWEST if len(passages) > _FEWEST else 1
    for stem, count in weights.most_common():
        if len(chosen) >= _VOCABULARY or count < fewest:
            break
        form = forms[stem].most_common(1)[0][0]
        if form not in chosen:
            chosen.append(form)
    return chosen


def _expertise(
    sentences: Sequence[_Sentence],
    weights: Counter[str],
    spoken: Language,
    description: str | None,
) -> str:
    """What they say of themselves, else the sentences that say most of what all of them say."""
    own = [one for one in sentences if _SELF[spoken].search(one.text)][:3]
    ranked = sorted(
        (one for one in sentences if len(one.stems) >= _FEWEST_STEMS and _tells(one)),
        key=lambda one: -sum(weights[stem] for stem in set(one.stems)) / len(one.stems) ** 0.5,
    )
    said = [description.strip()] if description and description.strip() else []
    for sentence in [*own, *ranked[:3]]:
        room = _EXPERTISE_CHARS - sum(len(one) + 1 for one in said)
        if sentence.text not in said and len(sentence.text) <= room:
            said.append(sentence.text)
    return " ".join(said)


def _tells(sentence: _Sentence) -> bool:
    return not sentence.replies and not sentence.text.endswith("?")


def _tone(sentences: Sequence[_Sentence], spoken: Language) -> str:
    if not sentences:
        return ""
    mean = sum(len(one.words) for one in sentences) / len(sentences)
    length = "short" if mean < _SHORT else "long" if mean > _LONG else "even"
    said = [prompts.phrase(f"tone_{length}", spoken)]
    for name, words in (("first", _FIRST), ("second", _SECOND)):
        having = sum(not words[one.language].isdisjoint(one.words) for one in sentences)
        if having > _OFTEN * len(sentences):
            said.append(prompts.phrase(f"tone_{name}", spoken))
    return "; ".join(said)


def _questions(
    passages: Sequence[Read],
    sentences: Sequence[_Sentence],
    asked: Iterable[str],
    spoken: Language,
) -> list[str]:
    """Those that came with the data, those in it, and then what its headings promise to answer."""
    found = [" ".join(one.split()) for one in asked]
    found += [one.text for one in sentences if one.text.endswith("?")]
    headings = dict.fromkeys(one.heading.rpartition("›")[2].strip() for one in passages)
    found += [
        heading if heading.endswith("?") else prompts.phrase("profile_about", spoken, what=heading)
        for heading in headings
        if heading
    ]
    fit = [one for one in dict.fromkeys(found) if one and len(one) <= _LONGEST_QUESTION]
    return fit[:_QUESTIONS]
