"""A table as a document, so that a search by words and by meaning finds it."""

from typing import Final

from daemon.index import language, schema_words
from daemon.index.documents import ParsedDocument, ParsedPassage
from daemon.protocol.values import (
    Column,
    DatabaseDescription,
    Digest,
    SourceId,
    Table,
    Timestamp,
)

_MOST_VALUES: Final = 5
_VALUE_CHARS: Final = 60


def table_document(database: DatabaseDescription, table: Table) -> ParsedDocument:
    """Its names in words, what it holds, its columns with some of their values."""
    name = _words(table.name)
    lines = [f"{name}. {table.description}".strip(), *map(_line, table.columns)]
    text = "\n".join(lines)
    return ParsedDocument(
        path=path_of(database.source_id, table.name),
        title=f"{_words(database.name)} › {name}",
        language=language.detect(text),
        modified_at=database.refreshed_at or Timestamp(""),
        size=0,
        mtime_ns=0,
        content_hash=Digest(""),
        passages=(ParsedPassage(table.name, text),),
    )


def path_of(source_id: SourceId, table: str) -> str:
    return f"{source_id}/{table}"


def place_of(path: str) -> tuple[SourceId, str]:
    """Which table a document describes."""
    source_id, _, table = path.partition("/")
    return SourceId(source_id), table


def _line(column: Column) -> str:
    values = ", ".join(value[:_VALUE_CHARS] for value in column.values[:_MOST_VALUES])
    said = [_words(column.name), column.description, values]
    return "; ".join(part for part in said if part)


def _words(name: str) -> str:
    """As a person would say it, which a vector model understands better."""
    return " ".join(schema_words.parts(name)) or name
