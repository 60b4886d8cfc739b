"""What an agent learned for finding its passages: applied to each question, stored as bytes."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from daemon.index import language
from daemon.index.hybrid import WEIGHTS, Query, Weights
from daemon.index.language import Language
from daemon.models.embedder import Vectors
from daemon.protocol import codec
from daemon.protocol.errors import AGENT_MODEL_DAMAGED, AlvoError

MAX_BYTES: Final = 4 * 1024**2
MAX_RANK: Final = 64
"""Of an adapter: more was never worth it, and at this one it costs a question microseconds."""
MAX_DIMENSIONS: Final = 4096
MAX_RELATED: Final = 2_000
MAX_TRANSLATED: Final = 20_000
MAX_EACH: Final = 8
"""Words that one word may bring along."""
MAX_PHRASE: Final = 6
"""Words of a name that has an abbreviation."""
_MOST_CHARS: Final = 64
_MOST_LETTERS: Final = 400
_LARGEST: Final = 100.0

_RELATED: Final = 0.5
"""What a related word counts beside one that was asked for."""

_MAGIC: Final = b"alvo retrieval model 1\n"
_DIGEST: Final = 32
_LENGTH: Final = 4

Translations = Mapping[str, tuple[tuple[str, float], ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """Moves a question's vector towards those of the passages that answer such questions: to
    `q + (q @ left) @ right`. Both of shape (dimensions, rank) and (rank, dimensions). It holds for
    the vectors of one embedder alone.
    """

    embedder: str
    left: Vectors
    right: Vectors

    def fits(self, vector: Vectors, embedder: str) -> bool:
        """By its shape as well: one that was taken in may have given itself any embedder's name."""
        return self.embedder == embedder and len(self.left) == len(vector)

    def moved(self, vector: Vectors) -> Vectors:
        return unit(vector + (vector @ self.left) @ self.right)


@dataclass(frozen=True, eq=False)
class RetrievalModel:
    """Without anything it changes nothing.

    `weights`: in place of the recipe's, by the question's language. `related`: folded words of a
    phrase, one space between, to the words that stand for the same. `translations`: by the
    question's language, from a stem to words of the other one, likeliest first, with their
    probabilities. `glossed`: how much of a question's vector is that of its translation.
    `neighbours`: how much of a passage's score comes from those most like it.
    """

    weights: Mapping[Language, Weights] = field(default_factory=dict)
    adapter: Adapter | None = None
    related: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    translations: Mapping[Language, Translations] = field(default_factory=dict)
    glossed: float = 0.0
    neighbours: float = 0.0

    def weights_for(self, asked: Language) -> Weights:
        return self.weights.get(asked, WEIGHTS[asked])

    def expanded(self, query: Query) -> Query:
        """With the words that stand for those of the question, and its translation."""
        added = dict(self._related_stems(query))
        translated = self.translations.get(query.language, {})
        gloss: list[str] = []
        other: Language = "en" if query.language == "pt" else "pt"
        for word, stem in zip(query.words, query.stems, strict=True):
            found = translated.get(stem, ())
            gloss.append(found[0][0] if found else word)
            stems = language.stem([one for one, _ in found], other)
            for one, (_, probability) in zip(stems, found, strict=True):
                added[one] = added.get(one, 0.0) + probability
        for stem in query.stems:
            added.pop(stem, None)
        text = " ".join(gloss) if gloss != list(query.words) else ""
        return replace(query, added=tuple(added.items()), gloss=text)

    def vector(self, asked: Vectors, gloss: Vectors | None, embedder: str) -> Vectors:
        """From the question's own vector and that of its translation, if it has one."""
        vector = asked
        if gloss is not None and self.glossed:
            vector = unit((1 - self.glossed) * vector + self.glossed * gloss)
        if self.adapter is not None and self.adapter.fits(vector, embedder):
            vector = self.adapter.moved(vector)
        return vector

    def to_bytes(self) -> bytes:
        """The same model gives the same bytes."""
        stored = _Stored(
            weights={of: self.weights[of] for of in sorted(self.weights)},
            related=dict(sorted(self.related.items())),
            translations={
                of: dict(sorted(self.translations[of].items())) for of in sorted(self.translations)
            },
            glossed=self.glossed,
            neighbours=self.neighbours,
            adapter=None,
        )
        matrices = b""
        if self.adapter is not None:
            left, right = self.adapter.left, self.adapter.right
            shape = _Shape(self.adapter.embedder, left.shape[0], left.shape[1])
            stored = replace(stored, adapter=shape)
            matrices = left.astype("<f4").tobytes() + right.astype("<f4").tobytes()
        text = codec.encode(stored)
        content = len(text).to_bytes(_LENGTH, "big") + text + matrices
        return _MAGIC + hashlib.sha256(content).digest() + content

    @staticmethod
    def from_bytes(given: bytes) -> "RetrievalModel":
        """Raises AGENT_MODEL_DAMAGED for anything that `to_bytes` would not give."""
        try:
            return _read(given)
        except (codec.Malformed, ValueError, UnicodeError) as error:
            raise AlvoError(AGENT_MODEL_DAMAGED, reason=str(error)) from error

    @cached_property
    def _longest(self) -> int:
        return max((phrase.count(" ") + 1 for phrase in self.related), default=0)

    def _related_stems(self, query: Query) -> Iterator[tuple[str, float]]:
        if not self.related:
            return
        # With its stop words: a name may have some in it.
        words = language.words(query.text)
        for length in range(1, self._longest + 1):
            for first in range(len(words) - length + 1):
                found = self.related.get(" ".join(words[first : first + length]), ())
                content = language.without_stop_words(found, query.language)
                # Several words for one count together as one.
                for stem in language.stem(content, query.language):
                    yield stem, _RELATED / max(1.0, math.sqrt(len(content)))


