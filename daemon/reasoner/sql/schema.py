"""A database as a question sees it: the words of its names, what its columns are for, its joins."""

import re
from dataclasses import dataclass
from enum import Flag, auto
from functools import cached_property
from typing import Final

from daemon.index import language, schema_words
from daemon.protocol.databases import Column, DatabaseDescription, DescribedBy, Table
from daemon.reasoner.sql.lexicon import listed

_NUMERIC: Final = re.compile(r"INT|REAL|NUM|DEC|DOUB|FLO|MONEY|BOOL", re.IGNORECASE)
_DATE_TYPE: Final = re.compile(r"DATE|TIMESTAMP", re.IGNORECASE)
_DATE_VALUE: Final = re.compile(r"(?:1[5-9]|2[01])\d\d-[01]\d(?:-[0-3]\d)?(?:[ T]\d\d:\d\d.*)?")
_TRUE: Final = ("1", "t", "true", "y", "yes", "s", "sim")
_FALSE: Final = ("0", "f", "false", "n", "no", "nao")
_COUNTERS: Final = frozenset(
    ["num", "number", "count", "cnt", "total", "nr", "no", "qty", "qtd", "quantidade", "numero"]
)
_COUNTS: Final = _COUNTERS - frozenset(["total", "nr", "no"])
_ORDINALS: Final = listed("number no nr numero")
_LABELS: Final = ("name", "nome", "title", "titulo", "description", "descricao", "label", "keyword")
_OPTIONAL: Final = frozenset((*_LABELS, "desc", "text"))
_KEYS: Final = frozenset(["id", "code", "key", "codigo", "cod", "uid", "pk"])
_NOISE: Final = frozenset(["tbl", "table", "tabela", "vw", "view", "dim", "fact"])
_MOST_SAID: Final = 12
_FEW_REPEAT: Final = 0.8
_FLAGS: Final = frozenset(["is", "has", "tem", "e"])


class Use(Flag):
    """What a column is good for."""

    NONE = 0
    KEY = auto()
    NUMERIC = auto()
    DATE = auto()
    YEAR = auto()
    BOOLEAN = auto()
    COUNTER = auto()


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a name: `exact` are its own stems, `same` those of words that mean the same."""

    text: str
    exact: frozenset[str]
    same: frozenset[str]


@dataclass(frozen=True, slots=True)
class Field:
    """A column. `own`: the words of its name that are not its table's. `total`: says how many."""

    table: str
    name: str
    own: tuple[Word, ...]
    use: Use
    refers: bool
    true: str | None
    values: tuple[str, ...]
    described: tuple[Word, ...]
    all_values: bool
    nullable: bool

    @property
    def plain_label(self) -> bool:
        """Whether it names the rows of its own table, as `name` does and `street_name` does not."""
        return all(is_label(word.text) for word in self.own)

    @property
    def names(self) -> bool:
        """Whether it holds names: a key that is one says all that a person wants to read."""
        return any(is_label(word.text) for word in self.own)

    @property
    def says_key(self) -> bool:
        """Whether its name says that it is a key, as `course_id` does and `ReportsTo` does not."""
        return self.own[-1].text in _KEYS or self.name.lower().endswith("id")

    @property
    def total(self) -> bool:
        return Use.COUNTER in self.use and all(word.text in _COUNTS for word in self.own)


@dataclass(frozen=True, slots=True)
class Relation:
    """A table. `key`: the column that tells its rows apart, if one does alone."""

    name: str
    words: tuple[Word, ...]
    fields: tuple[Field, ...]
    key: Field | None
    label: tuple[Field, ...]
    label_repeats: bool
    link: bool
    described: tuple[Word, ...]

    def field(self, name: str) -> Field | None:
        folded = name.casefold()
        return next((field for field in self.fields if field.name.casefold() == folded), None)


@dataclass(frozen=True, slots=True)
class Edge:
    """`child.column` refers to `parent.key`: each row of the child has one parent at most."""

    child: str
    column: str
    parent: str
    key: str


