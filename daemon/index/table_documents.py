"""A table as a document, so that a search by words and by meaning finds it."""

from daemon.index import language, schema_words
from daemon.index.documents import ParsedDocument, ParsedPassage
from daemon.protocol.databases import Column, DatabaseDescription, DescribedBy, Table
from daemon.protocol.values import Digest, SourceId, Timestamp


def table_document(database: DatabaseDescription, table: Table) -> ParsedDocument:
    """Its names in words and what it holds; short, so that one vector says all of it. Values are
    looked up by themselves.
    """
    name = _words(table.name)
    columns = ", ".join(_words(column.name) for column in table.columns)
    said = [f"{_words(c.name)}: {c.description}" for c in table.columns if _looked_at(c)]
    text = "\n".join([f"{name}. {table.description}".strip(), columns, *said])
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


def _looked_at(column: Column) -> bool:
    return bool(column.description) and column.described_by is not DescribedBy.GUESS


def _words(name: str) -> str:
    """As a person would say it, which a vector model understands better."""
    return " ".join(schema_words.parts(name)) or name
