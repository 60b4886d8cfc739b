"""A dictionary learned from what an agent's data says in both languages (IBM Model 1)."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from daemon.agents.child.material import AgentPassage
from daemon.index import Index, language
from daemon.index.candidates import first_vectors
from daemon.index.language import Language
from daemon.index.retrieval_model import MAX_TRANSLATED, Translations
from daemon.models.embedder import Vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_PAIRS: Final = 1_000
"""Of passages that say the same: more hardly teach more words."""
_BUCKETS: Final = 4096
_GRAM: Final = 4
_SIMILAR: Final = 0.25
_MARGIN: Final = 1.15
"""By how much the best counterpart must be better than the second."""
_ROUNDS: Final = 8
_LIKELY, _LIKELY_BACK = 0.1, 0.05
_MOST_WORDS: Final = 3
_STEMS: Final = 400
"""Of one text: the table of a pair grows with the product of both."""
_CELLS: Final = 4_000_000
"""Of all tables: some hundred bytes each. Passages are long enough to come to twenty times that."""
_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+|\n+")


def aligned(index: Index, passages: Sequence[AgentPassage]) -> list[tuple[int, int]]:
    """Ids of passages that say the same, Portuguese and English: each the other's best counterpart,
    clearly, by the beginnings and parts of words that the languages share, and by meaning.
    """
    one, other = (
        [passage for passage in passages if passage.language == of] for of in ("pt", "en")
    )
    if not one or not other:
        return []
    similar = _grams(one) @ _grams(other).T
    ids = [passage.id for passage in (*one, *other)]
    vectors = None
    if index.embedder is not None:
        vectors = index.look(lambda db: first_vectors(db, ids), None)
    if vectors is not None:
        similar = (similar + vectors[: len(one)] @ vectors[len(one) :].T) / 2
    best = similar.argmax(axis=1)
    found = []
    for at, to in enumerate(best):
        score = similar[at, to]
        second = max(_second(similar[at], to), _second(similar[:, to], at))
        if score >= _SIMILAR and score >= _MARGIN * second:
            found.append((float(score), one[at].id, other[int(to)].id))
    found.sort(key=lambda pair: (-pair[0], pair[1]))
    return [(first, second) for _, first, second in found[:MOST_PAIRS]]


def _second(row: "NDArray[Any]", best: int) -> float:
    """The highest of the others."""
    import numpy as np

    return float(np.delete(row, best).max(initial=0.0))


def _grams(passages: Sequence[AgentPassage]) -> Vectors:
    """Rare 4-grams count more; hashed, as nobody needs their names."""
    import numpy as np

    counts = np.zeros((len(passages), _BUCKETS), dtype=np.float32)
    for row, passage in enumerate(passages):
        content = language.without_stop_words(passage.words, passage.language)
        text = f" {' '.join(content)} "
        grams = Counter(text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1))
        for gram, count in grams.items():
            counts[row, _bucket(gram)] += count
    rarity = np.log((len(passages) + 1) / ((counts > 0).sum(axis=0) + 1)) + 0.1
    weighted = np.log1p(counts) * rarity
    found: Vectors = weighted / (np.linalg.norm(weighted, axis=1, keepdims=True) + 1e-9)
    return found.astype(np.float32)


def _bucket(gram: str) -> int:
    """As `hash`, but the same in every process."""
    number = 0
    for char in gram:
        number = (number * 31 + ord(char)) % 2_147_483_647
    return number % _BUCKETS


@dataclass(frozen=True, slots=True)
class Dictionary:
    """From stems to words of the other language, both ways."""

    english: Translations
    portuguese: Translations

    def by_language(self) -> dict[Language, Translations]:
        given: dict[Language, Translations] = {"en": self.english, "pt": self.portuguese}
        return {of: found for of, found in given.items() if found}


def learn(both: Sequence[tuple[AgentPassage, AgentPassage]]) -> Dictionary:
    """From passages that say the same, Portuguese first."""
    portuguese, english = _Words("pt"), _Words("en")
    texts = [
        (portuguese.numbers(one), english.numbers(other))
        for pair in both
        for one, other in _sentences(*pair)
    ]
    texts = _within(_CELLS, [(one, other) for one, other in texts if one and other])
    if not texts:
        return Dictionary({}, {})
    cells = _cells(texts)
    there = _model_1(cells.one, cells.other, cells.text, cells.count)
    back = _model_1(cells.other, cells.one, cells.text, cells.count)
    return Dictionary(
        english=_likely((cells.other, cells.one), (back, there), english, portuguese),
        portuguese=_likely((cells.one, cells.other), (there, back), portuguese, english),
    )


class _Words:
    """Numbers for the stems of one language, and the word that most often stands for each."""

    def __init__(self, of: Language) -> None:
        self._of = of
        self.stems: dict[str, int] = {}
        self._spelled = defaultdict[str, Counter[str]](Counter)

    def numbers(self, text: str) -> list[int]:
        words = language.without_stop_words(language.words(text), self._of)[:_STEMS]
        found = []
        for word, stem in zip(words, language.stem(words, self._of), strict=True):
            self._spelled[stem][word] += 1
            found.append(self.stems.setdefault(stem, len(self.stems)))
        return found

    def word(self, stem: str) -> str:
        return min(self._spelled[stem].items(), key=lambda item: (-item[1], item[0]))[0]


def _sentences(one: AgentPassage, other: AgentPassage) -> Iterator[tuple[str, str]]:
    """Sentence by sentence where both have as many, else as a whole."""
    first, second = (_SENTENCE.split(passage.text.strip()) for passage in (one, other))
    if len(first) == len(second):
        yield from zip(first, second, strict=True)
    else:
        yield one.text, other.text


def _within(
    cells: int, texts: Sequence[tuple[list[int], list[int]]]
) -> list[tuple[list[int], list[int]]]:
    """From the first on, those that are most alike, as many as there is room for."""
    found = []
    for one, other in texts:
        cells -= len(set(one)) * len(set(other))
        if cells < 0:
            break
        found.append((one, other))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Which stem of the one stands beside which of the other, in which text, how often."""

    one: "NDArray[Any]"
    other: "NDArray[Any]"
    text: "NDArray[Any]"
    count: "NDArray[Any]"


