"""The recipe of hybrid search: exact scores of every candidate on each side, and their sum.

Weights, columns and formulas were measured on nine collections in English and Portuguese; see
`python -m tests.eval.retrieval`, which notices when a change here makes them worse.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from daemon.index import language
from daemon.index.language import Language
from daemon.index.schema import STEM_MARK
from daemon.models.embedder import Vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEPTH: Final = 50
"""Candidates from each side; 20 to 400 make no difference."""

TITLE, BODY, TITLE_STEM, BODY_STEM = 0.2, 0.1, 2.0, 1.0
"""What a word counts by its column: the stem decides, the very form adds to it."""

K1, B = 1.2, 0.75
"""Of BM25, as FTS5 has them."""

_GRAM: Final = 4
_NEIGHBOURS: Final = 3
_TOGETHER: Final = 6


@dataclass(frozen=True, slots=True)
class Weights:
    keyword: float
    grams: float
    vector: float


WEIGHTS: Final[dict[Language, Weights]] = {
    "en": Weights(keyword=0.4, grams=0.0, vector=0.6),
    # MiniLM is an English model. Character n-grams find what the stemmer takes apart, and words
    # that the two languages share.
    "pt": Weights(keyword=0.35, grams=0.3, vector=0.35),
}


@dataclass(frozen=True, slots=True)
class Query:
    """The words that count, repeated if they are, and their stems in the same order.

    `added`: further stems with what each counts, `gloss`: the question in another language, word by
    word; both from what an agent learned.
    """

    text: str
    language: Language
    words: tuple[str, ...]
    stems: tuple[str, ...]
    added: tuple[tuple[str, float], ...] = ()
    gloss: str = ""

    @staticmethod
    def of(text: str, default: Language) -> "Query":
        of = language.detect(text, default)
        words = language.without_stop_words(language.words(text), of)
        return Query(text, of, tuple(words), tuple(language.stem(words, of)))

    def terms(self) -> list[str]:
        """As the keyword table has them, each once."""
        stems = (*self.stems, *(stem for stem, _ in self.added))
        return list(dict.fromkeys([*self.words, *(STEM_MARK + stem for stem in stems)]))


@dataclass(slots=True)
class Candidate:
    """A passage that either side found, as its folded words. `work`: the document that it is from,
    or the first of those that have the same title. `cosine`: of its best window, `vector`: its first
    one; None without vectors.
    """

    id: int
    title: list[str]
    body: list[str]
    language: str
    length: int
    cosine: float | None = None
    vector: Vectors | None = None
    work: int = 0
    keyword: float = 0.0
    grams: float = 0.0
    score: float = field(default=0.0)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the collection: how many passages, their mean length, and in how many each term is."""

    passages: int
    mean_length: float
    frequency: Mapping[str, int]

    def weight(self, term: str) -> float:
        """Inverse document frequency as Lucene has it: FTS5's is zero for a word that half of the
        passages have, which in a small collection is what one asks for.
        """
        found = self.frequency.get(term, 0)
        return math.log(1 + (self.passages - found + 0.5) / (found + 0.5))


def score_keywords(query: Query, candidates: Sequence[Candidate], statistics: Statistics) -> None:
    """BM25 of every candidate, also of those that only the vectors found."""
    weighted_words = [(word, statistics.weight(word)) for word in query.words]
    weighted_stems = [(stem, statistics.weight(STEM_MARK + stem)) for stem in query.stems]
    weighted_stems += [(s, share * statistics.weight(STEM_MARK + s)) for s, share in query.added]
    initials = {stem[0] for stem, _ in weighted_stems}
    for candidate in candidates:
        title = Counter(candidate.title)
        body = Counter(candidate.body)
        stems = _stem_counts(title, body, candidate.language, initials)
        norm = K1 * (1 - B + B * candidate.length / statistics.mean_length)
        total = 0.0
        for word, weight in weighted_words:
            count = TITLE * title[word] + BODY * body[word]
            total += weight * count * (K1 + 1) / (count + norm)
        for stem, weight in weighted_stems:
            count = stems.get(stem, 0.0)
            total += weight * count * (K1 + 1) / (count + norm)
        candidate.keyword = total


