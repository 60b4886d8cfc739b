"""What every command of the embedding tool starts from."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daemon.config import Config, EmbedderKind, Paths
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Source,
    SourceKind,
)
from embed_tool import words
from embed_tool.report import Report

if TYPE_CHECKING:
    from daemon.index.reader import Index
    from daemon.index.writer import IndexWriter
    from daemon.models.embedder import Embedder
    from embed_tool.parsing import Parsers

_POLITE_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Context:
    paths: Paths
    config: Config
    language: str
    report: Report

    def embedder(self) -> "Embedder | None":
        """The embedder that is set; without its weights a notice, and keywords alone.

        Raises `EMBEDDER_MISSING` where the configuration asks for it by name.
        """
        from daemon.models.choice import choose_embedder

        embedder = choose_embedder(self.config.embedder, self.paths, os.environ)
        if embedder is None and self.config.embedder.kind is not EmbedderKind.NONE:
            missing = AlvoError(errors.EMBEDDER_MISSING)
            self.report.notice(" ".join(words.sentence(missing, self.language)))
        return embedder

    @contextmanager
    def writing(self, *, embedding: bool = True) -> "Iterator[IndexWriter]":
        """The index for this process alone; raises `INDEX_BUSY` where that takes longer than the
        moments for which the training of agents has it.
        """
        from daemon.index.writer import IndexWriter

        embedder = self.embedder() if embedding else None
        with IndexWriter.open(self.paths, embedder, wait_s=_POLITE_S) as writer:
            yield writer

    @contextmanager
    def reading(self, *, embedding: bool = True) -> "Iterator[Index]":
        from daemon.index.reader import Index

        with contextlib.closing(
            Index.open(self.paths, self.embedder() if embedding else None)
        ) as index:
            yield index

    @contextmanager
    def parsing(self) -> "Iterator[Parsers]":
        from embed_tool.parsing import ParseLimits, Parsers

        parsers = Parsers(ParseLimits.of(self.config.index))
        try:
            yield parsers
        finally:
            parsers.close()


def documents_of(sources: Iterable[Source]) -> list[Source]:
    return [source for source in sources if source.kind is SourceKind.DOCUMENTS]


def chosen(sources: list[Source], names: list[str]) -> list[Source]:
    """The sources that a person named by id or its beginning, name or location; all for no names.

    Raises `SOURCE_NOT_FOUND`, `AMBIGUOUS_ID`.
    """
    return [_one(sources, name) for name in names] if names else sources


def _one(sources: list[Source], name: str) -> Source:
    location = os.path.realpath(name)
    for fits in (
        [source for source in sources if source.id == name],
        [source for source in sources if source.location == location],
        [source for source in sources if source.name == name],
        [source for source in sources if len(name) >= 4 and source.id.startswith(name)],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise AlvoError(errors.AMBIGUOUS_ID, id=name)
    raise AlvoError(errors.SOURCE_NOT_FOUND, source=name)


def within(path: str, folder: str) -> bool:
    """Whether a path lies below a folder; not the folder itself."""
    return path != folder and path.startswith(folder.rstrip(os.sep) + os.sep)


def elsewhere(source: Source, sources: Iterable[Source]) -> frozenset[str]:
    """What lies inside a source and belongs to another: the narrower one has it.

    So a private folder inside one that is not private stays private.
    """
    inner = (other.location for other in documents_of(sources))
    return frozenset(location for location in inner if within(location, source.location))
