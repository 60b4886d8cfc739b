import random
import tracemalloc

from daemon.agents.child.material import AgentPassage, digest_of
from daemon.agents.child.translations import aligned, learn
from daemon.index import Index
from tests.support.index import paths_in

NOUNS = (
    ("baleia", "whale"),
    ("navio", "ship"),
    ("porto", "harbour"),
    ("vento", "wind"),
    ("areia", "sand"),
    ("rede", "net"),
    ("farol", "lighthouse"),
    ("chuva", "rain"),
)
PLACES = ("Ilhabela", "Paraty", "Itajaí", "Natal", "Ubatuba", "Búzios")


def both(count=24):
    """Sentences that say the same, of two nouns and a place each."""
    found = []
    for n in range(count):
        one, other = NOUNS[n % 8], NOUNS[(n // 8 + n + 1) % 8]
        place = f"{PLACES[n % 6]} {n * 37}"
        texts = (
            f"Em {place}, perto da costa, a {one[0]} está ao lado da {other[0]}.",
            f"In {place}, near the coast, the {one[1]} is beside the {other[1]}.",
        )
        found.append(
            tuple(
                AgentPassage(2 * n + at, digest_of(text), f"{n}{at}", "", "", text, of, 0, True)
                for at, (text, of) in enumerate(zip(texts, ("pt", "en"), strict=True))
            )
        )
    return found


def test_a_dictionary_is_learned_from_what_is_said_in_both_languages():
    found = learn(both()).by_language()

    for portuguese, english in NOUNS:
        stems = [stem for stem, words in found["pt"].items() if words[0][0] == english]
        assert [portuguese.startswith(stem) for stem in stems] == [True], english
    assert all(0 < p <= 1 for words in found["en"].values() for _, p in words)


def test_what_is_learned_from_fits_a_training_s_memory_whatever_the_texts_say():
    words, chance = [f"w{n}" for n in range(2_000)], random.Random(1)
    texts = [" ".join(chance.sample(words, 300)) for _ in range(120)]
    pairs = [
        tuple(
            AgentPassage(2 * n + at, digest_of(text), "", "", "", text, of, 0, True)
            for at, of in enumerate(("pt", "en"))
        )
        for n, text in enumerate(texts)
    ]

    tracemalloc.start()
    found = learn(pairs).by_language()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found["en"]
    assert most < 800 * 1024**2


def test_from_nothing_nothing_is_learned():
    assert learn([]).by_language() == {}


def test_passages_that_say_the_same_find_each_other_without_being_told(tmp_path):
    index = Index.open(paths_in(tmp_path), None)
    pairs = both(12)
    passages = [one for pair in pairs for one in pair]

    found = aligned(index, passages)

    assert found
    assert set(found) <= {(one.id, other.id) for one, other in pairs}


def test_passages_in_one_language_are_nobody_s_translation(tmp_path):
    index = Index.open(paths_in(tmp_path), None)

    assert aligned(index, [english for _, english in both()]) == []
