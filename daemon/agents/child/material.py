"""An agent's passages as training sees them: read back from the index, each with what it is like."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from daemon.index import Index, language
from daemon.index.language import Language
from daemon.protocol.values import Digest
from daemon.store import Database

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Runs = NDArray[Any]

MOST_PASSAGES: Final = 3_000
"""More are not looked at for what can be learned from some."""
_MOST_CHARS: Final = 8_000
"""Of a passage; longer ones are tables and listings, which nobody asks for by a sentence."""
_SHINGLE: Final = 3
_WORD_BITS: Final = 21
"""Of a word's number: three of them make one of 63 bits."""
_ALIKE: Final = 0.5


@dataclass(frozen=True)
class AgentPassage:
    """`digest`: of its text; the same after a rebuild of the index. `windows`: how many vectors it
    has. `unique`: no other passage has its heading.
    """

    id: int
    digest: Digest
    path: str
    title: str
    heading: str
    text: str
    language: Language
    windows: int
    unique: bool

    @cached_property
    def words(self) -> list[str]:
        """Folded, with stop words, of the text alone."""
        return language.words(self.text)

    @cached_property
    def stems(self) -> list[str]:
        """Of the words that count."""
        content = language.without_stop_words(self.words, self.language)
        return language.stem(content, self.language)


def passages_of(index: Index, owner: str, seed: int) -> list[AgentPassage]:
    """In the order of the index; of very many a sample that the seed decides."""
    return index.look(lambda db: _read(db, owner, seed), [])


def _read(db: Database, owner: str, seed: int) -> list[AgentPassage]:
    ids = [
        id_
        for (id_,) in db.rows(
            "SELECT passage.id FROM passage JOIN document ON document.id = document_id"
            " JOIN source ON source.id = source_id"
            " WHERE source.owner = (SELECT number FROM owner WHERE name = ?)"
            " AND length(text) <= ? ORDER BY passage.id",
            (owner, _MOST_CHARS),
        )
    ]
    if len(ids) > MOST_PASSAGES:
        # By their places: the number of the owner is another one in another index.
        drawn = sorted(range(len(ids)), key=lambda at: chance(seed, str(at)))[:MOST_PASSAGES]
        ids = [ids[at] for at in sorted(drawn)]
    rows = [
        row
        for id_ in ids
        if (
            row := db.one(
                "SELECT passage.id, path, title, heading, text, language, windows"
                " FROM passage JOIN document ON document.id = document_id WHERE passage.id = ?",
                (id_,),
            )
        )
    ]
    bearing = defaultdict[tuple[str, str], int](int)
    for _, _, title, heading, _, _, _ in rows:
        bearing[title, heading] += 1
    return [
        AgentPassage(
            id_,
            digest_of(text),
            path,
            title,
            heading,
            text,
            language.detect(text, language.known(of)),
            windows,
            bearing[title, heading] == 1,
        )
        for id_, path, title, heading, text, of, windows in rows
    ]


def digest_of(text: str) -> Digest:
    return Digest(hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest())


def chance(seed: int, text: str) -> float:
    """From 0 to 1: the same for the same seed and text, on any machine."""
    hashed = hashlib.blake2b(f"{seed}\0{text}".encode(errors="surrogatepass"), digest_size=8)
    return int.from_bytes(hashed.digest(), "big") / 2**64


def groups_of(
    passages: Sequence[AgentPassage], together: Sequence[tuple[int, int]]
) -> dict[int, Digest]:
    """By passage id what its group is called: near duplicates, and what is said to belong together,
    as translations do. By digests alone: the same in any index.
    """
    leader = {one.id: one.id for one in passages}
    digest = {one.id: one.digest for one in passages}

    def first(id_: int) -> int:
        while leader[id_] != id_:
            leader[id_] = id_ = leader[leader[id_]]
        return id_

    for one, other in [*together, *_near_duplicates(passages)]:
        leading, led = sorted((first(one), first(other)), key=digest.__getitem__)
        leader[led] = leading
    return {id_: digest[first(id_)] for id_ in leader}


def _near_duplicates(passages: Sequence[AgentPassage]) -> list[tuple[int, int]]:
    """Those that share half of their runs of three words, seen from the shorter one."""
    runs = _runs_of(passages)
    shared = defaultdict[tuple[int, int], int](int)
    for holders in _holding_together(runs):
        # A run that many share is a phrase of the house: neighbours are enough to chain them.
        chained = pairwise(holders) if len(holders) > _SHINGLE else _all_pairs(holders)
        for pair in chained:
            shared[pair] += 1
    return [
        (passages[one].id, passages[other].id)
        for (one, other), count in shared.items()
        if count >= _ALIKE * min(len(runs[one]), len(runs[other]))
    ]


def _runs_of(passages: Sequence[AgentPassage]) -> "list[Runs]":
    """Of each passage its runs, once each: numbers alone, as there are millions of them."""
    import numpy as np

    numbers: dict[str, int] = {}
    found = []
    for one in passages:
        said = [numbers.setdefault(word, len(numbers) % 2**_WORD_BITS) for word in one.words]
        words = np.array(said, dtype=np.int64)
        runs = np.zeros(max(0, len(words) - _SHINGLE + 1), dtype=np.int64)
        for at in range(_SHINGLE):
            runs = (runs << _WORD_BITS) | words[at : at + len(runs)]
        found.append(np.unique(runs))
    return found


def _holding_together(runs: "Sequence[Runs]") -> Iterator[list[int]]:
    """The places of the passages that have a run in common, for each such run."""
    import numpy as np

    if not runs:
        return
    every = np.concatenate(runs)
    holders = np.repeat(np.arange(len(runs)), [len(one) for one in runs])
    order = np.argsort(every, kind="stable")
    every, holders = every[order], holders[order]
    firsts = np.flatnonzero(np.diff(every, prepend=-1))
    counts = np.diff(firsts, append=len(every))
    for first, count in zip(firsts[counts > 1], counts[counts > 1], strict=True):
        yield [int(one) for one in holders[first : first + count]]


def _all_pairs(holders: list[int]) -> list[tuple[int, int]]:
    return [(one, other) for at, one in enumerate(holders) for other in holders[at + 1 :]]
