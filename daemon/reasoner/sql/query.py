"""One SELECT as a value, and how it is written."""

import re
from dataclasses import dataclass
from typing import Final

from daemon.reasoner.sql.joins import Tree
from daemon.reasoner.sql.reading import Function
from daemon.reasoner.sql.tokens import as_sql

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED: Final = frozenset(
    [
        "add",
        "all",
        "alter",
        "and",
        "as",
        "asc",
        "between",
        "by",
        "case",
        "cast",
        "check",
        "collate",
        "column",
        "commit",
        "constraint",
        "create",
        "cross",
        "current_date",
        "current_time",
        "default",
        "deferrable",
        "delete",
        "desc",
        "distinct",
        "drop",
        "else",
        "end",
        "escape",
        "except",
        "exists",
        "filter",
        "for",
        "foreign",
        "from",
        "full",
        "group",
        "having",
        "in",
        "index",
        "inner",
        "insert",
        "intersect",
        "into",
        "is",
        "isnull",
        "join",
        "key",
        "left",
        "like",
        "limit",
        "natural",
        "not",
        "notnull",
        "null",
        "of",
        "offset",
        "on",
        "or",
        "order",
        "outer",
        "over",
        "primary",
        "references",
        "right",
        "rollback",
        "row",
        "rows",
        "select",
        "set",
        "table",
        "then",
        "to",
        "transaction",
        "union",
        "unique",
        "update",
        "using",
        "values",
        "view",
        "when",
        "where",
        "window",
        "with",
        "date",
        "day",
        "month",
        "year",
        "count",
        "cast",
        "cite",
        "domain",
        "comment",
        "text",
    ]
)
_OPERATORS: Final = {
    "null": "{left} IS NULL",
    "known": "{left} IS NOT NULL",
    "between": "{left} BETWEEN {values[0]} AND {values[1]}",
    "in": "{left} IN ({every})",
    "like": "{left} LIKE {values[0]}",
}
_HEADINGS: Final = {
    Function.SUM: "total",
    Function.AVERAGE: "average",
    Function.HIGH: "highest",
    Function.LOW: "lowest",
}
_BUCKETS: Final = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d", "weekday": "%w"}


@dataclass(frozen=True, slots=True)
class Predicate:
    """`values` are written as they are: numbers, or text that is quoted here."""

    left: "Expression | None"
    operator: str
    values: tuple[str | float, ...] = ()
    either: int = 0
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Expression:
    """A column, or a number made of rows; without a column all rows are counted."""

    table: str
    column: str | None
    function: Function = Function.NONE
    distinct: bool = False
    bucket: str = ""
    within: tuple[Predicate, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    tree: Tree
    select: tuple[Expression, ...]
    where: tuple[Predicate, ...] = ()
    group: tuple[Expression, ...] = ()
    having: tuple[Predicate, ...] = ()
    order: tuple[tuple[Expression, bool], ...] = ()
    limit: int | None = None
    distinct: bool = False
    ratio: bool = False
    """The last two of `select` are one number: the first by the second."""
    percent: bool = False
    whole: bool = False
    """The second of the two is that of all rows, whatever their group: each one's part."""
    counted: bool = False
    """Only how many rows there are is wanted."""


def written(query: Query) -> str:
    """SQLite's SELECT, on one line."""
    sql = _selected(query)
    return f"SELECT COUNT(*) AS number FROM ({sql})" if query.counted else sql


def _selected(query: Query) -> str:
    shown = [f"{expression(one)}{_alias(one)}" for one in query.select]
    if query.ratio:
        shown = [expression(one) for one in query.select]
        over, under = shown[-2:]
        if query.whole:
            where = f" WHERE {conjunction(query.where)}" if query.where else ""
            under = f"(SELECT {under} FROM {joined(query.tree)}{where})"
        kind = "percent" if query.percent else "ratio"
        shown[-2:] = [f"{quotient(over, under, percent=query.percent)} AS {kind}"]
    parts = ["SELECT DISTINCT" if query.distinct else "SELECT", ", ".join(shown)]
    parts += ["FROM", joined(query.tree)]
    if query.where:
        parts += ["WHERE", conjunction(query.where)]
    if query.group:
        parts += ["GROUP BY", ", ".join(expression(one) for one in query.group)]
    if query.having:
        parts += ["HAVING", conjunction(query.having)]
    if query.order:
        order = [f"{expression(one)}{' DESC' if down else ''}" for one, down in query.order]
        parts += ["ORDER BY", ", ".join(order)]
    if query.limit is not None:
        parts += ["LIMIT", str(query.limit)]
    return " ".join(parts)


def _alias(one: Expression) -> str:
    """What a person reads above a number: `average_price`, not the expression."""
    if one.function is Function.NONE:
        return f" AS {name(one.bucket)}" if one.bucket in _BUCKETS else ""
    if one.function is Function.COUNT:
        return " AS number"
    return f" AS {name(f'{_HEADINGS[one.function]}_{one.column}')}"


def quotient(over: str, under: str, *, percent: bool) -> str:
    """Never an error: by nothing it is null."""
    times = "100.0 * " if percent else ""
    return f"{times}CAST({over} AS REAL) / NULLIF({under}, 0)"


def joined(tree: Tree) -> str:
    """The FROM clause."""
    parts = [name(tree.tables[0])]
    for table, edge in zip(tree.tables[1:], tree.edges, strict=True):
        child = f"{name(edge.child)}.{name(edge.column)}"
        parent = f"{name(edge.parent)}.{name(edge.key)}"
        parts.append(f"JOIN {name(table)} ON {child} = {parent}")
    return " ".join(parts)


def expression(one: Expression) -> str:
    """A column with its table, a part of a date, or a function over it."""
    inner = f"{name(one.table)}.{name(one.column)}" if one.column else "*"
    if one.bucket in _BUCKETS:
        inner = f"strftime('{_BUCKETS[one.bucket]}', {inner})"
    if one.within:
        then = "1" if inner == "*" else inner
        inner = f"CASE WHEN {conjunction(one.within)} THEN {then} END"
    if one.function is Function.NONE:
        return inner
    return f"{one.function}({'DISTINCT ' if one.distinct else ''}{inner})"


def conjunction(predicates: tuple[Predicate, ...]) -> str:
    """All of them; those of one OR in brackets."""
    parts: list[str] = []
    seen: set[int] = set()
    for one in predicates:
        if not one.either:
            parts.append(predicate(one))
        elif one.either not in seen:
            seen.add(one.either)
            same = [predicate(other) for other in predicates if other.either == one.either]
            parts.append(f"({' OR '.join(same)})")
    return " AND ".join(parts)


def predicate(one: Predicate) -> str:
    """One comparison."""
    if one.left is None:
        return one.sql
    left = expression(one.left)
    values = [literal(value) for value in one.values]
    if one.operator == "in" and len(values) == 1:
        return f"{left} = {values[0]}"
    pattern = _OPERATORS.get(one.operator, "{left} {operator} {values[0]}")
    return pattern.format(left=left, operator=one.operator, values=values, every=", ".join(values))


def literal(value: str | float) -> str:
    """Text in single quotes, numbers plain."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return as_sql(value)


def name(identifier: str) -> str:
    """Quoted unless it is a plain word."""
    if _PLAIN.fullmatch(identifier) and identifier.lower() not in _RESERVED:
        return identifier
    return '"' + identifier.replace('"', '""') + '"'
