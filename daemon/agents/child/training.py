"""What an agent learns for retrieval: chosen by cross-validation, doing nothing among the choices."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from daemon.agents.child import adapting, translations
from daemon.agents.child.adapting import Example
from daemon.agents.child.material import chance, groups_of, passages_of
from daemon.agents.child.pairs import Pair, PairKind, Split
from daemon.agents.child.rehearsal import OnProgress, Rehearsal, Rehearsed, gain
from daemon.agents.child.related import related_words
from daemon.index import Index
from daemon.index.hybrid import WEIGHTS, Weights
from daemon.index.language import Language
from daemon.index.retrieval_model import UNTRAINED, RetrievalModel, Translations
from daemon.protocol.values import Digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNTRAINED_NAME: Final = "untrained"
FEWEST_PAIRS: Final = 30
"""Fewer teach nothing that would hold for other questions."""
FOLDS: Final = 4

_GLOSSED: Final = (0.0, 0.5, 0.8)
_VECTOR_SHIFTS: Final = (0.0, -0.1, 0.1, -0.2, 0.2)
_GRAMS: Final = (0.0, 0.15, 0.3)
_RIDGES: Final = (16.0, 4.0, 1.0)
"""The larger, the nearer to doing nothing."""

NEIGHBOURS: Final = 0.15

_ERRORS: Final = 2.0
"""What is beyond noise, here as for the gate: of fifteen candidates the best is better by one
standard error by chance."""

Learned = Callable[[int | None], RetrievalModel]
"""The model that is learned without a fold; without None of them it is learned from all."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate, and what the mean nDCG@10 of the training pairs was with it."""

    name: str
    ndcg_10: float