def _cells(texts: Sequence[tuple[list[int], list[int]]]) -> _Cells:
    import numpy as np

    ones, others, numbers, counts = [], [], [], []
    for number, (first, second) in enumerate(texts):
        one, of_one = np.unique(first, return_counts=True)
        other, of_other = np.unique(second, return_counts=True)
        ones.append(np.repeat(one, len(other)))
        others.append(np.tile(other, len(one)))
        counts.append(np.outer(of_one, of_other).ravel())
        numbers.append(np.full(len(one) * len(other), number))
    return _Cells(*(np.concatenate(part) for part in (ones, others, numbers, counts)))


def _model_1(
    source: "NDArray[Any]", target: "NDArray[Any]", text: "NDArray[Any]", count: "NDArray[Any]"
) -> "NDArray[Any]":
    """By cell the probability of the target stem given that of the source."""
    import numpy as np

    targets = int(target.max()) + 1
    pairs, pair = np.unique(source * targets + target, return_inverse=True)
    slots, slot = np.unique(text * targets + target, return_inverse=True)
    given = pairs // targets
    probability = np.full(len(pairs), 1.0)
    for _ in range(_ROUNDS):
        each = probability[pair] * count
        each /= np.bincount(slot, each, minlength=len(slots))[slot]
        # Every place of the target in its text is to be explained once.
        summed = np.bincount(pair, each, minlength=len(pairs))
        probability = summed / np.bincount(given, summed)[given]
    found: NDArray[Any] = probability[pair]
    return found


def _likely(
    stems_of: "tuple[NDArray[Any], NDArray[Any]]",
    probability: "tuple[NDArray[Any], NDArray[Any]]",
    known: _Words,
    spoken: _Words,
) -> Translations:
    """Those that both directions believe in, likeliest first."""
    import numpy as np

    (source, target), (there, back) = stems_of, probability
    likely = np.flatnonzero((there >= _LIKELY) & (back >= _LIKELY_BACK))
    stems, words = list(known.stems), list(spoken.stems)
    found = defaultdict[str, dict[str, float]](dict)
    for at in likely:
        word = spoken.word(words[int(target[at])])
        found[stems[int(source[at])]][word] = round(float(there[at]), 3)
    ordered = {
        stem: tuple(sorted(given.items(), key=lambda item: (-item[1], item[0]))[:_MOST_WORDS])
        for stem, given in sorted(found.items())
    }
    return dict(list(ordered.items())[:MAX_TRANSLATED])
