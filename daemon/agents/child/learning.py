"""The second and third of the four, in their child: what is learned from the passages, and its worth."""

import base64
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

from daemon.agents.child.cleaning import clean
from daemon.agents.child.evaluating import FEWEST_JUDGED, evaluate
from daemon.agents.child.material import AgentPassage, passages_of
from daemon.agents.child.pairs import Split, pairs_of, split_by_passage
from daemon.agents.child.processing import extracted_of
from daemon.agents.child.profile import Read, profile_of
from daemon.agents.child.training import train
from daemon.agents.jobs import (
    AskedPassage,
    Bench,
    Judge,
    Judged,
    Learn,
    Learned,
    Sample,
    Sampled,
    SampledPassage,
)
from daemon.index import Index, language, pointer
from daemon.index.language import Language
from daemon.index.retrieval_model import UNTRAINED, RetrievalModel
from daemon.protocol import codec, errors
from daemon.protocol.agents import AgentProfile
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Progress, Seconds

_UNIT: Final = "questions"
_MOST_READ: Final = 2_000
"""Passages that a profile is made of."""
_SHORTEST: Final = 120
"""Characters of a passage that is worth a question."""
_MOST_ASKED: Final = 20


def learn(job: Learn, bench: Bench) -> Learned:
    with _index(bench, private=job.private) as index:
        split = _split(index, job)
        trained = train(index, job.owner, split, job.seed, _telling(bench))
        profile = _profile(index, job) if job.profile else None
    model = "" if trained.model is UNTRAINED else _text(trained.model)
    return Learned(model, trained.chosen, profile)


def judge(job: Judge, bench: Bench) -> Judged:
    """No report where there are too few questions to tell anything."""
    with _index(bench, private=job.private) as index:
        split = _split(index, job)
        if len(split.held_out) < FEWEST_JUDGED:
            return Judged(None)
        report = evaluate(
            index,
            job.owner,
            split.held_out,
            _model(job.model),
            in_service=None if job.in_service is None else _model(job.in_service),
            seed=job.seed,
            on_progress=_telling(bench),
            written_in=job.written_in,
        )
    return Judged(report)


def sample(job: Sample, bench: Bench) -> Sampled:
    """Spread evenly over the data; the longest question is no better than its passage."""
    with contextlib.closing(Index.open(bench.paths, None)) as index:
        passages = passages_of(index, job.owner, job.seed)
    worth = [one for one in passages if len(one.text) >= _SHORTEST] or passages
    step = max(1, len(worth) // job.passages)
    chosen = worth[::step][: job.passages]
    return Sampled(
        _spoken(passages, None),
        [SampledPassage(one.heading, one.text[: job.chars]) for one in chosen],
    )


@contextlib.contextmanager
def _index(bench: Bench, *, private: bool) -> Iterator[Index]:
    """Raises INDEX_BUSY where it was rebuilt meanwhile: what was a passage's number may be another's
    by then, and what was found out is worth nothing.
    """
    embedder = bench.embedder_for(private=private)
    began_on = pointer.current(bench.paths.index_dir)
    try:
        with contextlib.closing(Index.open(bench.paths, embedder)) as index:
            yield index
    finally:
        if pointer.current(bench.paths.index_dir) != began_on:
            raise AlvoError(errors.INDEX_BUSY, pid="?")


def _split(index: Index, job: Learn | Judge) -> Split:
    """The same for both: what is held out of training is what is judged by."""
    asked = ((one.question, one.answer) for one in _asked(job))
    pairs = pairs_of(index, job.owner, job.seed, chain(_given(job), asked))
    return split_by_passage(pairs, job.seed)


def _given(job: Learn | Judge) -> Iterator[tuple[str, str]]:
    """Questions that came with the data, each with its answer."""
    for one in extracted_of(Path(job.extracted)):
        if one.question and one.passages:
            yield one.question, clean(one.passages[0].text)


def _asked(job: Learn | Judge) -> Iterator[AskedPassage]:
    """Questions that a model asked, each with its passage."""
    if job.asked is not None:
        with Path(job.asked).open("rb") as lines:
            for line in lines:
                yield codec.decode(line, AskedPassage)


def _profile(index: Index, job: Learn) -> AgentProfile:
    passages = passages_of(index, job.owner, job.seed)
    step = max(1, len(passages) // _MOST_READ)
    read = [Read(one.heading, one.text, one.language) for one in passages[::step]]
    asked = [question for question, _ in islice(_given(job), _MOST_ASKED)]
    return profile_of(read, asked, _spoken(passages, job.language), job.description)


def _spoken(passages: list[AgentPassage], given: str | None) -> Language:
    """The language of most."""
    if given is not None:
        return language.known(given)
    counted = Counter(one.language for one in passages)
    return counted.most_common(1)[0][0] if counted else "en"


def _telling(bench: Bench) -> Callable[[int, int], None]:
    began = time.monotonic()

    def tell(done: int, total: int) -> None:
        left = (time.monotonic() - began) * (total - done) / max(1, done)
        bench.tell(Progress(done, total, _UNIT, Seconds(round(left, 1))))

    return tell


def _model(text: str) -> RetrievalModel:
    return RetrievalModel.from_bytes(base64.b64decode(text)) if text else UNTRAINED


def _text(model: RetrievalModel) -> str:
    return base64.b64encode(model.to_bytes()).decode()
