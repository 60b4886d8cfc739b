"""Embedders for tests that are not about embedding: quick, and the same every time."""

import zlib
from collections.abc import Sequence

import numpy as np

from daemon.index.language import words
from daemon.models.embedder import Vectors


def direction(text: str, length: int) -> list[float]:
    """A vector, three times too long, that points where the words of a text do."""
    vector = [0.0] * length
    for word in words(text) or [""]:
        vector[zlib.crc32(word.encode()) % length] += 3.0
    return vector


class WordEmbedder:
    """Each word is a direction: texts that share words are near. It counts what it embeds."""

    dimensions = 64
    remote = False

    def __init__(self, name: str = "words:1") -> None:
        self.name = name
        self.embedded: list[str] = []

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words(text) or [""]:
                vectors[row, zlib.crc32(word.encode()) % self.dimensions] += 1
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed_passages([text])[0]
        return vector

    def close(self) -> None:
        """Nothing is open."""