class Schema:
    """The tables of one database, and how they join. Views are left out: tables say the same."""

    def __init__(self, description: DatabaseDescription) -> None:
        self.name = description.name
        tables = [table for table in description.tables if table.kind != "view"]
        tables = tables or description.tables
        known = _known(tables)
        self.relations = {table.name: _relation(table, known) for table in tables}

        self._tables = tables

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word of its names, as it is spelled there."""
        tables = (one.text for relation in self.relations.values() for one in relation.words)
        return self.column_words | frozenset(tables)

    @cached_property
    def column_words(self) -> frozenset[str]:
        """Every word of its columns that is not their table's."""
        return frozenset(
            one.text
            for relation in self.relations.values()
            for field in relation.fields
            for one in field.own
        )

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        names = {name.casefold(): name for name in self.relations}
        found: list[Edge] = []
        for table in self._tables:
            for column in table.columns:
                target, _, key = (column.references or "").rpartition(".")
                parent = names.get(target.casefold())
                if (
                    parent is not None
                    and parent != table.name
                    and not self._guessed_link(column, parent)
                ):
                    found.append(Edge(table.name, column.name, parent, key))
        return tuple(found)

    def _guessed_link(self, column: Column, parent: str) -> bool:
        """Nothing refers to a table that itself only links two others."""
        return column.references_guessed and self.relations[parent].link

    def field(self, table: str, column: str) -> Field | None:
        relation = self.relations.get(table)
        return relation.field(column) if relation else None


def word(text: str) -> Word:
    """Of a folded word."""
    # What the stemmer leaves: "álbuns" are several "álbum".
    forms = (text, f"{text[:-2]}m") if len(text) > 4 and text.endswith("ns") else (text,)
    exact = {stem for form in forms for stem in (form, *schema_words.stems(form))}
    same = {other for form in forms for other in schema_words.same(form)}
    return Word(text, frozenset(exact), frozenset(same - exact))


def is_amount(field: Field) -> bool:
    """Whether a column is simply called the total of its row."""
    return all(word.text in ("total", "amount", "valor", "value", "sum") for word in field.own)


def is_label(text: str) -> bool:
    """Whether a word of a column's name only says that it names the thing."""
    return text in _OPTIONAL


def is_key_word(text: str) -> bool:
    return text in _KEYS


def is_counter_word(text: str) -> bool:
    return text in _COUNTERS


def is_flag_word(text: str) -> bool:
    return text in _FLAGS


def _known(tables: list[Table]) -> frozenset[str]:
    """Names of tables are what glued names of columns are made of."""
    names = [part for table in tables for part in schema_words.parts(table.name)]
    return frozenset(name for name in names if len(name) > 2)


def _relation(table: Table, known: frozenset[str]) -> Relation:
    words = _words(table.name, known)
    words = tuple(one for one in words if one.text not in _NOISE) or words
    fields = tuple(_field(table, column, words, known) for column in table.columns)
    references = sum(column.references is not None for column in table.columns)
    key = _key(table, fields)
    return Relation(
        name=table.name,
        words=words,
        fields=fields,
        key=key,
        label=(label := _label(fields)),
        label_repeats=_repeats(table, label),
        link=len(table.columns) <= 3 and references >= 2,
        described=_described(table),
    )


def _words(name: str, known: frozenset[str]) -> tuple[Word, ...]:
    return tuple(word(part) for part in schema_words.parts(name, known))


def _field(
    table: Table, column: Column, table_words: tuple[Word, ...], known: frozenset[str]
) -> Field:
    words = _words(column.name, known)
    own = tuple(one for one in words if not any(one.exact & other.exact for other in table_words))
    own = own or words
    true = _truth(column)
    return Field(
        table=table.name,
        name=column.name,
        own=own,
        use=_use(column, words, true),
        refers=column.references is not None,
        true=true,
        values=tuple(column.values),
        described=_described(column),
        nullable=column.nullable,
        all_values=column.distinct is not None and 0 < column.distinct <= len(column.values),
    )


def _described(one: Table | Column) -> tuple[Word, ...]:
    """The words of what a person or a model says it holds; a guess is made of the name itself."""
    if one.described_by is DescribedBy.GUESS:
        return ()
    stop = language.STOP_WORDS["en"] | language.STOP_WORDS["pt"]
    said = [text for text in language.words(one.description) if text not in stop]
    return tuple(word(text) for text in said[:_MOST_SAID])


