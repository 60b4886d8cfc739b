"""What a reasoner is asked when tables are to be described, and what it replies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeVar

import prompts
from daemon.index.descriptions import LONGEST
from daemon.models.language_model import Prompt
from daemon.protocol.databases import Column, DatabaseDescription, Table
from daemon.protocol.values import Usage
from daemon.reasoner import reading
from daemon.reasoner.tables import shown
from daemon.reasoner.writing import language_name, line, new_fence

MOST_TABLES: Final = 20
_MOST_COLUMNS: Final = 150
"""Of one request: more sentences are cut off by most models."""

Named = TypeVar("Named", Table, Column)

Texts = dict[str, str]
"""By column; under the empty name, of the table itself."""


@dataclass(frozen=True, slots=True)
class DescribeRequest:
    """`database`: with the tables that are to be described. `language`: of the sentences."""

    database: DatabaseDescription
    language: str


@dataclass(frozen=True, slots=True)
class DescribeReply:
    """`asked`: how many of the tables, the first ones, were shown. `texts`: by table."""

    asked: int
    texts: Mapping[str, Texts]
    usage: Usage = field(default_factory=Usage)


class Describer(Protocol):
    """A reasoner that has words of its own. Raises nothing but `AlvoError` REASONER_*."""

    @property
    def name(self) -> str: ...

    def may_see(self, database: DatabaseDescription) -> bool:
        """Whether what is in it may reach the model."""

    async def describe(self, request: DescribeRequest) -> DescribeReply:
        """A sentence on tables and columns, in one call; nothing for what it may not see."""


def fitted(request: DescribeRequest, budget: int) -> DescribeRequest:
    """As many of its tables, and of the columns of the first, as fit one prompt."""
    left, columns = budget, _MOST_COLUMNS
    tables: list[Table] = []
    for whole in map(shown, request.database.tables[:MOST_TABLES]):
        if tables and (len(repr(whole)) > left or len(whole.columns) > columns):
            break
        table = _cut(whole, left, columns)
        left -= len(repr(table))
        columns -= len(table.columns)
        tables.append(table)
    database = replace(request.database, name=line(request.database.name), tables=tables)
    return replace(request, database=database)


def describe_prompt(request: DescribeRequest) -> Prompt:
    """Asks for descriptions, on a request that fits."""
    fence = new_fence([repr(request)])
    values = {
        "database": request.database,
        "fence": fence,
        "language": language_name(request.language),
    }
    return Prompt(
        prompts.render("describe.md", **values), prompts.render("describe_context.md", **values)
    )


def describe_schema() -> dict[str, Any]:
    """The JSON Schema that models are asked to fill."""
    text = {"type": "string"}
    column = _object({"name": text, "description": text})
    columns = {"type": "array", "items": column}
    table = _object({"name": text, "description": text, "columns": columns})
    return _object({"tables": {"type": "array", "items": table}})


def decode_texts(text: str, tables: Sequence[Table], reasoner: str) -> dict[str, Texts]:
    """What is said of these tables; of others, and of unknown columns, nothing is taken.

    `REASONER_INVALID_REPLY` where nothing is left.
    """
    wire = reading.read(text, _Reply, reasoner)
    by_name = _by_name(tables)
    texts: dict[str, Texts] = {}
    for said in wire.tables:
        table = by_name.get(line(said.name).casefold())
        if table is not None and table.name not in texts:
            texts[table.name] = _texts(said, table)
    if not any(any(said.values()) for said in texts.values()):
        raise reading.invalid(reasoner, "it describes none of the tables and columns listed")
    return texts


@dataclass(frozen=True, slots=True)
class _Described:
    name: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class _DescribedTable:
    name: str
    description: str | None = None
    columns: list[_Described] | None = None


@dataclass(frozen=True, slots=True)
class _Reply:
    tables: list[_DescribedTable]


def _texts(said: _DescribedTable, table: Table) -> Texts:
    texts = {"": _sentence(said.description)}
    columns = _by_name(table.columns)
    for one in said.columns or ():
        column = columns.get(line(one.name).casefold())
        if column is not None:
            texts.setdefault(column.name, _sentence(one.description))
    return texts


def _sentence(text: str | None) -> str:
    """On one line, without what nobody would see, and no longer than a sentence is."""
    said = line((text or "")[: 4 * LONGEST])
    return said if len(said) <= LONGEST else said[: LONGEST - 1].rstrip() + "…"


def _by_name(named: Iterable[Named]) -> dict[str, Named]:
    """By the name as it was shown; where two look the same, neither can be meant."""
    found: dict[str, Named] = {}
    twice: set[str] = set()
    for one in named:
        name = line(one.name).casefold()
        if name in found:
            twice.add(name)
        found[name] = one
    return {name: one for name, one in found.items() if name not in twice}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _cut(table: Table, room: int, columns: int) -> Table:
    """The first columns of a table that alone is more than fits."""
    kept: list[Column] = []
    for column in table.columns[:columns]:
        room -= len(repr(column))
        if room < 0 and kept:
            break
        kept.append(column)
    return replace(table, columns=kept)
