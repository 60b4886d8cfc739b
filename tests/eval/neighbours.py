"""Whether the share that neighbours have in a score holds where it was not chosen.

What every agent may use (`daemon.agents.child.training.NEIGHBOURS`) was fixed while looking at these
collections. So each is asked with the share that is best on all the others: what is gained then was
not found by looking at it.
"""

from pathlib import Path

import numpy as np

from daemon.index.hybrid import WEIGHTS
from daemon.models.minilm import MiniLM
from daemon.store import Database
from tests.bench.table import Row
from tests.eval.agents import Scores, interval
from tests.eval.retrieval import Collection, collections, indexed, ndcg
from tests.support.model import model_directory

_SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)


def rows(data: Path | None) -> list[Row]:
    if data is None:
        return []
    embedder = MiniLM.load(model_directory())
    scores = {one.name: _scores(one, embedder) for one in collections(data / "retrieval")}
    return [_row(name, scores) for name in scores]


def _scores(collection: Collection, embedder: MiniLM) -> Scores:
    """The nDCG of each question (rows) with each share (columns)."""
    with indexed(collection, embedder) as index:
        path = dict(index.look(_paths, []))
        trials = [
            (index.trial(one.question, "", embedder.embed_query, known={}), one.relevant)
            for one in collection.asked
        ]
    return np.array(
        [
            [
                ndcg([path[id_] for id_ in trial.ranked(weights, trial.asked, share)], relevant)
                for share in _SHARES
            ]
            for trial, relevant in trials
            if trial is not None
            for weights in [WEIGHTS[trial.query.language]]
        ]
    )


def _paths(db: Database) -> list[tuple[int, str]]:
    return [
        (id_, path)
        for id_, path in db.all(
            "SELECT passage.id, path FROM passage JOIN document ON document.id = document_id"
        )
    ]


def _row(name: str, scores: dict[str, Scores]) -> Row:
    others = [scores[other].mean(axis=0) for other in scores if other != name]
    best = int(np.mean(others, axis=0).argmax())
    gained = scores[name][:, best] - scores[name][:, 0]
    low, high = interval(gained)
    return Row(
        f"neighbours, {name}: nDCG@10 gained by the share chosen elsewhere",
        f"{gained.mean():+.3f} ({low:+.3f} to {high:+.3f})",
        "not less, beyond noise",
        f"{_SHARES[best]:.0%} of a score",
        high >= 0,
    )
