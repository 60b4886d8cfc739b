"""The sample material, indexed by keywords as it stands, and what one can ask of it."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemon.config import Paths
from daemon.index import Index, IndexWriter, ParsedDocument, ParsedPassage
from daemon.protocol.values import (
    Digest,
    Hit,
    SourceKind,
    SourceName,
    Timestamp,
)
from daemon.reasoner import ContextPiece
from embed_tool.cut import passages
from embed_tool.formats.markdown import read_markdown

SAMPLE = Path(__file__).parents[1] / "data" / "sample"

Search = Callable[[str], tuple[ContextPiece, ...]]


def questions() -> dict[str, list[dict[str, Any]]]:
    """`answerable`, `unanswerable` and `tasks` of the sample."""
    return tomllib.loads((SAMPLE / "questions.toml").read_text(encoding="utf-8"))


def search_in(home: Path) -> Search:
    """An index of the sample below `home`, without an embedder, as a search for context."""
    paths = Paths.from_environment({"HOME": str(home)})
    with IndexWriter.open(paths, None) as writer:
        source = writer.add_source(SourceKind.DOCUMENTS, "/sample", "sample", private=False)
        writer.put_many(source.id, [_document(file) for file in sorted(SAMPLE.rglob("*.md"))])
    index = Index.open(paths, None)
    return lambda question: tuple(
        piece(n, hit) for n, hit in enumerate(index.search(question, k=8), start=1)
    )


def piece(n: int, hit: Hit) -> ContextPiece:
    return ContextPiece(
        n=n,
        source=SourceName.DOCUMENTS,
        title=hit.title,
        location=f"{hit.path}#{hit.place}" if hit.place else hit.path,
        text=hit.text,
        modified_at=hit.modified_at,
        score=hit.score,
        path=hit.path,
    )


def _document(file: Path) -> ParsedDocument:
    extract = read_markdown(file.read_bytes())
    path = str(file.relative_to(SAMPLE))
    return ParsedDocument(
        path=path,
        title=extract.title,
        language="pt" if "/pt/" in path else "en",
        modified_at=Timestamp("2026-01-01T00:00:00.000Z"),
        size=0,
        mtime_ns=0,
        content_hash=Digest(""),
        passages=tuple(
            ParsedPassage(found.place, found.text, found.heading) for found in passages(extract)
        ),
    )
