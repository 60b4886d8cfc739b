"""ModelEvaluator: what a trained model is worth on held-out questions, and the gate it must pass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import prompts
from daemon.agents.child.material import chance, passages_of
from daemon.agents.child.pairs import Pair, PairKind
from daemon.agents.child.rehearsal import OnProgress, Rehearsal, Rehearsed, gain
from daemon.index import Index, language
from daemon.index.hybrid import WEIGHTS, Weights
from daemon.index.language import Language
from daemon.index.retrieval_model import UNTRAINED, RetrievalModel
from daemon.protocol.agents import EvaluationReport, Measure, RetrievalFigures
from daemon.protocol.values import SourceName
from daemon.reasoner import ContextPiece, extract

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_JUDGED: Final = 12
"""Fewer questions tell nothing: an interval of them is as wide as the scale."""
SAMPLE: Final = 20
_RESAMPLED: Final = 1_000
_PASSAGES: Final = 8
"""What a question is answered from, as in a flow."""
_DEEP: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class _Ranks:
    """Of the first passage that answers each question; 0 where it is not found."""

    ranks: "NDArray[Any]"

    @property
    def gains(self) -> "NDArray[Any]":
        import numpy as np

        return np.array([gain(int(rank)) for rank in self.ranks])


def evaluate(
    index: Index,
    owner: str,
    held_out: Sequence[Pair],
    model: RetrievalModel,
    *,
    in_service: RetrievalModel | None,
    seed: int,
    on_progress: OnProgress,
    written_in: str = "en",
) -> EvaluationReport:
    """On questions that training never saw, all in this agent's new passages. `in_service`: what the
    version that answers now has learned; None for a first one. `written_in`: the reason's language.
    """
    rehearsal = Rehearsal(index, owner, passages_of(index, owner, seed), held_out)
    plain = rehearsal.plain(on_progress)
    baseline = _ranks(plain, UNTRAINED)
    keyword = _ranks(plain, UNTRAINED, _keywords_alone)
    trained = _ranks(_with(rehearsal, model, on_progress), model)
    serving = None
    if in_service is not None:
        serving = _ranks(_with(rehearsal, in_service, on_progress), in_service)
    judged = _Judged(baseline, trained, serving, seed)
    deployed, phrase = judged.verdict()
    return EvaluationReport(
        pairs=len(plain),
        keyword=_figures(keyword, seed),
        baseline=_figures(baseline, seed),
        trained=_figures(trained, seed),
        in_service=None if serving is None else _figures(serving, seed),
        difference=judged.difference(),
        support=_support(index, owner, rehearsal, model, seed),
        deployed=deployed,
        helps=judged.helps(),
        reason=prompts.phrase(
            phrase, written_in, pairs=len(plain), fewest=FEWEST_JUDGED, **judged.blanks()
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    baseline: _Ranks
    trained: _Ranks
    serving: _Ranks | None
    seed: int

    def verdict(self) -> tuple[bool, str]:
        """Whether it is deployed, and the phrase that says why."""
        if len(self.trained.ranks) < FEWEST_JUDGED:
            return False, "agent_too_few_pairs"
        if self._against(self.baseline).high < 0:
            return False, "agent_worse_than_baseline"
        if self.serving is not None and self._against(self.serving).high < 0:
            return False, "agent_worse_than_serving"
        if not self.helps():
            return True, "agent_no_gain"
        better = self.difference().low > 0
        return True, "agent_better" if better else "agent_not_worse"

    def helps(self) -> bool:
        """Half of an interval are two standard errors: less is enough to do without."""
        found = self._against(self.baseline)
        return found.mean >= -(found.high - found.low) / 4

    def difference(self) -> Measure:
        """To whichever of the two is the better one."""
        other = self.baseline
        if self.serving is not None and _mean(self.serving) > _mean(other):
            other = self.serving
        return self._against(other)

    def blanks(self) -> dict[str, str]:
        found = self.difference()
        return {
            "difference": f"{found.mean:+.3f}",
            "low": f"{found.low:+.3f}",
            "high": f"{found.high:+.3f}",
        }

    def _against(self, other: _Ranks) -> Measure:
        return _measure(self.trained.gains - other.gains, self.seed)


def _mean(ranks: _Ranks) -> float:
    return float(ranks.gains.mean()) if len(ranks.ranks) else 0.0


def _with(rehearsal: Rehearsal, model: RetrievalModel, on_progress: OnProgress) -> list[Rehearsed]:
    return rehearsal.trials(lambda _: model, on_progress)


def _ranks(
    rehearsed: Sequence[Rehearsed],
    model: RetrievalModel,
    weights: Callable[[Language], Weights] | None = None,
) -> _Ranks:
    import numpy as np

    ranks = [
        one.rank(model, None if weights is None else weights(one.trial.query.language))
        for one in rehearsed
    ]
    return _Ranks(np.array(ranks, dtype=np.int64))


def _keywords_alone(of: Language) -> Weights:
    return Weights(WEIGHTS[of].keyword, WEIGHTS[of].grams, 0.0)


def _figures(ranks: _Ranks, seed: int) -> RetrievalFigures:
    import numpy as np

    found = ranks.ranks
    return RetrievalFigures(
        recall_5=_measure(((found > 0) & (found <= _DEEP)).astype(float), seed),
        mrr=_measure(np.where(found > 0, 1 / np.maximum(found, 1), 0.0), seed),
        ndcg_10=_measure(ranks.gains, seed),
    )


def _measure(values: "NDArray[Any]", seed: int) -> Measure:
    """The mean, with the middle 95 % of the means of samples drawn from the values with return."""
    import numpy as np

    if not len(values):
        return Measure(0.0, 0.0, 0.0)
    drawn = np.random.default_rng(seed).integers(0, len(values), (_RESAMPLED, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    # Plus nothing: a difference of -0.0 reads as a loss.
    mean, low, high = (round(float(one), 4) + 0.0 for one in (values.mean(), low, high))
    return Measure(mean, low, high)


def _support(
    index: Index, owner: str, rehearsal: Rehearsal, model: RetrievalModel, seed: int
) -> Measure | None:
    """Of a sample's answers without a model, the share that stand in what they cite, with the passage
    that answers among it. Questions that were really asked come first.
    """
    import numpy as np

    def order(pair: Pair) -> tuple[bool, float]:
        return pair.kind is not PairKind.ASKED, chance(seed, pair.question)

    borne_out = []
    for pair in sorted(rehearsal.pairs, key=order)[:SAMPLE]:
        hits = index.search(pair.question, k=_PASSAGES, owner=owner, model=model)
        pieces = tuple(
            ContextPiece(n, SourceName.DOCUMENTS, hit.title, hit.path, hit.text, score=hit.score)
            for n, hit in enumerate(hits, 1)
        )
        answer = extract.answer(pair.question, pair.language, pieces)
        if answer.enough:
            texts = {one.text for one in rehearsal.answering(pair)}
            cited = [piece.text for piece in pieces if piece.n in answer.pieces]
            borne_out.append(_stands_in(answer.text, cited) and not texts.isdisjoint(cited))
    return _measure(np.array(borne_out, dtype=float), seed) if borne_out else None


def _stands_in(answer: str, cited: Sequence[str]) -> bool:
    said = {word for word in language.words(answer) if not word.isdigit()}
    there = {word for text in cited for word in language.words(text)}
    return said <= there
