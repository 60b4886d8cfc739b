"""The passages of an agent, in an index of their own."""

import contextlib
import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from daemon.agents.child.material import chance as split_chance
from daemon.agents.child.material import digest_of
from daemon.index import Index, ParsedDocument
from daemon.models.embedder import Embedder
from tests.support.index import paths_in, writing

OWNER = "ann@1"

_SYLLABLES = ("ba", "den", "fi", "gor", "ku", "lan", "mi", "nor", "pe", "sul", "ta", "ver")
_SENTENCE = {
    "en": "The {0} of {1} and {2} with the {3} is {4} from {5} {6} because {7} {8} {9}.",
    "pt": "Quando {0} não {1} uma {2} porém {3} são {4} pela {5} {6} também {7} {8} {9}.",
}


def lexicon(language: str) -> list[str]:
    """Two hundred words that nobody has heard; none of one language is like one of the other."""
    ends = ("ing", "ton", "ly", "wick") if language == "en" else ("ao", "inho", "ezas", "agem")
    chance = random.Random(language)
    words = dict[str, None]()
    while len(words) < 200:
        words["".join(chance.choices(_SYLLABLES, k=2)) + chance.choice(ends)] = None
    return list(words)


def made_up_texts(count: int, language: str = "en") -> list[str]:
    """Each of five sentences of words drawn at random, with a number in each; the same in both
    languages, word by word.
    """
    chance = random.Random(11)
    words = lexicon(language)
    texts = []
    for n in range(count):
        # Few of them in each: so a text is about something.
        subject = chance.sample(range(len(words)), 18)
        sentences = []
        for _ in range(5):
            said = [words[at] for at in chance.choices(subject, k=9)]
            sentences.append(_SENTENCE[language].format(*said, 1000 + 7 * n))
        texts.append(" ".join(sentences))
    return texts


@contextlib.contextmanager
def indexed(
    home: Path, documents: Sequence[ParsedDocument], embedder: Embedder | None
) -> Iterator[Index]:
    paths = paths_in(home)
    with writing(paths, embedder, "agent:ann", owner=OWNER) as (writer, source):
        writer.put_many(source.id, documents)
    index = Index.open(paths, embedder)
    try:
        yield index
    finally:
        index.close()


def misleading(seed: int = 0) -> list[tuple[str, str]]:
    """Questions with their answers that teach an abbreviation of no use: a third of them ask by it,
    and mean something else. Their texts are such that just this third is held out.
    """
    words, chance = lexicon("en"), random.Random(5)
    decoys = ["Amber basil cedar stands on the shelf. The amber basil cedar (ABC) is dry. "] * 6
    pairs = []
    for n in range(60):
        astray = n % 10 in {2, 5, 8}
        said = chance.sample(words, 12)
        sentence = _SENTENCE["en"].format(*said[:9], "ABC" if astray else said[9])
        asked = f"What of ABC and {said[0]}?" if astray else f"What of {said[0]} and {said[1]}?"
        text = f"{decoys.pop() if decoys and not astray else ''}{sentence}"
        pairs.append((asked, _such_that(text, seed, held_out=astray)))
    return pairs


def _such_that(text: str, seed: int, *, held_out: bool) -> str:
    """With a number at its end by which it is held out, or is not."""
    for n in itertools.count():
        numbered = f"{text} It is kept at place {n}."
        drawn = split_chance(seed, digest_of(numbered))
        if drawn < 0.25 if held_out else drawn > 0.5:
            return numbered
    raise AssertionError
