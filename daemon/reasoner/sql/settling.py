"""Which table or column each mention means: those that fit best together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from daemon.reasoner.sql.joins import Joins, Tree
from daemon.reasoner.sql.names import Candidate
from daemon.reasoner.sql.reading import NotUnderstood, Reading, Role, Slot
from daemon.reasoner.sql.schema import Schema, Use, is_amount

_USES: Final = {
    Role.NUMBER: Use.NUMERIC,
    Role.SUMMED: Use.NUMERIC,
    Role.RANKED: Use.NUMERIC | Use.DATE | Use.YEAR,
}
"""What a column must be good for in a role."""
_MOST_TRIED: Final = 20_000
_TABLE: Final = 1.0
"""What each join costs beside the fit of names: few tables are the likelier meaning."""
_COLUMN_COUNTED: Final = 0.35
_KEY_NAMED: Final = 0.2
_NUMBER_GROUPED: Final = 0.4
_EXACT: Final = 0.05
_PARTLY: Final = 0.45
"""What is called by its whole name is nothing that is only partly called so."""
_TIE: Final = 1e-6
_WORST: Final = 0.8
"""A mention that fits worse is a guess."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The reading with one candidate for each mention, and how the tables join."""

    chosen: dict[int, Candidate]
    tree: Tree
    cost: float

    def of(self, slot: Slot) -> Candidate:
        return self.chosen[id(slot)]


class Settling:
    """Settles readings over one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._joins = Joins(schema)

    def settle(self, reading: Reading, slots: Sequence[Slot] | None = None) -> Settled:
        """Raises `NotUnderstood` where nothing fits, or two meanings fit equally well."""
        found = list(slots if slots is not None else reading.slots())
        needed = [slot for slot in found if not slot.optional]
        apart = {
            id(condition.slot) for condition in reading.conditions if condition.operator == "absent"
        }
        if not needed:
            raise NotUnderstood("nothing of the database is named")
        options = [self._fitting(slot) for slot in needed]
        preferred = {
            one.table
            for slot in found
            if slot.optional
            for one in slot.candidates
            if not one.column
        }
        best: list[Settled] = []
        for chosen in _combinations(options):
            settled = self._settled(needed, chosen, apart, preferred)
            if settled is not None:
                best.append(settled)
        best.sort(key=lambda settled: settled.cost)
        if not best:
            raise NotUnderstood("no tables that join")
        for other in best[1:]:
            if other.cost > best[0].cost + _TIE:
                break
            if _columns_differ(best[0], other) or _numbers_differ(needed, best[0], other):
                raise NotUnderstood("two columns that fit equally well")
        return best[0]

    def _settled(
        self,
        slots: Sequence[Slot],
        chosen: Sequence[Candidate],
        apart: set[int],
        preferred: set[str],
    ) -> Settled | None:
        tables = [
            one.table for slot, one in zip(slots, chosen, strict=True) if id(slot) not in apart
        ]
        tree = self._joins.tree(tables, preferred)
        if tree is None:
            return None
        named = {one.table for one in chosen if one.column is None}
        cost = sum(one.penalty for one in chosen) + _TABLE * tree.cost
        cost -= 0.15 * len(named & set(tree.tables))
        by_slot = {id(slot): one for slot, one in zip(slots, chosen, strict=True)}
        return Settled(by_slot, tree, cost)

    def _fitting(self, slot: Slot) -> list[Candidate]:
        fitted = [one for one in (self._as(slot.role, c) for c in slot.candidates) if one]
        fitted = [one for one in fitted if one.penalty <= _WORST]
        if not fitted:
            raise NotUnderstood(slot.text)
        fitted = [one for one in fitted if not self._stands_for_table(one, fitted)]
        # What is called by its own name is not something else of a similar meaning.
        fitted = [one for one in fitted if not one.synonym] or fitted
        if fitted and min(one.penalty for one in fitted) < _EXACT:
            fitted = [one for one in fitted if one.penalty < _PARTLY]
        return sorted(fitted, key=lambda one: one.penalty)

    def _only_number(self, one: Candidate) -> Candidate | None:
        """“the average invoice”: what can be averaged of it, if that is one thing."""
        fields = [
            field for field in self._schema.relations[one.table].fields if Use.NUMERIC in field.use
        ]
        if len(fields) != 1:
            return None
        return replace(one, column=fields[0].name, penalty=one.penalty + 0.3)

    def _amount(self, one: Candidate) -> Candidate:
        """“the total of all invoices”: what each comes to, where a column says that; else how many."""
        fields = self._schema.relations[one.table].fields
        amounts = [field for field in fields if Use.NUMERIC in field.use and is_amount(field)]
        return replace(one, column=amounts[0].name) if len(amounts) == 1 else one

    def _stands_for_table(self, one: Candidate, among: Sequence[Candidate]) -> bool:
        """`SupplierID` of a product where "supplier" was said: the supplier itself is meant."""
        field = self._schema.field(one.table, one.column) if one.column else None
        if field is None or Use.KEY not in field.use or not one.penalty or field.names:
            return False
        return any(other.column is None and other.penalty <= one.penalty for other in among)

    def _as(self, role: Role, one: Candidate) -> Candidate | None:
        """The candidate in this role, with what that costs; None: it cannot be."""
        field = self._schema.field(one.table, one.column) if one.column else None
        if field is None:
            return self._thing_as(role, one)
        wanted = _USES.get(role)
        if wanted is not None:
            return one if field.use & wanted else None
        price = 0.0
        match role:
            case Role.TARGET if field.refers and not field.names and not field.says_key:
                # "Who reports to …" wants the person, not the number that refers to one.
                return None
            case Role.COUNTED if Use.BOOLEAN in field.use:
                return None
            case Role.COUNTED if not one.counter:
                price = _COLUMN_COUNTED
            case Role.GROUP if Use.NUMERIC in field.use and Use.YEAR not in field.use:
                price = _NUMBER_GROUPED
            case Role.GROUP | Role.TARGET | Role.SCOPE if Use.KEY in field.use and one.penalty:
                price = _KEY_NAMED
        return replace(one, penalty=one.penalty + price)

    def _thing_as(self, role: Role, one: Candidate) -> Candidate | None:
        if role is Role.NUMBER:
            return self._only_number(one)
        return self._amount(one) if role is Role.SUMMED else one


def _columns_differ(one: Settled, other: Settled) -> bool:
    """Whether two meanings take different columns of one table for the same words."""
    pairs = ((chosen, other.chosen[slot]) for slot, chosen in one.chosen.items())
    return any(
        first.table == second.table and first.column and second.column != first.column
        for first, second in pairs
    )


def _numbers_differ(slots: Sequence[Slot], one: Settled, other: Settled) -> bool:
    """Whether a number would be another one: the population of cities, or of states."""
    numbers = (Role.NUMBER, Role.SUMMED, Role.RANKED)
    return any(one.of(slot) != other.of(slot) for slot in slots if slot.role in numbers)


def _combinations(options: Sequence[Sequence[Candidate]]) -> Iterator[tuple[Candidate, ...]]:
    """Every choice of one each; fewer of each where that would be too many."""
    most = max((len(option) for option in options), default=0)
    while _product(options, most) > _MOST_TRIED and most > 1:
        most -= 1
    yield from product(*(option[:most] for option in options))


def _product(options: Sequence[Sequence[Candidate]], most: int) -> int:
    total = 1
    for option in options:
        total *= min(len(option), most)
    return total
