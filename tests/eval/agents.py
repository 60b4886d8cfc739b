"""What training an agent is worth: nDCG@10 on questions that no training saw.

Each collection goes through the whole pipeline as a list of documents: cut, embedded, learned from,
judged by the gate on questions made from the documents themselves. Then the collection's own
questions are asked, of which the training knew nothing. Of Pirá, half of the abstracts are given in
both languages and half in English alone; the Portuguese questions are about those in English alone,
and then the halves change places.
"""

import asyncio
import base64
import contextlib
import csv
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daemon.agents.child.learning import judge, learn
from daemon.agents.child.processing import extracted_of, process
from daemon.agents.children import Children
from daemon.agents.jobs import Bench, Judge, Learn, Process
from daemon.agents.spooling import spool
from daemon.config import Paths, load_config
from daemon.index import Index
from daemon.index.retrieval_model import RetrievalModel
from daemon.models.minilm import MiniLM
from daemon.protocol.values import Json, SearchMode
from tests.bench.table import Row
from tests.eval.retrieval import DEPTH, Collection, collections, ndcg
from tests.support.model import model_directory

_BETTER_ON = 2
_RESAMPLED = 2_000
_HITS = 40
"""Passages, of which the first ten documents are taken."""

Scores = NDArray[np.float64]
WAYS = ("keyword", "vector", "untrained", "trained")


@dataclass(frozen=True, slots=True)
class Asked:
    """`relevant`: numbers of the documents that answer."""

    question: str
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one agent is given, and what it is asked."""

    name: str
    documents: list[str | Json]
    asked: list[Asked]


def rows(data: Path | None) -> list[Row]:
    if data is None:
        return []
    found = list(collections(data / "retrieval"))
    sets = {
        "FaQuAD": [_lesson(_named(found, "FaQuAD"))],
        "Pirá pt→en": list(_pira(data / "retrieval" / "pira")),
        "Cranfield": [_lesson(_named(found, "Cranfield"))],
    }
    result: list[Row] = []
    better = 0
    for name, lessons in sets.items():
        scores = measured(lessons)
        low = interval(scores["trained"] - scores["untrained"])[0]
        better += low > 0
        result += _table(name, scores)
    result.append(
        Row(
            "agents: better than untrained beyond noise",
            f"{better} of {len(sets)}",
            f"≥ {_BETTER_ON}",
            met=better >= _BETTER_ON,
        )
    )
    return result


def measured(lessons: list[Lesson]) -> dict[str, Scores]:
    """By way of searching the nDCG of each question, of all lessons one after the other."""
    with tempfile.TemporaryDirectory() as home:
        paths = Paths.from_environment({"HOME": home})
        embedder = MiniLM.load(model_directory(), Path(home))
        config = load_config(paths, {})
        bench = Bench(paths, config, embedder, lambda _: None)
        parts = [_taught(lesson, bench) for lesson in lessons]
    return {way: np.concatenate([part[way] for part in parts]) for way in WAYS}


def _taught(lesson: Lesson, bench: Bench) -> dict[str, Scores]:
    owner = f"{lesson.name}@1"
    home = bench.paths.state_dir / lesson.name
    spool(home / "spooled", lesson.name, lesson.documents, [], 50_000_000)
    extracted = home / "extracted.jsonl"
    children = Children(bench.paths, bench.config.agents, os.environ)
    asyncio.run(children.extract([home / "spooled"], extracted))
    process(Process(owner, lesson.name, str(extracted), None, private=False), bench)
    model = _trained(owner, str(extracted), bench)
    of = {one.path: str(number) for number, one in enumerate(extracted_of(extracted))}
    assert len(of) == len(lesson.documents)
    with contextlib.closing(Index.open(bench.paths, bench.embedder)) as index:
        return {
            way: np.array([_asked(index, owner, one, way, model, of) for one in lesson.asked])
            for way in WAYS
        }


def _asked(
    index: Index,
    owner: str,
    asked: Asked,
    way: str,
    model: RetrievalModel | None,
    of: dict[str, str],
) -> float:
    mode = SearchMode(way) if way in {"keyword", "vector"} else SearchMode.HYBRID
    used = model if way == "trained" else None
    hits = index.search(asked.question, k=_HITS, mode=mode, owner=owner, model=used)
    ranked = list(dict.fromkeys(of[hit.path] for hit in hits))
    return ndcg(ranked, asked.relevant)


def _trained(owner: str, extracted: str, bench: Bench) -> RetrievalModel | None:
    """None where the gate refuses it."""
    job = Learn(owner, False, extracted, None, 0, None, None, False)
    learned = learn(job, bench)
    judged = judge(
        Judge(
            owner=owner,
            private=False,
            extracted=extracted,
            asked=None,
            seed=0,
            model=learned.model,
            in_service=None,
            written_in="en",
        ),
        bench,
    )
    report = judged.report
    if report is None or not report.deployed or not report.helps or not learned.model:
        return None
    return RetrievalModel.from_bytes(base64.b64decode(learned.model))


def _named(found: list[Collection], name: str) -> Collection:
    return next(one for one in found if one.name == name)


def _lesson(collection: Collection) -> Lesson:
    """Two abstracts of Cranfield are empty: nobody can be given these."""
    texts = [one for one in collection.texts if one.body]
    number = {one.id: str(at) for at, one in enumerate(texts)}
    return Lesson(
        collection.name.lower(),
        [{"title": one.title, "text": one.body} for one in texts],
        [
            Asked(one.question, frozenset(number.get(id_, id_) for id_ in one.relevant))
            for one in collection.asked
        ],
    )


def _pira(directory: Path) -> Iterator[Lesson]:
    with (directory / "validation.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    abstracts = list(
        dict.fromkeys((row["abstract"], row["abstract_translated_pt"]) for row in table)
    )
    for half in (0, 1):
        documents: list[str | Json] = [english for english, _ in abstracts]
        documents += [both for at, (_, both) in enumerate(abstracts) if at % 2 != half]
        number = {english: at for at, (english, _) in enumerate(abstracts)}
        asked = [
            Asked(row["question_pt_origin"], frozenset({str(number[row["abstract"]])}))
            for row in table
            if number[row["abstract"]] % 2 == half
        ]
        yield Lesson(f"pira{half}", documents, asked)


def _table(name: str, scores: dict[str, Scores]) -> list[Row]:
    low, high = interval(scores["trained"] - scores["untrained"])
    gained = float((scores["trained"] - scores["untrained"]).mean())
    others = " · ".join(f"{way} {scores[way].mean():.3f}" for way in WAYS[:-1])
    first, last = interval(scores["trained"])
    return [
        Row(
            f"agent of {name}: nDCG@{DEPTH}, trained",
            f"{scores['trained'].mean():.3f} ({first:.3f} to {last:.3f})",
            ratio=others,
        ),
        Row(
            "  more than untrained",
            f"{gained:+.3f} ({low:+.3f} to {high:+.3f})",
            "not less, beyond noise",
            met=high >= 0,
        ),
    ]


def interval(values: Scores) -> tuple[float, float]:
    """95 %, by bootstrap over the questions."""
    drawn = np.random.default_rng(0).integers(0, len(values), (_RESAMPLED, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)
