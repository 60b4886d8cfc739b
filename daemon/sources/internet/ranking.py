"""Which passages of a page are about the question."""

import math
from collections import Counter
from typing import Final

from daemon.index import language
from daemon.index.language import Language
from daemon.sources.internet.pages import Page, PagePassage

# Okapi BM25 with its usual constants; the lengths of passages differ little.
_K1: Final = 1.2
_B: Final = 0.5
_PLACE_WEIGHT: Final = 2
"""A word of a heading counts as often as this."""


def best(page: Page, question: str, k: int) -> tuple[PagePassage, ...]:
    """At most `k`, the best first; the beginning of the page where none shares a word with it."""
    lang = language.detect(" ".join(passage.text for passage in page.passages[:20]))
    wanted = _wanted(question, lang)
    texts = [_stems(passage, lang) for passage in page.passages]
    scores = _scores(texts, wanted)
    order = sorted(range(len(texts)), key=lambda n: (-scores[n], n))
    return tuple(page.passages[n] for n in order if scores[n] > 0)[:k] or page.passages[:k]


def _wanted(question: str, lang: Language) -> frozenset[str]:
    """Stemmed as the page is; the stop words of both languages tell nothing."""
    stop = language.STOP_WORDS["en"] | language.STOP_WORDS["pt"]
    words = language.words(question)
    telling = [word for word in words if word not in stop and (len(word) > 1 or word.isdigit())]
    return frozenset(language.stem(telling, lang))


def _stems(passage: PagePassage, lang: Language) -> Counter[str]:
    heading = language.words(passage.place) * _PLACE_WEIGHT
    return Counter(language.stem([*heading, *language.words(passage.text)], lang))


def _scores(texts: list[Counter[str]], wanted: frozenset[str]) -> list[float]:
    if not texts or not wanted:
        return [0.0] * len(texts)
    lengths = [sum(text.values()) for text in texts]
    mean = sum(lengths) / len(lengths) or 1.0
    weights = {word: _rarity(word, texts) for word in wanted}
    scores = []
    for text, length in zip(texts, lengths, strict=True):
        norm = _K1 * (1 - _B + _B * length / mean)
        found = [word for word in wanted if text[word]]
        score = sum(weights[word] * text[word] * (_K1 + 1) / (text[word] + norm) for word in found)
        # One that has every word is better than one that repeats a single one.
        scores.append(score * len(found) / len(wanted))
    return scores


def _rarity(word: str, texts: list[Counter[str]]) -> float:
    having = sum(word in text for text in texts)
    return math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
