"""Against the same model written out in numpy: nothing but the formulas of its paper."""

import json
import math
import os
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest

from daemon.models.embedder import WordPieces
from daemon.models.minilm import MAX_TOKENS, MiniLM
from daemon.models.minilm_files import TOKENIZER, WEIGHTS
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from tests.support.model import model_directory

TEXTS = [
    "hello",
    "How many days of leave are there?",
    "Quantos dias de férias existem por ano?",
    "The quick brown fox jumps over the lazy dog. " * 20,
    "",
    "🙂 日本語 naïve — “quoted” 3.14 `rm -rf`",
]


@pytest.fixture(scope="module")
def directory():
    return model_directory()


@pytest.fixture(scope="module")
def model(directory, tmp_path_factory):
    return MiniLM.load(directory, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def weights(directory):
    with (directory / WEIGHTS).open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    content = np.memmap(directory / WEIGHTS, dtype=np.uint8, mode="r", offset=8 + length)
    return {
        name: np.frombuffer(
            content[entry["data_offsets"][0] : entry["data_offsets"][1]].tobytes(), np.float32
        ).reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


def reference(weights, ids):
    """The forward pass in double precision."""
    w = {name: value.astype(np.float64) for name, value in weights.items() if "word" not in name}
    erf = np.vectorize(math.erf)

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def heads(x):
        return x.reshape(len(ids), 12, 32).transpose(1, 0, 2)

    x = weights["embeddings.word_embeddings.weight"][ids].astype(np.float64)
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(6):
        at = f"encoder.layer.{layer}"
        q, k, v = (heads(linear(x, f"{at}.attention.self.{n}")) for n in ("query", "key", "value"))
        scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(32))
        mixed = (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(-1, 384)
        mixed = linear(mixed, f"{at}.attention.output.dense")
        x = norm(mixed + x, f"{at}.attention.output.LayerNorm")
        wide = linear(x, f"{at}.intermediate.dense")
        wide = wide * 0.5 * (1 + erf(wide / math.sqrt(2)))
        x = norm(linear(wide, f"{at}.output.dense") + x, f"{at}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def ids_of(directory, text):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(directory / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer.encode(text).ids


def test_vectors_are_those_of_the_formulas(directory, model, weights):
    expected = np.array([reference(weights, ids_of(directory, text)) for text in TEXTS])

    assert np.abs(model.embed_passages(TEXTS) - expected).max() < 1e-6


def test_a_text_has_the_same_vector_alone_and_among_others(model):
    together = model.embed_passages(TEXTS)

    for text, vector in zip(TEXTS, together, strict=True):
        assert np.abs(model.embed_query(text) - vector).max() < 1e-6


def test_vectors_have_unit_length_and_no_texts_give_none(model):
    np.testing.assert_allclose(np.linalg.norm(model.embed_passages(TEXTS), axis=1), 1, atol=1e-6)
    assert model.embed_passages([]).shape == (0, model.dimensions)


def test_what_goes_beyond_the_limit_is_left_out(model):
    long = "word " * 5000

    assert np.abs(model.embed_query(long) - model.embed_query(long * 2)).max() < 1e-6


def test_pieces_are_counted_over_the_whole_text(model):
    text = "whale " * 1000
    spans = model.piece_spans(text)

    assert isinstance(model, WordPieces)
    assert len(spans) == 1000
    assert all(text[start:end] == "whale" for start, end in spans)


def test_what_is_alike_is_nearer_than_what_is_not(model):
    asked = model.embed_query("How much holiday do I get?")
    near, far = model.embed_passages(["Employees have 30 days of leave.", "The pump is blue."])

    assert asked @ near > asked @ far


def test_the_graph_is_kept_in_the_cache_where_the_model_cannot_be_written_to(directory, tmp_path):
    mine = tmp_path / "model"
    mine.mkdir()
    for name in (WEIGHTS, TOKENIZER):
        shutil.copy(directory / name, mine / name)
    # A directory in the graph's place can be neither read nor replaced, not even by root.
    (mine / "graph-1.onnx" / "x").mkdir(parents=True)

    vector = MiniLM.load(mine, tmp_path / "cache").embed_query("hello")

    (kept,) = (tmp_path / "cache").iterdir()
    assert kept.stat().st_size < 100_000
    assert np.array_equal(MiniLM.load(mine, tmp_path / "cache").embed_query("hello"), vector)


def test_a_damaged_graph_is_built_anew(directory, tmp_path):
    mine = tmp_path / "model"
    mine.mkdir()
    for name in (WEIGHTS, TOKENIZER):
        shutil.copy(directory / name, mine / name)
    (mine / "graph-1.onnx").write_bytes(b"")

    MiniLM.load(mine).embed_query("hello")

    assert (mine / "graph-1.onnx").stat().st_size > 1000


def test_a_model_that_is_not_there_or_cut_off_is_told(tmp_path):
    with pytest.raises(AlvoError) as missing:
        MiniLM.load(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"short")
    with pytest.raises(AlvoError) as wrong:
        MiniLM.load(tmp_path)

    assert missing.value.type is errors.EMBEDDER_MISSING
    assert wrong.value.type is errors.MODEL_FILE_WRONG


def test_a_library_that_would_tell_its_maker_is_kept_from_it(directory, tmp_path):
    """What onnxruntime sends, it prepares in files: an id of the machine, a queue of events."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in ("CI", "XDG_CACHE_HOME") and not name.startswith("ORT_")
    }
    environ |= {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    program = (
        "import pathlib, sys; from daemon.models.minilm import MiniLM;"
        "MiniLM.load(pathlib.Path(sys.argv[1])).embed_query('hello')"
    )
    subprocess.run([sys.executable, "-c", program, str(directory)], env=environ, check=True)
    assert not list(tmp_path.rglob("*"))
