import numpy as np

from daemon.index.embeddings import EmbeddingCache
from tests.support.embedder import WordEmbedder


def test_a_text_is_embedded_once_and_its_vector_is_the_same_ever_after(tmp_path):
    embedder = WordEmbedder()
    cache = EmbeddingCache(tmp_path)
    first = cache.embed(["a whale", "a shark", "a whale"], embedder)
    cache.close()
    cache = EmbeddingCache(tmp_path)
    second = cache.embed(["a shark", "a whale"], embedder)
    cache.close()

    assert embedder.embedded == ["a whale", "a shark"]
    np.testing.assert_array_equal(first[[1, 0]], second)
    np.testing.assert_array_equal(first[0], first[2])


def test_two_models_do_not_share_vectors(tmp_path):
    cache = EmbeddingCache(tmp_path)
    other = WordEmbedder("words:2")
    cache.embed(["a whale"], WordEmbedder("words:1"))
    cache.embed(["a whale"], other)
    cache.close()

    assert other.embedded == ["a whale"]


def test_what_was_not_used_for_longest_goes_first_when_there_is_too_much(tmp_path):
    texts = [f"text {n}" for n in range(20)]
    size = WordEmbedder.dimensions * 4
    for used in (texts, texts[10:]):
        cache = EmbeddingCache(tmp_path, max_bytes=12 * size if used != texts else 20 * size)
        cache.embed(used, WordEmbedder())
        cache.close()
    embedder = WordEmbedder()
    cache = EmbeddingCache(tmp_path)
    cache.embed(texts[10:], embedder)
    assert embedder.embedded == []
    cache.embed(texts[:10], embedder)
    cache.close()

    assert len(embedder.embedded) > 8


def test_a_damaged_cache_is_begun_anew(tmp_path):
    (tmp_path / "embeddings.db").write_bytes(b"this is no database" * 1000)
    cache = EmbeddingCache(tmp_path)

    assert cache.embed(["a whale"], WordEmbedder()).shape == (1, WordEmbedder.dimensions)
    assert cache.embed([], WordEmbedder()).shape == (0, WordEmbedder.dimensions)
    cache.close()
