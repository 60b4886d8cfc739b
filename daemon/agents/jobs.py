"""What a training child is asked to do and what it gives back: one JSON line each way, files by path."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from daemon.config import Config, Paths
from daemon.models.embedder import Embedder
from daemon.protocol.agents import AgentConfig, AgentProfile, EvaluationReport
from daemon.protocol.values import Progress

EMBEDDING: Final = frozenset({"process", "learn", "judge"})
"""The jobs that embed; where a server does that, it must be reached."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a job works with. `tell`: how far it is."""

    paths: Paths
    config: Config
    embedder: Embedder | None
    tell: Callable[[Progress], None]

    def embedder_for(self, *, private: bool) -> Embedder | None:
        """None for keywords alone: what is private is given to no other machine."""
        remote = self.embedder is not None and self.embedder.remote
        return None if private and remote else self.embedder


@dataclass(frozen=True, slots=True)
class Process:
    """Puts extracted passages into the partition of `owner`. `language`: null, found in the data."""

    owner: str
    name: str
    extracted: str
    language: str | None
    private: bool


@dataclass(frozen=True, slots=True)
class Processed:
    """`duplicates`: passages that were left out."""

    documents: int
    passages: int
    duplicates: int
    languages: list[str]


@dataclass(frozen=True, slots=True)
class Learn:
    """`extracted`: where the questions are that the data brought. `asked`: a file of questions that
    a model wrote, or null. `profile`: whether one is wanted.
    """

    owner: str
    private: bool
    extracted: str
    asked: str | None
    seed: int
    language: str | None
    description: str | None
    profile: bool


@dataclass(frozen=True, slots=True)
class Learned:
    """`model`: base64; empty: untrained."""

    model: str
    chosen: str
    profile: AgentProfile | None


@dataclass(frozen=True, slots=True)
class Judge:
    """`model`, and how the pairs were made: as in `Learn`, so that the held-out ones are the same.

    `in_service`: the model of the version that answers now. `written_in`: the report's language.
    """

    owner: str
    private: bool
    extracted: str
    asked: str | None
    seed: int
    model: str
    in_service: str | None
    written_in: str


@dataclass(frozen=True, slots=True)
class Judged:
    """Null: too few pairs to tell anything."""

    report: EvaluationReport | None


@dataclass(frozen=True, slots=True)
class Drop:
    """Removes whole partitions; `thoroughly`: so that no word of them is left in the file."""

    owners: list[str]
    thoroughly: bool


@dataclass(frozen=True, slots=True)
class Dropped:
    passages: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Passages for a model to read: spread over the data, at most so many characters."""

    owner: str
    passages: int
    chars: int
    seed: int


@dataclass(frozen=True, slots=True)
class SampledPassage:
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Sampled:
    language: str
    passages: list[SampledPassage]


@dataclass(frozen=True, slots=True)
class AskedPassage:
    """A line of the file of questions: one, and the passage that answers it, from its beginning."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Unpack:
    """Checks an exported file and puts its parts into a directory. `called`: how errors name it.
    `document_bytes`: of one document, as all of it is in memory when it is read.
    """

    file: str
    called: str
    into: str
    max_bytes: int
    document_bytes: int


@dataclass(frozen=True, slots=True)
class Unpacked:
    """`data`: the names of the files of documents. `has`: which of the other parts there are."""

    user_id: str
    config: AgentConfig
    chosen: str | None
    data: list[str]
    documents: int
    has: dict[str, bool]
