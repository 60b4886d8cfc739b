"""A question's candidates with what both sides say of each, to try weights and vectors on them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from daemon.index import candidates as finding
from daemon.index import hybrid, language
from daemon.index.candidates import Within
from daemon.index.hybrid import WEIGHTS, Query, Weights
from daemon.index.vocabulary import Vocabulary
from daemon.models.embedder import Vectors
from daemon.store import Database

if TYPE_CHECKING:
    from numpy.typing import NDArray

Embed = Callable[[str], Vectors]

Known = dict[int, Vectors]
"""By passage the vectors of its windows, as they were read: trials of one agent share them."""


@dataclass(frozen=True, slots=True, eq=False)
class Retold:
    """How a passage is to be taken instead of as it is stored: without the words that the question
    was made from. `vectors`: of its windows; None without an embedder.
    """

    title: str
    text: str
    vectors: Vectors | None


NOTHING_RETOLD: Final[Mapping[int, Retold | None]] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Trial:
    """`asked` and `gloss`: the question's vector, and that of its translation if it has one.
    `windows`: of each candidate; None without vectors. `works`: see Candidate. `grams`: zero where
    the recipe gives them no weight.
    """

    query: Query
    asked: Vectors | None
    gloss: Vectors | None
    ids: tuple[int, ...]
    works: tuple[int, ...]
    keyword: "NDArray[Any]"
    grams: "NDArray[Any]"
    windows: tuple[Vectors, ...] | None

    def ranked(self, weights: Weights, vector: Vectors | None, neighbours: float) -> list[int]:
        """Passages, best first, as a search with these and this question's vector orders them."""
        import numpy as np

        sides = ((weights.keyword, self.keyword), (weights.grams, self.grams))
        score = np.zeros(len(self.ids))
        for weight, side in (*sides, (weights.vector, self._cosines(vector))):
            best = side.max(initial=0.0)
            if weight and best > 0:
                score += weight * side / best
        if neighbours and self._nearest is not None:
            score = hybrid.smoothed(score, self._nearest, neighbours)
        order = np.argsort(-score, kind="stable")
        return [self.ids[at] for at in order if score[at] > 0]

    def _cosines(self, vector: Vectors | None) -> "NDArray[Any]":
        import numpy as np

        if vector is None or not self.windows:
            return np.zeros(len(self.ids))
        starts = np.cumsum([0, *(len(one) for one in self.windows[:-1])])
        cosines = np.maximum.reduceat(np.concatenate(self.windows) @ vector, starts)
        found: NDArray[Any] = np.maximum(cosines, 0.0)
        return found

    @cached_property
    def _nearest(self) -> "hybrid.Alike | None":
        import numpy as np

        if not self.windows:
            return None
        return hybrid.nearest(np.stack([one[0] for one in self.windows]), self.works)


def run(
    db: Database,
    vocabulary: Vocabulary,
    query: Query,
    within: Within,
    *,
    embed: Embed | None,
    retold: Mapping[int, Retold | None],
    known: Known,
) -> Trial:
    """With the passages `retold` among the candidates, by their other text; None: left out."""
    import numpy as np

    statistics = vocabulary.statistics(db, query.terms(), within.owner)
    asked = None if embed is None else embed(query.text)
    gloss = None if embed is None or not query.gloss else embed(query.gloss)
    found = finding.by_keywords(db, query, statistics, within)
    for vector in (asked, gloss):
        if vector is not None:
            found += finding.by_vectors(db, vector, statistics, within)
    there = [id_ for id_ in dict.fromkeys([*found, *retold]) if retold.get(id_, True)]
    candidates, windows = finding.load(db, there)
    for candidate in candidates:
        other = retold.get(candidate.id)
        if other is not None:
            candidate.title, candidate.body = map(language.words, (other.title, other.text))
    hybrid.score_keywords(query, candidates, statistics)
    if WEIGHTS[query.language].grams:
        hybrid.score_grams(query, candidates)
    ids = [one.id for one in candidates]
    vectors = None
    if asked is not None:
        _learn(db, {id_: windows[id_] for id_ in ids if id_ not in known}, known)
        vectors = [_vectors(id_, retold, known) for id_ in ids]
    return Trial(
        query,
        asked,
        gloss,
        tuple(ids),
        tuple(one.work for one in candidates),
        np.array([one.keyword for one in candidates]),
        np.array([one.grams for one in candidates]),
        None if vectors is None or any(one is None for one in vectors) else _all(vectors),
    )


def _learn(db: Database, windows: Mapping[int, int], known: Known) -> None:
    for id_, count in windows.items():
        vectors = finding.window_vectors(db, id_, count)
        if vectors is not None:
            known[id_] = vectors


def _vectors(id_: int, retold: Mapping[int, Retold | None], known: Known) -> Vectors | None:
    other = retold.get(id_)
    return known.get(id_) if other is None else other.vectors


def _all(vectors: list[Vectors | None]) -> tuple[Vectors, ...]:
    return tuple(one for one in vectors if one is not None)