def _truth(column: Column) -> str | None:
    """How a column of two values that mean yes and no writes yes."""
    if column.distinct is not None and column.distinct > 3:
        return None
    folded = {language.fold(value): value for value in column.values}
    named = re.match(r"(?:is|has)(?:_|[A-Z])", column.name)
    boolean = "BOOL" in column.type.upper() or named is not None
    if not folded or not set(folded) <= {*_TRUE, *_FALSE}:
        return "1" if boolean and not folded else None
    both = bool(set(folded) & set(_TRUE)) and bool(set(folded) & set(_FALSE))
    if not boolean and not both:
        return None
    if {"0", "1"} & set(folded):
        return "1" if boolean or both else None
    return next((value for fold, value in folded.items() if fold in _TRUE), None)


def _use(column: Column, words: tuple[Word, ...], true: str | None) -> Use:
    use = Use.NONE
    last = words[-1].text if words else ""
    if (
        column.primary_key
        or column.references
        or last in _KEYS
        or column.name.lower().endswith(("id", "code"))
    ):
        use |= Use.KEY
    numeric = bool(_NUMERIC.search(column.type)) and not _DATE_TYPE.search(column.type)
    if not numeric and isinstance(column.minimum, int | float):
        numeric = isinstance(column.maximum, int | float)
    if numeric and Use.KEY not in use:
        use |= Use.NUMERIC
    if true is not None:
        use |= Use.BOOLEAN
    if _is_year(column, words, numeric=numeric):
        use |= Use.YEAR
    elif _is_date(column):
        use |= Use.DATE
    if numeric and _says_how_many(words):
        use |= Use.COUNTER
    return use


def _says_how_many(words: tuple[Word, ...]) -> bool:
    """`num_reviews` and `review_count` do; `flight_number` says which."""
    first = words[0].text if words else ""
    return first in _ORDINALS or any(word.text in _COUNTERS - _ORDINALS for word in words)


def _is_year(column: Column, words: tuple[Word, ...], *, numeric: bool) -> bool:
    named = any(one.text in ("year", "ano") for one in words)
    low, high = column.minimum, column.maximum
    if not numeric or not named:
        return False
    if isinstance(low, int | float) and isinstance(high, int | float):
        return low >= 1000 and high <= 2200
    return True


def _is_date(column: Column) -> bool:
    values = [value for value in column.values if value]
    if values:
        return all(_DATE_VALUE.fullmatch(value) for value in values)
    return bool(_DATE_TYPE.search(column.type))


def _key(table: Table, fields: tuple[Field, ...]) -> Field | None:
    primary = [
        field for field, column in zip(fields, table.columns, strict=True) if column.primary_key
    ]
    if primary:
        return primary[0] if len(primary) == 1 else None
    unique = [
        field
        for field, column in zip(fields, table.columns, strict=True)
        if table.rows and not table.rows_estimated and column.distinct == table.rows
    ]
    named = [field for field in unique if Use.KEY in field.use]
    own = [field for field in named if not _refers(table, field)]
    return next(iter(own or named), None) or (unique[0] if unique else None)


def _refers(table: Table, field: Field) -> bool:
    return any(column.name == field.name and column.references for column in table.columns)


def _repeats(table: Table, label: tuple[Field, ...]) -> bool:
    """A label that many rows share names a kind of row, not the row: streets, categories."""
    if len(label) != 1 or not table.rows:
        return False
    (column,) = (one for one in table.columns if one.name == label[0].name)
    return column.distinct is not None and column.distinct < _FEW_REPEAT * table.rows


def _label(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """How a row is called: its name or title; of people both names."""
    by_words = {"".join(one.text for one in field.own): field for field in fields}
    first = next((by_words[n] for n in ("firstname", "first", "nome") if n in by_words), None)
    last = next(
        (by_words[n] for n in ("lastname", "last", "surname", "sobrenome") if n in by_words), None
    )
    if first is not None and last is not None:
        return (first, last)
    for label in _LABELS:
        for field in fields:
            if [one.text for one in field.own] == [label] and Use.NUMERIC not in field.use:
                return (field,)
    for field in fields:
        text = field.own[-1].text
        if text in ("name", "nome", "title", "titulo", "description", "descricao"):
            return (field,)
    return ()
