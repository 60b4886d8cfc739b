"""What is known of a collection as a whole: its language, how long its passages are, how rare a word."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from daemon.index.hybrid import Statistics
from daemon.index.language import Language, known
from daemon.index.schema import FIRST_AGENT, is_agent, passage_range
from daemon.store import Database

_DRIFT: Final = 0.05
_MAX_TERMS: Final = 20_000
_REMEMBERED: Final = 64
"""Agents whose words are remembered: counting them anew takes a millisecond."""


class Vocabulary:
    """Counting a common word takes milliseconds, so it is remembered until the collection has grown
    or shrunk by a twentieth: the logarithm hardly moves. An agent's passages are a collection of
    their own, which others change in nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: OrderedDict[object, _Counted] = OrderedDict()

    def language(self, db: Database, owner: int) -> Language:
        """Most of the collection's: a question that does not show its own takes it."""
        return self._current(db, owner).language

    def statistics(self, db: Database, terms: Iterable[str], owner: int) -> Statistics:
        counted = self._current(db, owner)
        for term in terms:
            if term not in counted.frequency:
                counted.frequency[term] = _frequency(db, term, owner)
        return Statistics(counted.passages, counted.mean_length, counted.frequency)

    def _current(self, db: Database, owner: int) -> "_Counted":
        sql = f"SELECT coalesce(sum(passages), 0), min(id) FROM source WHERE {_sources(owner)}"
        passages, first = db.one(sql) or (0, None)
        # A number may have been another agent's before; a source's id is only ever its own.
        key = first if is_agent(owner) else None
        with self._lock:
            counted = self._counted.get(key)
            if counted is None or _is_outdated(counted, passages):
                self._counted[key] = counted = _count(db, owner, passages)
            self._counted.move_to_end(key)
            if len(self._counted) > _REMEMBERED:
                self._counted.popitem(last=False)
            return counted


@dataclass(slots=True)
class _Counted:
    passages: int
    mean_length: float
    language: Language
    frequency: dict[str, int] = field(default_factory=dict)


def _is_outdated(counted: _Counted, passages: int) -> bool:
    drifted = abs(passages - counted.passages) > _DRIFT * counted.passages
    return drifted or len(counted.frequency) > _MAX_TERMS


def _count(db: Database, owner: int, passages: int) -> _Counted:
    of = _sources(owner)
    length = db.value(f"SELECT coalesce(sum(length), 0) FROM source WHERE {of}")
    # Tables speak the language of who made them, not of who asks.
    most = db.value(
        "SELECT language FROM document JOIN source ON source.id = source_id"
        f" WHERE kind != 'database' AND {of} GROUP BY language ORDER BY count(*) DESC"
    )
    return _Counted(passages, max(1.0, length / max(1, passages)), known(most or "en"))


def _frequency(db: Database, term: str, owner: int) -> int:
    if not is_agent(owner):
        return db.value("SELECT doc FROM vocabulary WHERE term = ?", (term,)) or 0
    sql = "SELECT count(*) FROM agent_keyword WHERE agent_keyword MATCH ? AND rowid BETWEEN ? AND ?"
    return int(db.value(sql, (f'"{term}"', *passage_range(owner))))


def _sources(owner: int) -> str:
    return f"owner = {owner}" if is_agent(owner) else f"owner < {FIRST_AGENT}"
