"""An index in a temporary home, and documents to put into it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from daemon.config import Paths
from daemon.index import IndexWriter, ParsedDocument, ParsedPassage
from daemon.models.embedder import Embedder
from daemon.protocol.values import (
    Digest,
    Source,
    SourceKind,
    Timestamp,
)

MODIFIED_AT = Timestamp("2026-01-02T03:04:05.678Z")


def paths_in(home: Path) -> Paths:
    return Paths.from_environment({"HOME": str(home)})


def document(
    path: str, *texts: str, title: str = "", language: str = "en", content: str = "hash"
) -> ParsedDocument:
    """One passage for each text, at places "1", "2" and so on."""
    passages = tuple(ParsedPassage(str(n), text) for n, text in enumerate(texts, 1))
    return ParsedDocument(path, title, language, MODIFIED_AT, 10, 20, Digest(content), passages)


@contextlib.contextmanager
def writing(
    paths: Paths, embedder: Embedder | None, location: str = "/docs", owner: str = ""
) -> Iterator[tuple[IndexWriter, Source]]:
    """A writer, and the source at that location, which is added if it is not there."""
    with IndexWriter.open(paths, embedder) as writer:
        there = [one for one in writer.sources(owner) if one.location == location]
        if not there:
            name = location.strip("/")
            there = [
                writer.add_source(SourceKind.DOCUMENTS, location, name, private=False, owner=owner)
            ]
        yield writer, there[0]
