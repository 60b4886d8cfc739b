"""What passes between the daemon and the child that visits a database, as JSON."""

from dataclasses import dataclass, field

from daemon.protocol.databases import Cell


@dataclass(frozen=True, slots=True)
class QueryRequest:
    sql: str
    rows: int
    bytes: int
    kind: str = "query"


@dataclass(frozen=True, slots=True)
class SurveyRequest:
    kind: str = "survey"


@dataclass(frozen=True, slots=True)
class KeysRequest:
    """`pairs`: table, column, and the table and column that it may refer to."""

    pairs: list[tuple[str, str, str, str]]
    kind: str = "keys"


@dataclass(frozen=True, slots=True)
class FindRequest:
    """`columns`: table and column, those to look at first in front."""

    phrases: list[str]
    columns: list[tuple[str, str]]
    kind: str = "find"


@dataclass(frozen=True, slots=True)
class Order:
    """`ordinary`: as a reader among others, with its locks; where looking without failed."""

    location: str
    seconds: float
    memory_bytes: int
    ordinary: bool
    request: QueryRequest | SurveyRequest | KeysRequest | FindRequest


@dataclass(frozen=True, slots=True)
class Refusal:
    """`error`: the name of one of ours."""

    error: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class QueryReply:
    columns: list[str]
    rows: list[list[Cell]]
    more: bool


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """A column as the survey saw it. The counts are of the rows that were looked at.

    `unique`: declared to be, or by every row of the table. `longest`: characters of its longest
    text. `kinds`: how often each storage class occurred.
    """

    name: str
    type: str
    nullable: bool
    primary_key: bool
    unique: bool
    references: str | None
    seen: int
    distinct: int | None
    minimum: Cell
    maximum: Cell
    longest: int
    kinds: dict[str, int]
    frequent: list[tuple[Cell, int]]


@dataclass(frozen=True, slots=True)
class SeenTable:
    """`complete`: every row was looked at. `sql`: as in the schema, with its comments."""

    name: str
    kind: str
    sql: str
    rows: int | None
    rows_estimated: bool
    complete: bool
    columns: list[SeenColumn] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SurveyReply:
    tables: list[SeenTable]


@dataclass(frozen=True, slots=True)
class Contained:
    """One for each pair."""

    contained: list[bool]


@dataclass(frozen=True, slots=True)
class Looked:
    """`how`: 0 the whole value, 1 its beginning, 2 words within it."""

    table: str
    column: str
    value: str
    phrase: str
    how: int


@dataclass(frozen=True, slots=True)
class Found:
    matches: list[Looked]
