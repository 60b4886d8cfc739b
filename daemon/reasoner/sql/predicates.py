"""The conditions of a settled reading as they stand after WHERE."""

from daemon.index import language
from daemon.reasoner.sql.joins import Joins
from daemon.reasoner.sql.names import Candidate
from daemon.reasoner.sql.query import Expression, Predicate, expression, joined, name, predicate
from daemon.reasoner.sql.reading import Condition, NotUnderstood, Reading, Slot
from daemon.reasoner.sql.schema import Field, Schema, Use
from daemon.reasoner.sql.settling import Settled


class Predicates:
    """Writes conditions for the columns that were settled on."""

    def __init__(self, schema: Schema, reading: Reading, settled: Settled) -> None:
        self._schema = schema
        self._reading = reading
        self._settled = settled

    def where(self) -> tuple[Predicate, ...]:
        """All conditions of the reading, and those that its mentions imply."""
        found = [self.of(condition) for condition in self._reading.conditions]
        found += [self._known(slot) for slot in self._reading.scopes if self._is_property(slot)]
        return self._together(tuple(found))

    def of(self, condition: Condition) -> Predicate:
        """One condition; raises `NotUnderstood` for one that no column can hold."""
        candidate = self._settled.of(condition.slot)
        if condition.operator == "absent":
            return self._absent(candidate, condition)
        field = self._field(candidate)
        if field is None:
            raise NotUnderstood(condition.slot.text)
        left = Expression(field.table, field.name)
        if condition.operator in ("true", "false"):
            return _flagged(field, left, condition)
        if condition.operator == "<>" and not condition.values:
            value = candidate.value or condition.slot.text
            return Predicate(left, "<>", (value,), condition.either)
        if not condition.values and condition.operator == "=":
            return self._valued(candidate, field, condition)
        return _compared(field, left, condition)

    def _valued(self, candidate: Candidate, field: Field, condition: Condition) -> Predicate:
        """All spellings of one value; a part of one by LIKE."""
        left, text = Expression(field.table, field.name), condition.slot.text
        same = [
            one.value
            for one in condition.slot.candidates
            if (one.table, one.column) == (candidate.table, candidate.column)
            and one.value is not None
            and language.fold(one.value) == language.fold(text)
        ]
        if same:
            return Predicate(left, "in", tuple(dict.fromkeys(same)), condition.either)
        if candidate.value is None and field.all_values:
            # Every value of the column is known, and this is none of them: another word for one.
            raise NotUnderstood(text)
        if candidate.value and language.fold(text) not in language.fold(candidate.value):
            # Said in another language, or another spelling: "Londres" for London.
            return Predicate(left, "=", (candidate.value,), condition.either)
        return Predicate(left, "like", (f"%{text}%",), condition.either)

    def _together(self, where: tuple[Predicate, ...]) -> tuple[Predicate, ...]:
        """“in both A and B”: no row has two values, but a thing may have rows of each."""
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
        source = joined(self._settled.tree)
        kept: list[Predicate] = []
        for one in where:
            if one.left in twice:
                sql = f"{column} IN (SELECT {column} FROM {source} WHERE {predicate(one)})"
                kept.append(Predicate(None, "", sql=sql))
            else:
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
        """“students with a minor”: those where there is one."""
        candidate = self._settled.of(slot)
        field = self._field(candidate)
        if not slot.owned or field is None or not field.nullable:
            raise NotUnderstood(slot.text)
        return Predicate(Expression(candidate.table, candidate.column), "known")

    def _field(self, candidate: Candidate) -> Field | None:
        return self._schema.field(candidate.table, candidate.column) if candidate.column else None

    def _absent(self, candidate: Candidate, condition: Condition) -> Predicate:
        """“customers without orders”: of what is beside them, or linked by a table of its own."""
        thing = self._thing()
        path = Joins(self._schema).path(thing, candidate.table)
        between = path[0].child if len(path) == 2 else ""
        if len(path) != 1 and not (between and self._schema.relations[between].link):
            raise NotUnderstood(condition.slot.text)
        edge = path[0]
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


def _flagged(field: Field, left: Expression, condition: Condition) -> Predicate:
    true = field.true if field.true is not None else "1"
    value: str | float = 1.0 if true == "1" else true
    operator = "=" if condition.operator == "true" else "<>"
    return Predicate(left, operator, (value,), condition.either)


def _compared(field: Field, left: Expression, condition: Condition) -> Predicate:
    values = condition.values
    if Use.DATE in field.use and values:
        # Of a date only the year is ever said; SQLite gives it as text.
        left = Expression(left.table, left.column, bucket="year")
        values = tuple(str(int(one)) if isinstance(one, float) else one for one in values)
    return Predicate(left, condition.operator, values, condition.either)
