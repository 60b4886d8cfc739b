"""What a reasoner is asked when rows of a database are wanted, and what it replies."""

from dataclasses import dataclass

from daemon.protocol.databases import DatabaseDescription, ValueMatch
from daemon.protocol.values import Timestamp, Usage
from daemon.reasoner.request import AskedAgent


@dataclass(frozen=True, slots=True)
class TriedSql:
    """SQL of an earlier reply, and what was wrong about it; `database`: which one it was for."""

    sql: str
    problem: str
    database: str = ""


@dataclass(frozen=True, slots=True)
class SqlRequest:
    """`information`: what is missing, in words. `databases`: only the tables that may matter.

    `matches`: words of the question that are values of a column. `today`: what "this year" means. `agent`: who is
    asked.
    """

    question: str
    language: str
    databases: tuple[DatabaseDescription, ...]
    information: str = ""
    matches: tuple[ValueMatch, ...] = ()
    tried: tuple[TriedSql, ...] = ()
    today: Timestamp | None = None
    agent: AskedAgent | None = None


@dataclass(frozen=True, slots=True)
class SqlReply:
    """One SELECT for one database; `sql` is empty where it cannot be said in SQL.

    `notice`: what the person should know of how it came about.
    """

    database: str
    sql: str
    usage: Usage
    reasoner: str
    notice: str | None = None
