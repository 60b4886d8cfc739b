"""Joins along the keys between tables: the smallest tree that holds those which are needed."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.reasoner.sql.schema import Edge, Schema

_PREFERRED: Final = 0.4
_LINK: Final = 0.9
"""What a step costs to a table that only links two others: the usual way between them."""
_LATER: Final = 0.01
MOST_STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class Tree:
    """Tables in the order of their joins; `edges[i]` brings in `tables[i + 1]`."""

    tables: tuple[str, ...]
    edges: tuple[Edge, ...]
    cost: float

    def multiplies(self, table: str) -> bool:
        """Whether a row of this table may come up several times."""
        seen = {table}
        open_ = [table]
        while open_:
            here = open_.pop()
            for edge in self.edges:
                if edge.parent == here and edge.child not in seen:
                    return True
                if edge.child == here and edge.parent not in seen:
                    seen.add(edge.parent)
                    open_.append(edge.parent)
        return False


class Joins:
    """How the tables of one schema hang together."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._around: dict[str, list[tuple[str, Edge]]] = {}
        for edge in schema.edges:
            self._around.setdefault(edge.child, []).append((edge.parent, edge))
            self._around.setdefault(edge.parent, []).append((edge.child, edge))
        self._trees: dict[tuple[tuple[str, ...], frozenset[str]], Tree | None] = {}

    def tree(self, tables: Iterable[str], preferred: Iterable[str] = ()) -> Tree | None:
        """None where they do not join, or join in two ways that nobody told apart."""
        wanted = tuple(dict.fromkeys(tables))
        key = (wanted, frozenset(preferred))
        if key not in self._trees:
            self._trees[key] = self._grown(wanted, key[1])
        return self._trees[key]

    def path(self, start: str, goal: str) -> tuple[Edge, ...]:
        """The way from one table to another; empty where there is none, or no single one."""
        found = self._path([start], goal, frozenset())
        return tuple(found[1]) if found else ()

    def _grown(self, wanted: Sequence[str], preferred: frozenset[str]) -> Tree | None:
        tables: list[str] = [wanted[0]]
        edges: list[Edge] = []
        cost = 0.0
        for table in wanted[1:]:
            if table in tables:
                continue
            path = self._path(tables, table, preferred)
            if path is None:
                return None
            cost += path[0]
            for edge in path[1]:
                new = edge.parent if edge.child in tables else edge.child
                if new in tables:
                    return None
                tables.append(new)
                edges.append(edge)
        return Tree(tuple(tables), tuple(edges), cost)

    def _path(
        self, starts: Sequence[str], goal: str, preferred: frozenset[str]
    ) -> tuple[float, list[Edge]] | None:
        """The cheapest way; of equal ones that from the table which was named last."""
        queue: list[tuple[float, int, str, list[Edge]]] = []
        for at, start in enumerate(starts):
            heapq.heappush(queue, (_LATER * (len(starts) - at), at, start, []))
        best: tuple[float, list[Edge]] | None = None
        count = len(starts)
        while queue:
            cost, _, table, path = heapq.heappop(queue)
            if best is not None and cost > best[0] + _LATER / 2:
                break
            if table == goal:
                if best is not None and best[1] != path:
                    return None
                best = (cost, path)
                continue
            if len(path) >= MOST_STEPS:
                continue
            for other, edge in self._around.get(table, ()):
                if other in starts or any(other in (e.child, e.parent) for e in path):
                    continue
                count += 1
                step = cost + self._step(other, goal, preferred)
                heapq.heappush(queue, (step, count, other, [*path, edge]))
        return best

    def _step(self, table: str, goal: str, preferred: frozenset[str]) -> float:
        if table in preferred:
            return _PREFERRED
        return _LINK if table != goal and self._schema.relations[table].link else 1.0