UNTRAINED: Final = RetrievalModel()


def unit(vector: Any) -> Vectors:
    """Of length one, as every embedder gives them."""
    import numpy as np

    length = float(np.linalg.norm(vector))
    moved: Vectors = np.asarray(vector / (length or 1.0), dtype=np.float32)
    return moved


@dataclass(frozen=True, slots=True)
class _Shape:
    embedder: str
    dimensions: int
    rank: int


@dataclass(frozen=True, slots=True)
class _Stored:
    weights: dict[Language, Weights]
    related: dict[str, tuple[str, ...]]
    translations: dict[Language, dict[str, tuple[tuple[str, float], ...]]]
    glossed: float
    neighbours: float
    adapter: _Shape | None


def _read(given: bytes) -> RetrievalModel:
    _require(len(given) <= MAX_BYTES, "too large")
    _require(given.startswith(_MAGIC), "not a retrieval model of this version")
    digest, content = given[len(_MAGIC) :][:_DIGEST], given[len(_MAGIC) + _DIGEST :]
    _require(hashlib.sha256(content).digest() == digest, "its digest does not fit")
    end = _LENGTH + int.from_bytes(content[:_LENGTH], "big")
    _require(end <= len(content), "cut off")
    stored = codec.decode(content[_LENGTH:end], _Stored)
    _check(stored)
    model = RetrievalModel(
        weights=stored.weights,
        adapter=_adapter(stored.adapter, content[end:]),
        related=stored.related,
        translations=stored.translations,
        glossed=stored.glossed,
        neighbours=stored.neighbours,
    )
    # Unknown fields, another order, blanks: whatever else could hide in it.
    _require(model.to_bytes() == given, "not as it was written")
    return model


def _check(stored: _Stored) -> None:
    for weights in stored.weights.values():
        values = (weights.keyword, weights.grams, weights.vector)
        _require(all(0 <= one <= 1 for one in values) and sum(values) > 0, "weights out of range")
    shares = (stored.glossed, stored.neighbours)
    _require(all(0 <= share <= 1 for share in shares), "a share out of range")
    _require(len(stored.related) <= MAX_RELATED, "too many related words")
    for phrase, found in stored.related.items():
        _require(_is_phrase(phrase) and 0 < len(found) <= MAX_EACH, "wrong related words")
        _require(all(map(_is_word, found)), "wrong related words")
    for translated in stored.translations.values():
        _require(len(translated) <= MAX_TRANSLATED, "too many translations")
        for stem, pairs in translated.items():
            _require(_is_word(stem) and 0 < len(pairs) <= MAX_EACH, "wrong translations")
            _require(all(_is_word(word) and 0 < p <= 1 for word, p in pairs), "wrong translations")


def _is_word(text: str) -> bool:
    return len(text) <= _MOST_CHARS and language.words(text) == [text]


def _is_phrase(text: str) -> bool:
    found = language.words(text[:_MOST_LETTERS])
    return 0 < len(found) <= MAX_PHRASE and " ".join(found) == text


def _adapter(shape: _Shape | None, matrices: bytes) -> Adapter | None:
    import numpy as np

    if shape is None:
        _require(not matrices, "more than it says")
        return None
    fits = 0 < shape.dimensions <= MAX_DIMENSIONS and 0 < shape.rank <= MAX_RANK
    _require(fits, "an adapter of a wrong shape")
    size = shape.dimensions * shape.rank
    _require(len(matrices) == 2 * 4 * size, "an adapter of a wrong size")
    numbers = np.frombuffer(matrices, dtype="<f4").astype(np.float32)
    _require(bool(np.all(np.abs(numbers) <= _LARGEST)), "an adapter out of range")
    left = numbers[:size].reshape(shape.dimensions, shape.rank)
    right = numbers[size:].reshape(shape.rank, shape.dimensions)
    return Adapter(shape.embedder[:_MOST_LETTERS], left, right)


def _require(fits: bool, otherwise: str) -> None:
    if not fits:
        raise ValueError(otherwise)
