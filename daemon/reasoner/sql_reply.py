"""The reply of a model that was asked for SQL: `{"database": "…", "sql": "…"}`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from daemon.reasoner import reading

LONGEST_SQL: Final = 20_000
"""Characters: no question needs more, and it is shown whole beside the answer."""


def sql_schema() -> dict[str, Any]:
    """The JSON Schema that models are asked to fill."""
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {"database": text, "sql": text},
        "required": ["database", "sql"],
    }


def decode_sql(text: str, databases: Sequence[str], reasoner: str) -> tuple[str, str]:
    """Name of the database and SQL, both empty where it cannot be said in SQL.

    Whether the SQL is one that only reads is not judged here: whoever runs it does.
    """
    wire = reading.read(text, _Wire, reasoner)
    sql = _bare(wire.sql or "")
    if not sql:
        return "", ""
    if len(sql) > LONGEST_SQL:
        raise reading.invalid(reasoner, f"sql is longer than {LONGEST_SQL} characters")
    if "\0" in sql:
        raise reading.invalid(reasoner, "sql holds a NUL character")
    named = (wire.database or "").strip()
    if not named and len(databases) == 1:
        return databases[0], sql
    found = next((name for name in databases if name.casefold() == named.casefold()), None)
    if found is None:
        raise reading.invalid(reasoner, f"database is none of: {', '.join(databases)}")
    return found, sql


@dataclass(frozen=True, slots=True)
class _Wire:
    sql: str | None
    database: str | None = None


def _bare(sql: str) -> str:
    """Without a code fence and the semicolon at the end."""
    sql = sql.strip()
    if sql.startswith("```") and sql.endswith("```") and len(sql) > 6:
        sql = sql.strip("`").strip().removeprefix("sqlite").removeprefix("sql")
    return sql.strip().rstrip(";").strip()