@dataclass(frozen=True, slots=True)
class Trained:
    """`chosen`: the names of what was chosen, joined by ` + `; `untrained` for doing nothing."""

    model: RetrievalModel
    chosen: str
    tried: tuple[Tried, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """`gains`: of each training pair, by the model that was learned without its fold."""

    names: tuple[str, ...]
    learned: Learned
    rehearsed: Sequence[Rehearsed]
    gains: "NDArray[Any]"


def train(index: Index, owner: str, split: Split, seed: int, on_progress: OnProgress) -> Trained:
    """From the training part alone. The same index, split and seed give the same model."""
    if len(split.training) < FEWEST_PAIRS:
        return Trained(UNTRAINED, UNTRAINED_NAME, ())
    return _Training(index, owner, split, seed, on_progress).run()


class _Training:
    def __init__(
        self, index: Index, owner: str, split: Split, seed: int, on_progress: OnProgress
    ) -> None:
        self._seed = seed
        self._on_progress = on_progress
        self._passages = passages_of(index, owner, seed)
        self._rehearsal = Rehearsal(index, owner, self._passages, split.training)
        self._tried: list[Tried] = []
        self._groups, self._both = self._translated(index, split)

    def run(self) -> Trained:
        rehearsed = self._rehearsal.plain(self._on_progress)
        chosen = self._candidate((), lambda _: UNTRAINED, rehearsed)
        for step in (self._related, self._neighbours):
            chosen = harmless([chosen, *step(chosen)])
        for step in (self._translations, self._weights, self._adapters):
            chosen = simplest([chosen, *step(chosen)])
        name = " + ".join(chosen.names) or UNTRAINED_NAME
        return Trained(chosen.learned(None), name, tuple(self._tried))

    def _related(self, base: _Candidate) -> Iterator[_Candidate]:
        """Abbreviations that the data explains: pairs made from it hardly ever ask by them."""
        related = related_words(self._passages)
        if related:
            known = RetrievalModel(related=related)
            rehearsed = self._rehearsed(lambda _: known)
            yield self._candidate((*base.names, "related words"), lambda _: known, rehearsed)

    def _neighbours(self, base: _Candidate) -> Iterator[_Candidate]:
        """What helps where several works answer a question: most pairs know of one alone."""
        yield self._changed(base, "neighbours", neighbours=NEIGHBOURS)

    def _translations(self, base: _Candidate) -> Iterator[_Candidate]:
        if not self._both:
            return

        @cache
        def learned(fold: int | None) -> RetrievalModel:
            found = self._dictionary(fold)
            return replace(base.learned(fold), translations=found, glossed=max(_GLOSSED))

        rehearsed = self._rehearsed(learned)
        for share in _GLOSSED:

            def glossed(fold: int | None, share: float = share) -> RetrievalModel:
                return replace(learned(fold), glossed=share)

            yield self._candidate((*base.names, "translations"), glossed, rehearsed)

    def _weights(self, base: _Candidate) -> Iterator[_Candidate]:
        """For the language that most questions are in, by those that were really asked."""
        asked = [
            one.trial.query.language for one in base.rehearsed if one.pair.kind is PairKind.ASKED
        ]
        of: Language = "en" if asked.count("en") > asked.count("pt") else "pt"
        if asked.count(of) < FEWEST_PAIRS:
            return
        for weights in _around(WEIGHTS[of]):
            yield self._changed(base, f"weights ({of})", weights={of: weights})

    def _adapters(self, base: _Candidate) -> Iterator[_Candidate]:
        embedder = self._rehearsal.embedder
        asked = [one for one in base.rehearsed if one.pair.kind is PairKind.ASKED]
        if embedder is None or len(asked) < FEWEST_PAIRS:
            return
        examples = [self._example(base, one) for one in asked]
        for ridge in _RIDGES:

            @cache
            def learned(fold: int | None, ridge: float = ridge) -> RetrievalModel:
                others = [one for at, one in examples if one and (fold is None or at != fold)]
                adapter = adapting.fit(others, ridge, embedder.name)
                return replace(base.learned(fold), adapter=adapter)

            yield self._candidate((*base.names, "adapter"), learned, base.rehearsed)

    def _example(self, base: _Candidate, one: Rehearsed) -> tuple[int, Example | None]:
        fold = self._fold(one.pair)
        answer, trial = self._rehearsal.answer_vector(one.pair), one.trial
        if answer is None or trial.asked is None:
            return fold, None
        asked = base.learned(fold).vector(trial.asked, trial.gloss, one.embedder)
        return fold, Example(asked, answer)

    def _changed(self, base: _Candidate, name: str, **change: Any) -> _Candidate:
        def learned(fold: int | None) -> RetrievalModel:
            return replace(base.learned(fold), **change)

        return self._candidate((*base.names, name), learned, base.rehearsed)

    def _candidate(
        self, names: tuple[str, ...], learned: Learned, rehearsed: Sequence[Rehearsed]
    ) -> _Candidate:
        import numpy as np

        models = [learned(fold) for fold in range(FOLDS)]
        gains = np.array([gain(one.rank(models[self._fold(one.pair)])) for one in rehearsed])
        self._tried.append(Tried(" + ".join(names) or UNTRAINED_NAME, float(gains.mean())))
        return _Candidate(names, learned, rehearsed, gains)

    def _rehearsed(self, learned: Learned) -> list[Rehearsed]:
        return self._rehearsal.trials(lambda pair: learned(self._fold(pair)), self._on_progress)

    def _translated(
        self, index: Index, split: Split
    ) -> tuple[dict[int, Digest], list[tuple[int, int]]]:
        """What may be learned from: nothing that a held-out question is about."""
        both = translations.aligned(index, self._passages)
        held = {pair.group for pair in split.held_out}
        groups = groups_of(self._passages, both)
        return groups, [pair for pair in both if groups[pair[0]] not in held]

    def _dictionary(self, fold: int | None) -> dict[Language, Translations]:
        by_id = {one.id: one for one in self._passages}
        return translations.learn(
            [
                (by_id[one], by_id[other])
                for one, other in self._both
                if fold is None or self._fold_of(self._groups[one]) != fold
            ]
        ).by_language()

    def _fold(self, pair: Pair) -> int:
        return self._fold_of(pair.group)

    def _fold_of(self, group: Digest) -> int:
        # Not the number that parts held out from training: it would leave folds empty.
        return int(chance(self._seed, f"fold {group}") * FOLDS)


def simplest(candidates: Sequence[_Candidate]) -> _Candidate:
    """The first, from the simplest on, that is not worse than the best beyond noise."""
    best = max(candidates, key=lambda one: float(one.gains.mean()))
    return next(one for one in candidates if not _is_worse(one, best))


def harmless(candidates: Sequence[_Candidate]) -> _Candidate:
    """The last that is not worse than the first beyond noise: for what is known to help elsewhere,
    and what pairs with one answer each cannot show to help here.
    """
    first = candidates[0]
    return next(one for one in reversed(candidates) if not _is_worse(one, first))


def _is_worse(one: _Candidate, other: _Candidate) -> bool:
    import numpy as np

    behind = other.gains - one.gains
    error = float(behind.std(ddof=1)) / float(np.sqrt(len(behind)))
    return float(behind.mean()) > _ERRORS * error


def _around(weights: Weights) -> list[Weights]:
    """The nearest first."""
    found = []
    # Where the recipe has no place for them they are not computed either.
    for grams in _GRAMS if weights.grams else (0.0,):
        for shift in _VECTOR_SHIFTS:
            share = weights.vector / (weights.vector + weights.keyword) + shift
            vector = round((1 - grams) * share, 3)
            found.append(Weights(round(1 - grams - vector, 3), grams, vector))
    return sorted(found, key=lambda one: _distance(one, weights))


def _distance(one: Weights, other: Weights) -> float:
    return (
        abs(one.keyword - other.keyword)
        + abs(one.grams - other.grams)
        + abs(one.vector - other.vector)
    )
