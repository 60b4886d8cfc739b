"""What a question asks for, before it is settled which tables and columns it means."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from daemon.reasoner.sql.names import Candidate


class Role(StrEnum):
    """What a slot is used for: it decides which candidates may fill it."""

    TARGET = "target"
    GROUP = "group"
    COUNTED = "counted"
    SUMMED = "summed"
    """A number to add up, or things to count: "the total …"."""
    NUMBER = "number"
    RANKED = "ranked"
    """A number or a date to rank by, or things to count."""
    COMPARED = "compared"
    VALUE = "value"
    SCOPE = "scope"


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One mention of a table, a column or a value; each mention is a slot of its own.

    `bucket`: year, month, day or weekday, where a date is meant by its part.
    """

    role: Role
    candidates: tuple[Candidate, ...]
    text: str
    at: int
    bucket: str = ""
    optional: bool = False
    """A relation such as "written": it need not be joined."""
    owned: bool = False
    """Whether it stands after "with" or "have"."""


class Function(StrEnum):
    NONE = ""
    COUNT = "COUNT"
    SUM = "SUM"
    AVERAGE = "AVG"
    HIGH = "MAX"
    LOW = "MIN"


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """A number made of rows. `distinct`: each value once. `within`: only rows of these conditions."""

    function: Function
    slot: Slot
    distinct: bool = False
    within: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """`operator`: =, <>, <, <=, >, >=, like, between, true, false, null, absent.

    `either`: the number of the OR that it is part of, 0 for none.
    """

    slot: Slot
    operator: str
    values: tuple[str | float, ...] = ()
    either: int = 0


@dataclass(frozen=True, slots=True)
class Having:
    """A condition on a number made of rows: "with more than 3 orders"."""

    measure: Measure
    operator: str
    number: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """What comes first. `limit`: None where all are wanted in that order."""

    by: Measure
    descending: bool
    limit: int | None


@dataclass(frozen=True, slots=True)
class Ordering:
    """`by`: None for the first thing that is shown."""

    by: Measure | None
    descending: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was understood of one question."""

    targets: tuple[Slot, ...] = ()
    measures: tuple[Measure, ...] = ()
    ratio: bool = False
    groups: tuple[Slot, ...] = ()
    conditions: tuple[Condition, ...] = ()
    havings: tuple[Having, ...] = ()
    ranking: Ranking | None = None
    ordering: Ordering | None = None
    scopes: tuple[Slot, ...] = ()
    distinct: bool = False
    share: bool = False
    plural: bool = False

    def slots(self) -> list[Slot]:
        """Every mention, in the order of the question."""
        measures = [*self.measures, *(having.measure for having in self.havings)]
        if self.ranking is not None:
            measures.append(self.ranking.by)
        if self.ordering is not None and self.ordering.by is not None:
            measures.append(self.ordering.by)
        found = [*self.targets, *self.groups, *self.scopes]
        found += [condition.slot for condition in self.conditions]
        for measure in measures:
            found += [measure.slot, *(condition.slot for condition in measure.within)]
        unique = {id(slot): slot for slot in found}
        return sorted(unique.values(), key=lambda slot: slot.at)


@dataclass(slots=True)
class Draft:
    """A reading while it is made."""

    targets: list[Slot] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    scopes: list[Slot] = field(default_factory=list)
    ranking: Ranking | None = None
    top: int | None = None
    top_high: bool = True
    distinct: bool = False
    plural: bool = False


class NotUnderstood(Exception):
    """Something in the question has no place: no SQL is better than a wrong number."""


def with_role(slot: Slot, role: Role) -> Slot:
    """The same mention, used for something else."""
    return replace(slot, role=role)