def _stem_counts(
    title: Counter[str], body: Counter[str], of: str, initials: set[str]
) -> dict[str, float]:
    """Weighted counts of stems; only of words that begin as one of the query's: no stemmer
    changes a word's first letter, and stemming is what takes the time here.
    """
    counts: dict[str, float] = {}
    for column, weight in ((title, TITLE_STEM), (body, BODY_STEM)):
        words = [word for word in column if word[0] in initials]
        for word, stem in zip(words, language.stem(words, language.known(of)), strict=True):
            counts[stem] = counts.get(stem, 0.0) + weight * column[word]
    return counts


def score_grams(query: Query, candidates: Sequence[Candidate]) -> None:
    """BM25 over character 4-grams, with the candidates as the collection: no index is needed."""
    grams = Counter(_grams(" ".join(query.words)))
    if query.gloss:
        grams += Counter(_grams(query.gloss))
    texts = [f" {' '.join([*one.title, *one.body])} " for one in candidates]
    mean_length = sum(map(len, texts)) / max(1, len(texts))
    counts = {gram: [text.count(gram) for text in texts] for gram in grams}
    norms = [K1 * (1 - B + B * len(text) / mean_length) for text in texts]
    for gram, repeated in grams.items():
        containing = sum(count > 0 for count in counts[gram])
        weight = math.log(1 + (len(texts) - containing + 0.5) / (containing + 0.5))
        for candidate, count, norm in zip(candidates, counts[gram], norms, strict=True):
            if count:
                candidate.grams += repeated * weight * count * (K1 + 1) / (count + norm)


def _grams(text: str) -> list[str]:
    padded = f" {text} "
    return [padded[at : at + _GRAM] for at in range(len(padded) - _GRAM + 1)]


def fuse(
    candidates: Sequence[Candidate], weights: Weights, neighbours: float = 0.0
) -> list[Candidate]:
    """Best first. Each side is divided by its best, so that the two can be added. `neighbours`: as
    in `smoothed`.
    """
    sides = [
        (weights.keyword, [one.keyword for one in candidates]),
        (weights.grams, [one.grams for one in candidates]),
        (weights.vector, [max(0.0, one.cosine or 0.0) for one in candidates]),
    ]
    weighing = sum(weight for weight, _ in sides)
    for weight, scores in sides:
        best = max(scores, default=0.0)
        if weight and best > 0:
            for candidate, score in zip(candidates, scores, strict=True):
                candidate.score += weight / weighing * score / best
    vectors = [one.vector for one in candidates if one.vector is not None]
    if neighbours and len(vectors) == len(candidates):
        import numpy as np

        joined = np.array([one.score for one in candidates])
        alike = nearest(np.stack(vectors), [one.work for one in candidates])
        smooth = smoothed(joined, alike, neighbours)
        for candidate, score in zip(candidates, smooth.tolist(), strict=True):
            candidate.score = score
    # The sort is stable: equals stay as the sides brought them.
    return sorted(candidates, key=lambda candidate: -candidate.score)


Alike = tuple["NDArray[Any]", "NDArray[Any]"]
"""For each candidate the places of those most like it, and how alike they are."""


def nearest(vectors: Vectors, works: Sequence[int]) -> Alike:
    """In other works alone: that those agree tells something."""
    import numpy as np

    # In parts so small that they take no second thread: waking it takes longer than the rest.
    parts = [vectors[at : at + _TOGETHER] @ vectors.T for at in range(0, len(vectors), _TOGETHER)]
    alike = np.concatenate(parts)
    of = np.asarray(works)
    alike[of[:, None] == of[None, :]] = 0.0
    kept = min(_NEIGHBOURS, len(vectors))
    places = np.argpartition(-alike, kept - 1, axis=1)[:, :kept]
    return places, np.maximum(np.take_along_axis(alike, places, axis=1), 0.0)


def smoothed(scores: "NDArray[Any]", alike: Alike, share: float) -> "NDArray[Any]":
    """That share of each score comes from the candidates nearest to it: where several works answer a
    question they say alike, and what the question missed in one it found in another.
    """
    import numpy as np

    places, weights = alike
    total = weights.sum(axis=1)
    around = (scores[places] * weights).sum(axis=1) / np.maximum(total, 1e-9)
    found: NDArray[Any] = np.where(total > 0, (1 - share) * scores + share * around, scores)
    return found
