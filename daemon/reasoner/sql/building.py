"""From a settled reading to the SELECT that says it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from daemon.reasoner.sql.columns import Columns
from daemon.reasoner.sql.names import Candidate
from daemon.reasoner.sql.predicates import Predicates
from daemon.reasoner.sql.query import Expression, Predicate, Query
from daemon.reasoner.sql.reading import (
    Function,
    Measure,
    NotUnderstood,
    Ordering,
    Ranking,
    Reading,
)
from daemon.reasoner.sql.schema import Schema
from daemon.reasoner.sql.settling import Settled


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is shown, the numbers, what is shown of each group, what tells groups apart."""

    targets: tuple[Expression, ...]
    measures: tuple[Expression, ...]
    groups: tuple[Expression, ...]
    keys: tuple[Expression, ...]


class Building:
    """Builds one query over one schema."""

    def __init__(self, schema: Schema, reading: Reading, settled: Settled) -> None:
        self._schema = schema
        self._reading = reading
        self._settled = settled
        self._predicates = Predicates(schema, reading, settled)
        self._columns = Columns(schema, reading, settled, self._predicates)

    def query(self) -> Query:
        """Raises `NotUnderstood` where the rows that are meant cannot be told."""
        parts = self._parts()
        query = Query(self._settled.tree, (), self._predicates.where())
        if self._reading.ranking is not None:
            return self._ranked(query, parts, self._reading.ranking)
        if self._reading.ratio:
            query = self._ratio(query, parts)
        elif self._reading.havings:
            query = self._had(query, parts)
        elif parts.measures:
            query = self._measured(query, parts)
        else:
            query = self._listed(query, parts)
        ordering = self._reading.ordering
        return self._ordered(query, ordering) if ordering is not None else query

    def _parts(self) -> _Parts:
        slots = self._reading.targets
        targets = [one for slot in slots for one in self._columns.of(self._settled.of(slot), slot)]
        groups, keys = self._columns.groups()
        measures = [self._columns.measure(measure) for measure in self._reading.measures]
        return _Parts(once(targets), tuple(measures), once(groups), once(keys))

    def _measured(self, query: Query, parts: _Parts) -> Query:
        groups, keys = self._grouped(parts)
        measures = parts.measures
        if not groups:
            return replace(query, select=measures)
        plain = [one.function is Function.NONE for one in measures]
        if all(plain):
            return replace(query, select=once([*groups, *measures]))
        if any(plain):
            raise NotUnderstood("a number of which row")
        order = _group_order(groups, measures)
        return replace(query, select=(*groups, *measures), group=keys, order=order)

    def _grouped(self, parts: _Parts) -> tuple[tuple[Expression, ...], tuple[Expression, ...]]:
        """“the users and how many reviews they wrote”: what is shown beside a number groups it."""
        targets, groups = parts.targets, parts.groups
        if not targets:
            return groups, parts.keys
        if not groups:
            if all(one.function in (Function.HIGH, Function.LOW) for one in parts.measures):
                raise NotUnderstood("which of them")
            return targets, self._columns.keys_of(targets)
        same = {one.table for one in targets} == {one.table for one in groups}
        shown = targets if same else once([*groups, *targets])
        return shown, once([*parts.keys, *targets])

    def _listed(self, query: Query, parts: _Parts) -> Query:
        targets, groups = parts.targets, parts.groups
        if {one.table for one in targets} == {one.table for one in groups}:
            groups = ()
        shown = once([*groups, *targets])
        if not shown:
            raise NotUnderstood("nothing is asked for")
        first = self._reading.targets[0] if self._reading.targets else None
        thing = self._settled.of(first) if first else None
        own = thing is not None and self._names_rows(thing)
        many = thing is not None and self._settled.tree.multiplies(thing.table)
        return replace(query, select=shown, distinct=self._reading.distinct or many or not own)

    def _names_rows(self, thing: Candidate) -> bool:
        """Whether each row of its table is another one: a name is, a country of customers is not."""
        if thing.column is None or len(self._reading.targets) > 1:
            return True
        relation = self._schema.relations[thing.table]
        key = relation.key.name if relation.key else None
        return thing.column in {key, *(field.name for field in relation.label)}

    def _ranked(self, query: Query, parts: _Parts, ranking: Ranking) -> Query:
        shown = once([*parts.groups, *parts.targets])
        if not shown or self._reading.havings or self._reading.ratio:
            raise NotUnderstood("what is ranked")
        by = self._rank(ranking)
        if by.function is Function.NONE and self._settled.tree.multiplies(shown[-1].table):
            by = replace(by, function=Function.HIGH if ranking.descending else Function.LOW)
        if by.function is not Function.NONE or parts.measures:
            keys = once([*parts.keys, *self._columns.keys_of(parts.targets)])
            query = replace(query, group=keys)
        elif not ranking.descending:
            # SQLite has nulls before the smallest.
            query = replace(query, where=(*query.where, Predicate(by, "known")))
        select = once([*shown, *parts.measures])
        if self._shows_rank(parts) and by not in select:
            select = (*select, by)
        order = ((by, ranking.descending),)
        return replace(query, select=select, order=order, limit=ranking.limit)

    def _shows_rank(self, parts: _Parts) -> bool:
        """A list of several is read with what it is ranked by, unless columns were asked for."""
        named = any(self._settled.of(slot).column for slot in self._reading.targets)
        return self._reading.plural and not named and not parts.measures

    def _rank(self, ranking: Ranking) -> Expression:
        measure = ranking.by
        if measure.function is Function.NONE and self._settled.of(measure.slot).column is None:
            measure = Measure(Function.COUNT, measure.slot)
        return self._columns.measure(measure)

    def _had(self, query: Query, parts: _Parts) -> Query:
        """“customers with more than 3 orders”, and how many of them there are."""
        having = tuple(
            Predicate(self._columns.measure(one.measure), one.operator, (one.number,))
            for one in self._reading.havings
        )
        if parts.targets and not parts.groups and not parts.measures:
            keys = self._columns.keys_of(parts.targets)
            return replace(query, select=parts.targets, group=keys, having=having)
        counted = [one for one in self._reading.measures if one.function is Function.COUNT]
        if parts.groups or parts.targets or len(counted) != 1 or len(parts.measures) != 1:
            raise NotUnderstood("a number of numbers")
        thing = self._settled.of(counted[0].slot)
        key = self._schema.relations[thing.table].key
        if thing.column is not None or key is None:
            raise NotUnderstood(counted[0].slot.text)
        one = Expression(thing.table, key.name)
        return replace(query, select=(one,), group=(one,), having=having, counted=True)

    def _ratio(self, query: Query, parts: _Parts) -> Query:
        """For each group one number by another; each row's own where a group is one row."""
        query = replace(query, ratio=True, percent=self._reading.share)
        select = (*parts.groups, *parts.measures)
        if not parts.groups:
            return replace(query, select=select)
        grouped = replace(query, select=select, group=parts.keys)
        if parts.measures[0] == parts.measures[1]:
            return replace(grouped, whole=True)
        tables = {one.table for one in select}
        added = all(one.function is Function.SUM and not one.within for one in parts.measures)
        if not added or len(tables) > 1:
            return grouped
        if any(self._settled.tree.multiplies(table) for table in tables):
            raise NotUnderstood("a number of rows that come up several times")
        if not self._is_one_row(parts.keys):
            return grouped
        plain = [replace(one, function=Function.NONE) for one in parts.measures]
        return replace(query, select=(*parts.groups, *plain))

    def _is_one_row(self, keys: tuple[Expression, ...]) -> bool:
        key = self._schema.relations[keys[0].table].key
        return key is not None and any(one.column == key.name for one in keys)

    def _ordered(self, query: Query, ordering: Ordering) -> Query:
        numbers = [one for one in query.select if one.function is not Function.NONE]
        if ordering.by is None:
            first = numbers[0] if numbers and ordering.descending else query.select[0]
        elif ordering.by.function is Function.NONE:
            first = self._ordering_column(query, ordering.by)
        else:
            first = self._columns.measure(ordering.by)
            if not query.group and not numbers:
                keys = self._columns.keys_of(query.select)
                query = replace(query, group=keys, distinct=False)
        return replace(query, order=((first, ordering.descending),))

    def _ordering_column(self, query: Query, by: Measure) -> Expression:
        """Of groups only what is shown of them can be what they are ordered by."""
        candidate = self._settled.of(by.slot)
        column = self._columns.of(candidate, by.slot)[0]
        if not query.group or column in query.group:
            return column
        same = [one for one in query.select if one.column == candidate.column]
        numbers = [one for one in query.select if one.function is not Function.NONE]
        if not same and not numbers:
            raise NotUnderstood(by.slot.text)
        return (same or numbers)[0]


def once(found: Iterable[Expression]) -> tuple[Expression, ...]:
    """Each of them once, in their order."""
    return tuple(dict.fromkeys(found))


def _group_order(
    groups: tuple[Expression, ...], measures: tuple[Expression, ...]
) -> tuple[tuple[Expression, bool], ...]:
    """Times in their own order; else the largest number first, as people read a list."""
    if any(one.bucket for one in groups):
        return tuple((one, False) for one in groups)
    return ((measures[0], True),)
