"""Pairs with what a search scores for each: every way to rank can be tried on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.agents.child import questions
from daemon.agents.child.material import AgentPassage
from daemon.agents.child.pairs import Pair
from daemon.index import Index
from daemon.index.candidates import first_vectors, window_vectors
from daemon.index.hybrid import Weights
from daemon.index.retrieval_model import UNTRAINED, RetrievalModel
from daemon.index.storing import full_title
from daemon.index.trials import Known, Retold, Trial
from daemon.index.windows import titled, window_spans
from daemon.models.embedder import Embedder, Vectors
from daemon.protocol.values import Digest

DEPTH: Final = 10

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsed:
    """`answering`: ids of the passages that answer; `embedder`: its name, empty for none."""

    pair: Pair
    trial: Trial
    answering: frozenset[int]
    embedder: str

    def rank(self, model: RetrievalModel, weights: Weights | None = None) -> int:
        """Of the first passage that answers, from 1; 0 where none is found. `weights`: in place of
        the model's.
        """
        trial = self.trial
        vector = None
        if trial.asked is not None:
            vector = model.vector(trial.asked, trial.gloss, self.embedder)
        chosen = weights or model.weights_for(trial.query.language)
        ranked = trial.ranked(chosen, vector, model.neighbours)
        places = (at for at, id_ in enumerate(ranked, 1) if id_ in self.answering)
        return next(places, 0)


class Rehearsal:
    """An agent's pairs, ready to be searched for: each question embedded once, each passage that a
    question was made from told without it.
    """

    def __init__(
        self, index: Index, owner: str, passages: Sequence[AgentPassage], pairs: Sequence[Pair]
    ) -> None:
        self.pairs = pairs
        self.embedder: Embedder | None = index.embedder
        self._index = index
        self._owner = owner
        self._having: dict[Digest, list[AgentPassage]] = {}
        for one in passages:
            self._having.setdefault(one.digest, []).append(one)
        self._vectors: dict[str, Vectors] = {}
        self._known: Known = {}
        self._retold = self._tell_again()

    def trials(
        self, model_of: Callable[[Pair], RetrievalModel], on_progress: OnProgress
    ) -> list[Rehearsed]:
        """Each pair's question, expanded by its model, with the candidates that search finds."""
        found = []
        for done, pair in enumerate(self.pairs):
            on_progress(done, len(self.pairs))
            trial = self._index.trial(
                pair.question,
                self._owner,
                self._embed if self.embedder else None,
                known=self._known,
                model=model_of(pair),
                retold=self._retold[pair],
            )
            answering = frozenset(one.id for one in self.answering(pair))
            name = self.embedder.name if self.embedder else ""
            if trial is not None:
                found.append(Rehearsed(pair, trial, answering, name))
        return found

    def plain(self, on_progress: OnProgress) -> list[Rehearsed]:
        return self.trials(lambda _: UNTRAINED, on_progress)

    def answering(self, pair: Pair) -> list[AgentPassage]:
        digests = [pair.passage] if pair.also is None else [pair.passage, pair.also]
        return [one for digest in digests for one in self._having.get(digest, [])]

    def answer_vector(self, pair: Pair) -> Vectors | None:
        """Of the beginning of the passage that answers, without what the question was made of."""
        for retold in self._retold[pair].values():
            if retold is not None and retold.vectors is not None:
                first: Vectors = retold.vectors[0]
                return first
        ids = [one.id for one in self._having.get(pair.passage, [])[:1]]
        found = self._index.look(lambda db: first_vectors(db, ids), None)
        return None if found is None else found[0]

    def _embed(self, text: str) -> Vectors:
        assert self.embedder is not None
        if text not in self._vectors:
            self._vectors[text] = self.embedder.embed_query(text)
        return self._vectors[text]

    def _tell_again(self) -> Mapping[Pair, Mapping[int, Retold | None]]:
        told = [
            (pair, one, _Telling.of(one, pair.hidden, self.embedder))
            for pair in self.pairs
            if pair.hidden
            for one in self._having.get(pair.passage, [])
        ]
        # All in one go: so the embedder can put those of like length together.
        texts = [text for _, _, telling in told for text in telling.changed.values()]
        vectors = iter(self.embedder.embed_passages(texts) if self.embedder and texts else ())
        found = {pair: dict[int, Retold | None]() for pair in self.pairs}
        for pair, one, telling in told:
            fresh = {at: next(vectors) for at in telling.changed}
            found[pair][one.id] = Retold(telling.title, telling.text, self._windows(one, fresh))
        for pair in self.pairs:
            if pair.aside is not None:
                found[pair].update((one.id, None) for one in self._having.get(pair.aside, []))
        return found

    def _windows(self, one: AgentPassage, fresh: Mapping[int, Vectors]) -> Vectors | None:
        """As they are stored, with the fresh ones in their places."""
        if self.embedder is None:
            return None
        stored = self._index.look(lambda db: window_vectors(db, one.id, one.windows), None)
        if stored is None:
            return None
        vectors = stored.copy()
        for at, vector in fresh.items():
            vectors[at] = vector
        return vectors


@dataclass(frozen=True, slots=True)
class _Telling:
    """A passage without some of its words. `changed`: those of its windows which that changes."""

    title: str
    text: str
    changed: Mapping[int, str]

    @staticmethod
    def of(one: AgentPassage, hidden: str, embedder: Embedder | None) -> "_Telling":
        whole = full_title(one.title, one.heading)
        title = questions.without(whole, hidden).strip(" ›")
        gaps = questions.places(one.text, hidden)
        changed = {}
        if embedder is not None:
            for at, (first, last) in enumerate(window_spans(one.text, embedder)):
                part = _cut_out(one.text, first, last, gaps)
                if title != whole or part != one.text[first:last]:
                    changed[at] = titled(title, part)
        return _Telling(title, _cut_out(one.text, 0, len(one.text), gaps), changed)


def _cut_out(text: str, first: int, last: int, gaps: Sequence[tuple[int, int]]) -> str:
    """What is between both, without the gaps."""
    parts, at = [], first
    for begin, end in gaps:
        parts.append(text[at : max(at, min(begin, last))])
        at = max(at, min(end, last))
    return " ".join([*parts, text[at:last]]).strip()


def gain(rank: int) -> float:
    """nDCG@10 where any one of the passages that answer is all that is wanted."""
    import math

    return 1 / math.log2(rank + 1) if 0 < rank <= DEPTH else 0.0
