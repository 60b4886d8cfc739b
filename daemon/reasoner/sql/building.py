"""From a settled reading to the SELECT that says it."""

from dataclasses import replace

from daemon.index import language
from daemon.reasoner.sql.joins import Joins
from daemon.reasoner.sql.names import Candidate
from daemon.reasoner.sql.query import (
    Expression,
    Predicate,
    Query,
    expression,
    joined,
    name,
    predicate,
)
from daemon.reasoner.sql.reading import (
    Condition,
    Function,
    Having,
    Measure,
    NotUnderstood,
    Ranking,
    Reading,
    Slot,
)
from daemon.reasoner.sql.schema import Field, Schema, Use
from daemon.reasoner.sql.settling import Settled


class Building:
    """Builds one query over one schema."""

    def __init__(self, schema: Schema, reading: Reading, settled: Settled) -> None:
        self._schema = schema
        self._reading = reading
        self._settled = settled
        self._tree = settled.tree

    def query(self) -> Query:
        """Raises `NotUnderstood` where the rows that are meant cannot be told."""
        reading = self._reading
        targets = [one for slot in reading.targets for one in self._shown(slot)]
        measures = [self._measure(measure) for measure in reading.measures]
        groups, keys = self._groups()
        where = tuple(self._predicate(condition) for condition in reading.conditions)
        where += tuple(self._known(slot) for slot in reading.scopes if self._is_property(slot))
        query = Query(self._tree, (), self._together(where))
        if reading.ratio:
            return self._ordered(self._ratio(query, measures, groups, keys))
        if reading.ranking is not None:
            return self._ranked(query, targets, measures, groups, keys)
        if reading.havings:
            return self._had(query, targets, measures, groups, keys)
        if measures:
            return self._ordered(self._measured(query, targets, measures, groups, keys))
        if not targets and not groups:
            raise NotUnderstood("nothing is asked for")
        tables = {one.table for one in targets}
        if tables == {one.table for one in groups}:
            groups = []
        return self._ordered(self._listed(query, [*groups, *targets]))

    # What is shown

    def _measured(
        self,
        query: Query,
        targets: list[Expression],
        measures: list[Expression],
        groups: list[Expression],
        keys: list[Expression],
    ) -> Query:
        if targets and not groups:
            if all(one.function in (Function.HIGH, Function.LOW) for one in measures):
                raise NotUnderstood("which of them")
            groups, keys = targets, self._keys_of(targets)
        elif targets:
            same = {one.table for one in targets} == {one.table for one in groups}
            shown = targets if same else [*groups, *targets]
            groups, keys = shown, _once([*keys, *targets])
        if not groups:
            return replace(query, select=tuple(measures))
        if all(one.function is Function.NONE for one in measures):
            return replace(query, select=tuple(_once([*groups, *measures])))
        if any(one.function is Function.NONE for one in measures):
            raise NotUnderstood("a number of which row")
        order = self._group_order(groups, measures)
        return replace(query, select=(*groups, *measures), group=tuple(keys), order=order)

    def _group_order(
        self, groups: list[Expression], measures: list[Expression]
    ) -> tuple[tuple[Expression, bool], ...]:
        """Times in their own order; else the largest number first, as people read a list."""
        if any(one.bucket for one in groups):
            return tuple((one, False) for one in groups)
        return ((measures[0], True),)

    def _listed(self, query: Query, targets: list[Expression]) -> Query:
        shown = tuple(_once(targets))
        first = self._reading.targets[0] if self._reading.targets else None
        thing = self._settled.of(first) if first else None
        own = thing is not None and self._names_rows(thing)
        many = thing is not None and self._tree.multiplies(thing.table)
        distinct = self._reading.distinct or many or not own
        return replace(query, select=shown, distinct=distinct)

    def _names_rows(self, thing: Candidate) -> bool:
        """Whether each row of its table is another one: a name is, a country of customers is not."""
        if thing.column is None:
            return True
        relation = self._schema.relations[thing.table]
        if len(self._reading.targets) > 1:
            return True
        return thing.column in {field.name for field in (*relation.label, *_key(relation.key))}

    def _ranked(
        self,
        query: Query,
        targets: list[Expression],
        measures: list[Expression],
        groups: list[Expression],
        keys: list[Expression],
    ) -> Query:
        ranking = self._reading.ranking
        if ranking is None or (not targets and not groups) or self._reading.havings:
            raise NotUnderstood("what is ranked")
        by = self._rank(ranking)
        shown = [*groups, *targets]
        keys = _once([*keys, *self._keys_of(targets)])
        explicit = any(self._settled.of(slot).column for slot in self._reading.targets)
        if by.function is Function.NONE:
            if self._tree.multiplies(targets[0].table if targets else groups[0].table):
                by = replace(by, function=Function.HIGH if ranking.descending else Function.LOW)
        if by.function is not Function.NONE or measures:
            query = replace(query, group=tuple(keys))
        if self._reading.plural and not explicit and by not in shown and not measures:
            shown.append(by)
        if not ranking.descending and by.column and by.function is Function.NONE:
            query = replace(query, where=(*query.where, Predicate(by, "known")))
        return replace(
            query,
            select=tuple(_once([*shown, *measures])),
            order=((by, ranking.descending),),
            limit=ranking.limit,
        )

    def _rank(self, ranking: Ranking) -> Expression:
        measure = ranking.by
        if measure.function is Function.NONE and self._settled.of(measure.slot).column is None:
            measure = Measure(Function.COUNT, measure.slot)
        return self._measure(measure)

    def _had(
        self,
        query: Query,
        targets: list[Expression],
        measures: list[Expression],
        groups: list[Expression],
        keys: list[Expression],
    ) -> Query:
        """ "customers with more than 3 orders", and how many of them there are."""
        having = tuple(self._having(one) for one in self._reading.havings)
        counted = [m for m in self._reading.measures if m.function is Function.COUNT]
        if targets and not groups and not measures:
            keys = _once([*self._keys_of(targets)])
            return self._ordered(
                replace(query, select=tuple(targets), group=tuple(keys), having=having)
            )
        if groups or targets or len(counted) != 1 or len(measures) != 1:
            raise NotUnderstood("a number of numbers")
        thing = self._settled.of(counted[0].slot)
        key = self._schema.relations[thing.table].key
        if thing.column is not None or key is None:
            raise NotUnderstood(counted[0].slot.text)
        one = Expression(thing.table, key.name)
        return replace(query, select=(one,), group=(one,), having=having, counted=True)

    def _ratio(
        self,
        query: Query,
        measures: list[Expression],
        groups: list[Expression],
        keys: list[Expression],
    ) -> Query:
        percent = self._reading.share
        if not groups:
            return replace(query, select=tuple(measures), ratio=True, percent=percent)
        tables = {one.table for one in (*measures, *groups)}
        plain = [replace(one, function=Function.NONE) for one in measures]
        if measures[0] == measures[1]:
            whole = replace(query, select=(*groups, *measures), group=tuple(keys))
            return replace(whole, ratio=True, percent=percent, whole=True)
        rows = all(
            one.function is Function.SUM and one.column and not one.within for one in measures
        )
        once = not any(self._tree.multiplies(table) for table in tables)
        if rows and len(tables) == 1 and not once:
            raise NotUnderstood("a number of rows that come up several times")
        if rows and len(tables) == 1 and self._is_one_row(keys):
            return replace(query, select=(*groups, *plain), ratio=True, percent=percent)
        return replace(
            query, select=(*groups, *measures), group=tuple(keys), ratio=True, percent=percent
        )

    def _is_one_row(self, keys: list[Expression]) -> bool:
        relation = self._schema.relations[keys[0].table]
        return relation.key is not None and any(one.column == relation.key.name for one in keys)

    def _ordered(self, query: Query) -> Query:
        ordering = self._reading.ordering
        if ordering is None or query.limit is not None:
            return query
        if ordering.by is None:
            numbers = [one for one in query.select if one.function is not Function.NONE]
            first = numbers[0] if numbers and ordering.descending else query.select[0]
        elif ordering.by.function is Function.NONE:
            candidate = self._settled.of(ordering.by.slot)
            first = self._columns(candidate, ordering.by.slot)[0]
            if query.group and first not in query.group:
                same = [one for one in query.select if one.column == candidate.column]
                numbers = [one for one in query.select if one.function is not Function.NONE]
                if not same and not numbers:
                    raise NotUnderstood(ordering.by.slot.text)
                first = (same or numbers)[0]
        else:
            first = self._measure(ordering.by)
            if not query.group and first.function is not Function.NONE:
                numbers = [one for one in query.select if one.function is not Function.NONE]
                if not numbers:
                    query = replace(
                        query, group=tuple(self._keys_of(list(query.select))), distinct=False
                    )
        return replace(query, order=((first, ordering.descending),))

    # Parts

    def _groups(self) -> tuple[list[Expression], list[Expression]]:
        shown: list[Expression] = []
        keys: list[Expression] = []
        for slot in self._reading.groups:
            candidate = self._settled.of(slot)
            columns = self._columns(candidate, slot)
            shown += columns
            keys += columns if candidate.column else self._keys_of(columns, whole=True)
        return _once(shown), _once(keys)

    def _keys_of(self, shown: list[Expression], *, whole: bool = False) -> list[Expression]:
        """What tells the shown things apart: two of one name stay two."""
        keys: list[Expression] = []
        for one in shown:
            relation = self._schema.relations[one.table]
            labels = {field.name for field in relation.label if whole or field.plain_label}
            if relation.key is not None and one.column in labels and not relation.label_repeats:
                keys.append(Expression(one.table, relation.key.name))
            keys.append(one)
        return _once(keys)

    def _shown(self, slot: Slot) -> list[Expression]:
        return self._columns(self._settled.of(slot), slot)

    def _columns(self, candidate: Candidate, slot: Slot) -> list[Expression]:
        if candidate.column is not None:
            return [
                Expression(candidate.table, candidate.column, bucket=self._bucket(candidate, slot))
            ]
        relation = self._schema.relations[candidate.table]
        fields = relation.label or _key(relation.key)
        if not fields:
            raise NotUnderstood(slot.text)
        return [Expression(candidate.table, field.name) for field in fields]

    def _bucket(self, candidate: Candidate, slot: Slot) -> str:
        field = self._schema.field(candidate.table, candidate.column or "")
        return slot.bucket if field is not None and Use.DATE in field.use else ""

    def _measure(self, measure: Measure) -> Expression:
        candidate = self._settled.of(measure.slot)
        within = tuple(self._predicate(one) for one in measure.within)
        field = self._schema.field(candidate.table, candidate.column) if candidate.column else None
        if measure.function in (Function.COUNT, Function.SUM):
            return replace(self._counted(candidate, measure), within=within)
        if field is None:
            raise NotUnderstood(measure.slot.text)
        return Expression(candidate.table, field.name, measure.function, within=within)

    def _counted(self, candidate: Candidate, measure: Measure) -> Expression:
        """How many rows, or what they add up to where a column says how many each stands for."""
        relation = self._schema.relations[candidate.table]
        if candidate.column is not None:
            field = relation.field(candidate.column)
            adds = measure.function is Function.SUM or candidate.counter
            if field is not None and adds and Use.NUMERIC in field.use:
                return Expression(candidate.table, field.name, Function.SUM)
            return Expression(candidate.table, candidate.column, Function.COUNT, distinct=True)
        total = next((field for field in relation.fields if field.total), None)
        if total is not None:
            return Expression(candidate.table, total.name, Function.SUM)
        if not self._tree.multiplies(candidate.table):
            return Expression(candidate.table, None, Function.COUNT)
        if relation.key is None:
            raise NotUnderstood(measure.slot.text)
        return Expression(candidate.table, relation.key.name, Function.COUNT, distinct=True)

    def _having(self, having: Having) -> Predicate:
        return Predicate(self._measure(having.measure), having.operator, (having.number,))

    def _predicate(self, condition: Condition) -> Predicate:
        candidate = self._settled.of(condition.slot)
        operator, values = condition.operator, condition.values
        if operator == "absent":
            return self._absent(candidate, condition)
        if candidate.column is None:
            raise NotUnderstood(condition.slot.text)
        left = Expression(candidate.table, candidate.column)
        field = self._schema.field(candidate.table, candidate.column)
        if operator in ("true", "false"):
            true = field.true if field and field.true is not None else "1"
            value: str | float = 1.0 if true == "1" else true
            return Predicate(left, "=" if operator == "true" else "<>", (value,), condition.either)
        if operator in ("=", "<>") and not values:
            return self._valued(candidate, condition, left)
        if field is not None and Use.DATE in field.use and values:
            left = replace(left, bucket="year")
            values = tuple(
                str(int(value)) if isinstance(value, float) else value for value in values
            )
        return Predicate(left, operator, values, condition.either)

    def _valued(self, candidate: Candidate, condition: Condition, left: Expression) -> Predicate:
        """All spellings of one value; a part of it, or none at all, by LIKE."""
        same = [
            one.value
            for one in condition.slot.candidates
            if (one.table, one.column) == (candidate.table, candidate.column)
            and one.value is not None
            and language.fold(one.value) == language.fold(condition.slot.text)
        ]
        if condition.operator == "<>":
            return Predicate(
                left, "<>", (candidate.value or condition.slot.text,), condition.either
            )
        if same:
            return Predicate(left, "in", tuple(dict.fromkeys(same)), condition.either)
        field = self._schema.field(candidate.table, candidate.column or "")
        if candidate.value is None and field is not None and field.all_values:
            # Every value of the column is known, and this is none of them: another word for one.
            raise NotUnderstood(condition.slot.text)
        text = condition.slot.text
        if candidate.value is not None and language.fold(text) not in language.fold(
            candidate.value
        ):
            # Said in another language, or another spelling: "Londres" for London.
            return Predicate(left, "=", (candidate.value,), condition.either)
        return Predicate(left, "like", (f"%{text}%",), condition.either)

    def _together(self, where: tuple[Predicate, ...]) -> tuple[Predicate, ...]:
        """ "in both A and B": no row has two values, but a thing may have rows of each."""
        plain = [
            one.left for one in where if not one.either and one.operator in ("in", "=", "like")
        ]
        twice = {left for left in plain if plain.count(left) > 1}
        if not twice:
            return where
        key = self._schema.relations[self._thing()].key
        if key is None:
            raise NotUnderstood("both")
        column = expression(Expression(self._thing(), key.name))
        source = joined(self._tree)
        kept: list[Predicate] = []
        for one in where:
            if one.left in twice:
                sql = f"{column} IN (SELECT {column} FROM {source} WHERE {predicate(one)})"
                one = Predicate(None, "", sql=sql)
            kept.append(one)
        return tuple(kept)

    def _is_property(self, slot: Slot) -> bool:
        """Whether a mention is a column that a row may have or not."""
        candidate = self._settled.chosen.get(id(slot))
        field = self._field(candidate) if candidate else None
        if field is None or Use.KEY in field.use:
            return False
        return not field.plain_label

    def _known(self, slot: Slot) -> Predicate:
        """ "students with a minor": those where there is one."""
        candidate = self._settled.of(slot)
        field = self._field(candidate)
        if not slot.owned or field is None or not field.nullable:
            raise NotUnderstood(slot.text)
        return Predicate(Expression(candidate.table, candidate.column), "known")

    def _field(self, candidate: Candidate) -> Field | None:
        return self._schema.field(candidate.table, candidate.column) if candidate.column else None

    def _absent(self, candidate: Candidate, condition: Condition) -> Predicate:
        """ "customers without orders"."""
        thing = self._thing()
        edge = Joins(self._schema).first_step(thing, candidate.table)
        if edge is None:
            raise NotUnderstood(condition.slot.text)
        if edge.child == thing:
            return Predicate(Expression(thing, edge.column), "null", either=condition.either)
        key = expression(Expression(thing, edge.key))
        other = expression(Expression(edge.child, edge.column))
        sql = f"NOT EXISTS (SELECT 1 FROM {name(edge.child)} WHERE {other} = {key})"
        return Predicate(None, "", either=condition.either, sql=sql)

    def _thing(self) -> str:
        for slot in (*self._reading.targets, *(m.slot for m in self._reading.measures)):
            return self._settled.of(slot).table
        raise NotUnderstood("without what")


def _once(found: list[Expression]) -> list[Expression]:
    return list(dict.fromkeys(found))


def _key(key: Field | None) -> tuple[Field, ...]:
    return (key,) if key is not None else ()
