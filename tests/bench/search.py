"""What a hybrid search over 100,000 passages costs, in time and memory."""

import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from daemon.config import Paths
from daemon.index import Index, IndexWriter, ParsedDocument, ParsedPassage
from daemon.models.embedder import Vectors
from daemon.models.minilm import MiniLM
from daemon.protocol.values import (
    Digest,
    SearchMode,
    SourceKind,
    Timestamp,
)
from tests.bench.table import Row
from tests.support.model import model_directory

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
DOCUMENTS, PASSAGES_EACH = 5_000, 20
PASSAGE_CHARS = 450
QUERIES = 60
QUERY_WORDS = 14
ROUNDS = 3

_SENTENCE = re.compile(r"(?<=[.!?:])\s+")


class RandomEmbedder:
    """Unit vectors of no meaning: a search does the same work on them."""

    name = "random:1"
    dimensions = 384
    remote = False

    def __init__(self) -> None:
        self._random = np.random.default_rng(1)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        vectors = self._random.standard_normal((len(texts), self.dimensions), dtype=np.float32)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed_passages([text])[0]
        return vector


def rows() -> list[Row]:
    """The text is the sample's sentences, shuffled into passages."""
    chance = random.Random(0)
    sentences = _sentences()
    queries = [" ".join(chance.choice(sentences).split()[:QUERY_WORDS]) for _ in range(QUERIES)]
    embedder = RandomEmbedder()
    with tempfile.TemporaryDirectory() as home:
        paths = Paths.from_environment({"HOME": home})
        _build(paths, embedder, sentences, chance)
        private = _memory(home, queries)
        index = Index.open(paths, embedder)
        index.search(queries[0])
        hybrid = _median_ms(index.search, queries)
        keyword = _median_ms(lambda query: index.search(query, mode=SearchMode.KEYWORD), queries)
        index.close()
    scan = _numpy_scan_ms()
    return [
        Row(
            "hybrid search, 100,000 passages: p50",
            f"{hybrid:.1f} ms",
            "≤ 30 ms",
            f"{hybrid / scan:.1f} × a numpy scan of as many vectors",
            hybrid <= 30,
        ),
        Row(
            "keyword search, 100,000 passages: p50",
            f"{keyword:.1f} ms",
            "≤ 15 ms",
            f"{keyword / hybrid:.2f} × hybrid",
            keyword <= 15,
        ),
        Row(
            "index of 100,000 passages: private memory",
            f"{private:.1f} MB",
            "≤ 20 MB",
            "",
            private <= 20,
        ),
        _embedding(queries),
    ]


def _embedding(queries: list[str]) -> Row:
    """What a question costs before it is searched with."""
    model = MiniLM.load(model_directory())
    model.embed_query(queries[0])
    took = _median_ms(model.embed_query, queries)
    return Row("embedding a question: p50", f"{took:.1f} ms", "≤ 10 ms", "", took <= 10)


def _sentences() -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(SAMPLE.rglob("*.md"))]
    return [part for text in texts for part in _SENTENCE.split(text) if len(part) > 20]


def _build(
    paths: Paths, embedder: RandomEmbedder, sentences: list[str], chance: random.Random
) -> None:
    with IndexWriter.open(paths, embedder) as writer:
        source = writer.add_source(SourceKind.DOCUMENTS, "/bench", "bench", private=False)
        for number in range(DOCUMENTS):
            passages = tuple(
                ParsedPassage(f"part {n}", _passage(sentences, chance))
                for n in range(PASSAGES_EACH)
            )
            writer.put(source.id, _document(f"/bench/{number}", passages))
        writer.write_through()


def _passage(sentences: list[str], chance: random.Random) -> str:
    text = ""
    while len(text) < PASSAGE_CHARS:
        text += f"{chance.choice(sentences)} "
    return text[: PASSAGE_CHARS * 4 // 3]


def _document(path: str, passages: tuple[ParsedPassage, ...]) -> ParsedDocument:
    at = Timestamp("2026-01-01T00:00:00.000Z")
    return ParsedDocument(path, path, "en", at, 0, 0, Digest(""), passages)


def _median_ms(search: Callable[[str], object], queries: list[str]) -> float:
    took = []
    for _ in range(ROUNDS):
        for query in queries:
            begun = time.perf_counter()
            search(query)
            took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


def _numpy_scan_ms() -> float:
    random_embedder = RandomEmbedder()
    vectors = random_embedder.embed_passages([""] * (DOCUMENTS * PASSAGES_EACH))
    vector = random_embedder.embed_query("")
    return _median_ms(lambda _: np.argpartition(vectors @ vector, -10), [""] * 10)


def _memory(home: str, queries: list[str]) -> float:
    """In a process of its own: what building left behind would hide it."""
    command = [sys.executable, "-m", __name__, home]
    done = subprocess.run(
        command, input="\n".join(queries), capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _search_alone(home: str, queries: list[str]) -> float:
    """Megabytes that searching adds."""
    embedder = RandomEmbedder()
    embedder.embed_query("")
    before = _private_mb()
    index = Index.open(Paths.from_environment({"HOME": home}), embedder)
    for query in queries:
        index.search(query)
    return _private_mb() - before


def _private_mb() -> float:
    """Of this process alone: mapped files belong to the system's cache."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no RssAnon in /proc/self/status")


if __name__ == "__main__":
    print(_search_alone(sys.argv[1], sys.stdin.read().splitlines()))
