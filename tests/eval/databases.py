"""Questions to SQL without a model: how often it answers, and how often the rows are right.

A question is answered by what the person's whole way gives: metadata as the embedding tool collects
them, values as routing finds them, one database at hand. Rows are compared, never text: as a
multiset, numbers to four places; columns in any order; where the question asks for an order, the
column that the reference is sorted by must be the same in both. Where other column sets are right
as well (`alternatives`, and all of our own questions), the one may show columns that the other
does not, and a thing may be told by its key or by its name.
"""

import asyncio
import itertools
import json
import re
import sqlite3
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from daemon.protocol.calls import DescribeDatabase
from daemon.protocol.values import Timestamp
from daemon.reasoner.sql import write
from daemon.reasoner.sql_request import SqlRequest
from daemon.sources.databases import DatabaseSources
from tests.bench.table import Row
from tests.support.known_databases import add, environment_in, sources_over

RIGHT_OF_ANSWERED, RIGHT_OF_ALL, SIMPLE = 0.80, 0.25, 0.80
TODAY = Timestamp("2026-07-15T12:00:00.000Z")
OWN = Path(__file__).with_name("simple_sql.toml")
_MOST_COLUMNS = 8
_ORDER = re.compile(r"\border(?:ed| by| the)|\bsort|\bordem\b|\bordenad", re.IGNORECASE)

Table = list[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    database: str
    question: str
    language: str
    sql: str
    alternatives: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """`sql`: empty where it was not answered."""

    asked: Asked
    sql: str
    right: bool


def rows(data: Path | None) -> list[Row]:
    if data is None:
        return []
    public, own = measured(data, list(pairs(data))), measured(data, list(simple()))
    found = [_precision("SQL offline: right of those answered", public)]
    found.append(_share("SQL offline: right of all questions", public, RIGHT_OF_ALL))
    for database in sorted({one.asked.database for one in public}):
        part = [one for one in public if one.asked.database == database]
        answered = sum(bool(one.sql) for one in part)
        right = sum(one.right for one in part)
        found.append(Row(f"  {database}", f"{right} right, {answered} answered of {len(part)}"))
    found.append(_share("SQL offline: simple questions, right", own, SIMPLE))
    for language in ("en", "pt"):
        part = [one for one in own if one.asked.language == language]
        found.append(_share(f"  of these in {language}", part, SIMPLE))
    return found


def pairs(data: Path) -> Iterator[Asked]:
    for pair in json.loads((data / "sql" / "pairs.json").read_text(encoding="utf-8")):
        yield Asked(pair["db"], pair["question"], "en", pair["gold_sqlite"], pair["alternatives"])


def simple() -> Iterator[Asked]:
    for database, questions in tomllib.loads(OWN.read_text(encoding="utf-8")).items():
        for one in questions:
            language = "en" if "en" in one else "pt"
            yield Asked(database, one[language], language, one["sql"], alternatives=True)


def measured(data: Path, asked: Sequence[Asked]) -> list[Outcome]:
    """Every database is added to a home of its own: no other one is in the way."""
    found: list[Outcome] = []
    for database in sorted({one.database for one in asked}):
        file = data / "sql" / f"{database}.sqlite"
        with tempfile.TemporaryDirectory() as home:
            environ = environment_in(Path(home))
            add(environ, [file])
            with sources_over(environ) as sources:
                part = [one for one in asked if one.database == database]
                found += asyncio.run(_measured(sources, file, part))
    return found


async def _measured(sources: DatabaseSources, file: Path, asked: Sequence[Asked]) -> list[Outcome]:
    try:
        return [_outcome(file, one, await written(sources, one)) for one in asked]
    finally:
        await sources.close()


async def written(sources: DatabaseSources, asked: Asked) -> str:
    """The SQL for one question; over all tables where routing does not propose the database."""
    routes = await sources.route(asked.question)
    if routes:
        database, matches = routes[0].database, routes[0].matches
    else:
        database, matches = await sources.describe(DescribeDatabase(asked.database)), ()
    request = SqlRequest(asked.question, asked.language, (database,), matches=matches, today=TODAY)
    return write(request)[1]


def _outcome(file: Path, asked: Asked, sql: str) -> Outcome:
    if not sql:
        return Outcome(asked, "", right=False)
    try:
        ours = result(file, sql)
    except sqlite3.Error:
        return Outcome(asked, sql, right=False)
    reference = result(file, asked.sql)
    ordered = _ORDER.search(asked.question) is not None
    right = same(reference, ours, alternatives=asked.alternatives, ordered=ordered)
    if not right and asked.alternatives:
        keyed = result(file, with_keys(sql))
        right = same(reference, keyed, alternatives=True, ordered=ordered)
    return Outcome(asked, sql, right)


def with_keys(sql: str) -> str:
    """The same rows with the columns that tell them apart: a thing is shown by key or by name."""
    found = re.search(r" GROUP BY (.+?)(?: HAVING | ORDER BY | LIMIT |$)", sql)
    if found is None or not sql.startswith("SELECT "):
        return sql
    return sql.replace("SELECT ", f"SELECT {found[1]}, ", 1)


def result(file: Path, sql: str) -> Table:
    connection = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)
    try:
        return [tuple(map(_comparable, row)) for row in connection.execute(sql)]
    finally:
        connection.close()


def same(reference: Table, ours: Table, *, alternatives: bool, ordered: bool) -> bool:
    """By the rule of this module."""
    if len(reference) != len(ours):
        return False
    if not reference:
        return True
    wide, narrow = len(reference[0]), len(ours[0])
    if wide != narrow and not alternatives:
        return False
    if max(wide, narrow) > _MOST_COLUMNS:
        return Counter(reference) == Counter(ours)
    return any(
        Counter(one) == Counter(other) and (not ordered or _in_order(one, other))
        for one, other in _matched(reference, ours)
    )


def _matched(reference: Table, ours: Table) -> Iterator[tuple[Table, Table]]:
    """Both with the same number of columns, in every way to choose and order them."""
    swapped = len(ours[0]) < len(reference[0])
    wide, narrow = (reference, ours) if swapped else (ours, reference)
    for columns in itertools.permutations(range(len(wide[0])), len(narrow[0])):
        chosen = [tuple(row[column] for column in columns) for row in wide]
        yield (chosen, narrow) if swapped else (narrow, chosen)


def _in_order(reference: Table, ours: Table) -> bool:
    """Rows of the same rank may come in any order among themselves."""
    sorted_by = [
        column
        for column in range(len(reference[0]))
        if _is_sorted([row[column] for row in reference])
    ]
    if not sorted_by:
        return reference == ours
    return any(
        [row[column] for row in reference] == [row[column] for row in ours] for column in sorted_by
    )


def _is_sorted(values: Sequence[object]) -> bool:
    keys = [(value is not None, isinstance(value, str), value or 0) for value in values]
    try:
        return keys in (sorted(keys), sorted(keys, reverse=True))  # type: ignore[type-var]  # tried
    except TypeError:
        return False


def _comparable(value: object) -> object:
    return round(float(value), 4) if isinstance(value, int | float) else value


def _precision(what: str, outcomes: Sequence[Outcome]) -> Row:
    answered = [one for one in outcomes if one.sql]
    return _share(what, answered, RIGHT_OF_ANSWERED)


def _share(what: str, outcomes: Sequence[Outcome], aim: float) -> Row:
    right = sum(one.right for one in outcomes)
    figure = f"{right} of {len(outcomes)} ({right / max(len(outcomes), 1):.0%})"
    return Row(what, figure, f"≥ {aim:.0%}", met=right >= aim * len(outcomes))
