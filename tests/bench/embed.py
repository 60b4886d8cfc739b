"""What it costs to read a person's documents: against the bare model, and when nothing changed."""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from daemon.config import Paths, load_config
from daemon.index import IndexWriter
from daemon.models.embedder import Vectors
from daemon.models.minilm import MiniLM
from daemon.models.minilm_files import find_model
from daemon.protocol.values import SourceKind
from embed_tool.parsing import ParseLimits, Parsers
from embed_tool.refresh import Refresh
from embed_tool.report import JsonReport
from tests.bench.table import Row
from tests.support.embed_cli import EmbedTool

SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "handbook"
FILES = 10_000


def rows() -> list[Row]:
    return [*_embedding(), *_nothing_changed()]


def _embedding() -> list[Row]:
    """The same passages, in the same minute: through the tool, and through the model alone."""
    model = find_model(Paths.from_environment(os.environ).models_dirs)
    if model is None:
        return [Row("passages embedded a second, from files", "no weights here")]
    with tempfile.TemporaryDirectory() as folder:
        embedder = MiniLM.load(model, Path(folder))
        embedder.embed_query("so that the model is loaded")
        first, texts = _through_the_tool(Path(folder) / "1", embedder)
        began = time.perf_counter()
        embedder.embed_passages(texts)
        bare = time.perf_counter() - began
        second, _ = _through_the_tool(Path(folder) / "2", embedder)
    passages, took = first[0] + second[0], first[1] + second[1]
    rate, reference = passages / took, passages / (2 * bare)
    return [
        Row(
            "passages embedded a second, from files",
            f"{rate:.0f}/s",
            "≥ 85 % of the model's",
            f"{rate / reference:.0%} of {reference:.0f}/s ({len(texts) / first[0]:.1f} windows each)",
            rate >= 0.85 * reference,
        )
    ]


class _Recording:
    """A model that remembers what it was given."""

    def __init__(self, model: MiniLM) -> None:
        self.name, self.dimensions, self.remote = model.name, model.dimensions, model.remote
        self.embed_query, self.piece_spans = model.embed_query, model.piece_spans
        self.close = model.close
        self.texts = list[str]()
        self._model = model

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return self._model.embed_passages(texts)


def _through_the_tool(home: Path, model: MiniLM) -> tuple[tuple[int, float], list[str]]:
    """Passages and seconds; and what the model was given."""
    paths = Paths.from_environment(EmbedTool(home).environment)
    settings = load_config(paths, {}).index
    recording = _Recording(model)
    with IndexWriter.open(paths, recording) as writer, Path(os.devnull).open("w") as nowhere:
        source = writer.add_source(SourceKind.DOCUMENTS, str(SAMPLE), "sample", private=False)
        parsers = Parsers(ParseLimits.of(settings))
        began = time.perf_counter()
        run = Refresh(writer, parsers, settings, JsonReport(nowhere), "en")
        tally = run.run(source, frozenset())
        took = time.perf_counter() - began
        parsers.close()
    return (tally.passages, took), recording.texts


def _nothing_changed() -> list[Row]:
    """The whole command, start and end included."""
    with tempfile.TemporaryDirectory() as folder:
        tool, files = EmbedTool(Path(folder)), Path(folder) / "files"
        for n in range(FILES):
            path = files / f"{n // 100}" / f"{n}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# File {n}\n\nIt is about topic {n}.\n")
        tool.json("add", files)
        took = []
        for _ in range(3):
            began = time.perf_counter()
            result = tool.json("refresh")
            took.append(time.perf_counter() - began)
            assert result["files"]["unchanged"] == FILES
        began = time.perf_counter()
        found = sum(len(names) for _, _, names in os.walk(files))
        walked = time.perf_counter() - began
        assert found == FILES
    best = sorted(took)[1]
    return [
        Row(
            f"refresh with nothing changed, {FILES:,} files",
            f"{best:.2f} s",
            "≤ 1.5 s",
            f"{best / walked:.0f} × os.walk alone",
            best <= 1.5,
        )
    ]
