"""What a settled reading shows and counts, as columns and functions over them."""

from collections.abc import Iterable
from dataclasses import replace

from daemon.reasoner.sql.names import Candidate
from daemon.reasoner.sql.predicates import Predicates
from daemon.reasoner.sql.query import Expression
from daemon.reasoner.sql.reading import Function, Measure, NotUnderstood, Reading, Slot
from daemon.reasoner.sql.schema import Schema, Use
from daemon.reasoner.sql.settling import Settled


class Columns:
    """Columns of what was settled on."""

    def __init__(
        self, schema: Schema, reading: Reading, settled: Settled, predicates: Predicates
    ) -> None:
        self._schema = schema
        self._reading = reading
        self._settled = settled
        self._predicates = predicates

    def groups(self) -> tuple[list[Expression], list[Expression]]:
        """What is shown of each group, and what tells the groups apart."""
        shown: list[Expression] = []
        keys: list[Expression] = []
        for slot in self._reading.groups:
            candidate = self._settled.of(slot)
            columns = self.of(candidate, slot)
            shown += columns
            keys += columns if candidate.column else self.keys_of(columns, whole=True)
        return shown, keys

    def keys_of(
        self, shown: Iterable[Expression], *, whole: bool = False
    ) -> tuple[Expression, ...]:
        """What tells the shown things apart: two of one name stay two."""
        keys: list[Expression] = []
        for one in shown:
            relation = self._schema.relations[one.table]
            labels = {field.name for field in relation.label if whole or field.plain_label}
            if relation.key is not None and one.column in labels and not relation.label_repeats:
                keys.append(Expression(one.table, relation.key.name))
            keys.append(one)
        return tuple(dict.fromkeys(keys))

    def of(self, candidate: Candidate, slot: Slot) -> list[Expression]:
        """A column, or of a table what its rows are called by."""
        if candidate.column is not None:
            return [
                Expression(candidate.table, candidate.column, bucket=self._bucket(candidate, slot))
            ]
        relation = self._schema.relations[candidate.table]
        fields = relation.label or ((relation.key,) if relation.key else ())
        if not fields:
            raise NotUnderstood(slot.text)
        return [Expression(candidate.table, field.name) for field in fields]

    def _bucket(self, candidate: Candidate, slot: Slot) -> str:
        field = self._schema.field(candidate.table, candidate.column or "")
        return slot.bucket if field is not None and Use.DATE in field.use else ""

    def measure(self, measure: Measure) -> Expression:
        """A number, or a column that is one."""
        candidate = self._settled.of(measure.slot)
        within = tuple(self._predicates.of(one) for one in measure.within)
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
        if not self._settled.tree.multiplies(candidate.table):
            return Expression(candidate.table, None, Function.COUNT)
        if relation.key is None:
            raise NotUnderstood(measure.slot.text)
        return Expression(candidate.table, relation.key.name, Function.COUNT, distinct=True)
