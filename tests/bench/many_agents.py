"""What many small agents cost: a search in one of a thousand, and the room they take."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable

from daemon.config import Paths
from daemon.index import Index, IndexWriter
from daemon.index.documents import ParsedPassage
from daemon.index.hybrid import Weights
from daemon.index.retrieval_model import Adapter, RetrievalModel
from daemon.index.storing import prepare, put
from daemon.protocol.values import SourceKind
from tests.bench.search import (
    QUERIES,
    QUERY_WORDS,
    RandomEmbedder,
    _document,
    _passage,
    _sentences,
)
from tests.bench.table import Row

AGENTS, PASSAGES = 1_000, 100
PASSAGE_CHARS = 400
"""Of one window each."""
VECTORS_MB = AGENTS * PASSAGES * RandomEmbedder.dimensions * 4 / 1e6


class _Forgetting:
    """Random vectors would only fill the cache."""

    def embed(self, texts: list[str], embedder: RandomEmbedder) -> object:
        return embedder.embed_passages(texts)


def rows() -> list[Row]:
    chance = random.Random(0)
    sentences = _sentences()
    queries = [" ".join(chance.choice(sentences).split()[:QUERY_WORDS]) for _ in range(QUERIES)]
    embedder = RandomEmbedder()
    with tempfile.TemporaryDirectory() as home:
        paths = Paths.from_environment({"HOME": home})
        _build(paths, embedder, sentences, chance)
        index = Index.open(paths, embedder)
        owners = [f"agent{chance.randrange(AGENTS)}@1" for _ in queries]
        plain = _median_ms(lambda at: index.search(queries[at], owner=owners[at]))
        model = _model(embedder)
        trained = _median_ms(lambda at: index.search(queries[at], owner=owners[at], model=model))
        size = index.status().size_bytes / 1e6
        index.close()
    return [
        _time("search in one of 1,000 agents of 100 passages: p50", plain),
        _time("  the same by what it learned", trained),
        Row(
            "index of 1,000 agents of 100 passages",
            f"{size:.0f} MB",
            f"≤ {2 * VECTORS_MB:.0f} MB",
            f"{size / VECTORS_MB:.2f} × their vectors",
            size <= 2 * VECTORS_MB,
        ),
    ]


def _build(
    paths: Paths, embedder: RandomEmbedder, sentences: list[str], chance: random.Random
) -> None:
    with IndexWriter.open(paths, embedder) as writer:
        for number in range(AGENTS):
            owner = f"agent{number}@1"
            source = writer.add_source(
                SourceKind.DOCUMENTS, owner, owner, private=False, owner=owner
            )
            texts = (_passage(sentences, chance)[:PASSAGE_CHARS] for _ in range(PASSAGES))
            passages = tuple(ParsedPassage(f"part {n}", text) for n, text in enumerate(texts))
            document = _document(owner, passages)
            for prepared in prepare([document], embedder, _Forgetting()):  # type: ignore[arg-type]  # a cache that forgets
                put(writer.db, source.id, prepared)
        writer.write_through()


def _model(embedder: RandomEmbedder) -> RetrievalModel:
    """As large as one is when everything was worth learning, but for what embeds a second time."""
    vectors = embedder.embed_passages([""] * 128)
    return RetrievalModel(
        weights={"en": Weights(0.5, 0.0, 0.5)},
        adapter=Adapter(embedder.name, vectors[:64].T / 8, vectors[64:] / 8),
        related={f"word{n}": ("workshop", "key") for n in range(1_000)},
        neighbours=0.15,
    )


def _median_ms(search: Callable[[int], object]) -> float:
    took = []
    for at in range(QUERIES):
        begun = time.perf_counter()
        search(at)
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


def _time(what: str, took: float) -> Row:
    return Row(what, f"{took:.1f} ms", "≤ 10 ms", "", took <= 10)
