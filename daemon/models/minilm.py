"""all-MiniLM-L6-v2, run on this machine: the door to onnxruntime and tokenizers."""

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from daemon.models.embedder import Vectors
from daemon.models.minilm_files import SHA256, SIZES, TOKENIZER, WEIGHTS, fetch_model, find_model
from daemon.models.minilm_graph import DIMENSIONS, VERSION, build_graph
from daemon.protocol.errors import EMBEDDER_FAILED, EMBEDDER_MISSING, MODEL_FILE_WRONG, AlvoError

__all__ = ["MiniLM", "fetch_model", "find_model"]

NAME: Final = f"minilm:{SHA256[WEIGHTS][:8]}"
MAX_TOKENS: Final = 256
_BATCH_TOKENS: Final = 4096
"""Tokens in a batch, padding included: it bounds the memory of a run, not its speed."""
_MAX_THREADS: Final = 2
_GRAPH: Final = f"graph-{VERSION}.onnx"


class MiniLM:
    """Loads on its first use (a third of a second), then stays."""

    name = NAME
    dimensions = DIMENSIONS
    remote = False

    def __init__(self, model: Path, cache_dir: Path | None = None) -> None:
        self._model = model
        self._cache_dir = cache_dir
        self._lock = threading.Lock()
        self._tokenizer: Any = None
        self._session: Any = None

    @classmethod
    def load(cls, model: Path, cache_dir: Path | None = None) -> "MiniLM":
        """`model`: the directory with both files; `cache_dir`: where the graph may be kept if not
        there. Raises EMBEDDER_MISSING, MODEL_FILE_WRONG.
        """
        for name, size in SIZES.items():
            try:
                found = (model / name).stat().st_size
            except OSError as error:
                raise AlvoError(EMBEDDER_MISSING) from error
            if found != size:
                raise AlvoError(MODEL_FILE_WRONG, path=str(model / name))
        return cls(model, cache_dir)

    def close(self) -> None:
        """It has no connections, and goes with the process."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        if not texts:
            return vectors
        encodings = self._get_tokenizer().encode_batch(list(texts))
        session = self._get_session()
        for batch in _batches([len(encoding.ids) for encoding in encodings]):
            vectors[batch] = _run(session, [encodings[n].ids for n in batch])
        return vectors

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed_passages([text])[0]
        return vector

    def piece_spans(self, text: str) -> list[tuple[int, int]]:
        # Encoded without the limit: the whole text is to be cut into windows.
        encoding = self._get_tokenizer(limited=False).encode(text, add_special_tokens=False)
        spans: list[tuple[int, int]] = encoding.offsets
        return spans

    def _get_tokenizer(self, limited: bool = True) -> Any:
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = (
                    _open_tokenizer(self._model, MAX_TOKENS),
                    _open_tokenizer(self._model, None),
                )
            return self._tokenizer[0 if limited else 1]

    def _get_session(self) -> Any:
        with self._lock:
            if self._session is None:
                self._session = _open_session(self._model, self._cache_dir)
            return self._session


def _open_tokenizer(model: Path, limit: int | None) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / TOKENIZER))
    # The file has padding and truncation at 128 baked in.
    tokenizer.no_padding()
    if limit is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(limit)
    return tokenizer


def _batches(lengths: list[int]) -> list[list[int]]:
    """Indexes of texts in batches of like length, so that little is computed on padding."""
    batches: list[list[int]] = []
    for n in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        # The first of a batch is its longest: all others are padded to it.
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= _BATCH_TOKENS:
            batches[-1].append(n)
        else:
            batches.append([n])
    return batches


def _run(session: Any, ids: list[list[int]]) -> Vectors:
    import numpy as np

    longest = max(map(len, ids))
    padded = np.zeros((len(ids), longest), dtype=np.int64)
    mask = np.zeros_like(padded)
    for row, text in enumerate(ids):
        padded[row, : len(text)] = text
        mask[row, : len(text)] = 1
    try:
        vectors: Vectors = session.run(["vectors"], {"ids": padded, "mask": mask})[0]
    except Exception as error:
        raise AlvoError(EMBEDDER_FAILED, reason=str(error)) from error
    return vectors


def _open_session(model: Path, cache_dir: Path | None) -> Any:
    # Else it makes an id for this machine and sends events to its maker, from its import on.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(_MAX_THREADS, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # An arena never gives memory back, and the daemon lives for weeks.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    # Threads that spin between two questions would burn a core while nobody asks.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(model)
    )

    def session(graph: bytes) -> Any:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    places = [model / _GRAPH]
    if cache_dir is not None:
        places.append(cache_dir / f"minilm-{_GRAPH}")
    for place in places:
        # A kept graph that is damaged is as good as none.
        with contextlib.suppress(Exception):
            return session(place.read_bytes())
    try:
        graph = build_graph(model / WEIGHTS)
        opened = session(graph)
    except Exception as error:
        raise AlvoError(EMBEDDER_FAILED, reason=str(error)) from error
    any(_keep(place, graph) for place in places)
    return opened


def _keep(place: Path, content: bytes) -> bool:
    """Two processes may build at once: each writes its own file and renames it."""
    temporary = place.with_name(f".{place.name}-{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        return False
    return True
