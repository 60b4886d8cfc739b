"""Which rows a question speaks of: values, comparisons, years, what is true or missing."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from daemon.reasoner.sql import tags
from daemon.reasoner.sql.items import Item, tagged
from daemon.reasoner.sql.names import SYNONYM, Candidate
from daemon.reasoner.sql.reading import (
    Condition,
    Function,
    Having,
    Measure,
    NotUnderstood,
    Role,
    Slot,
)
from daemon.reasoner.sql.schema import Schema, Use

_OPERATOR: Final = {"more": ">", "least": ">=", "less": "<", "most": "<=", "equal": "=", "": "="}
_SIGN: Final = {">": ">", "<": "<", ">=": ">=", "<=": "<=", "=": "="}
_OPPOSITE: Final = {">": "<=", "<": ">=", ">=": "<", "<=": ">", "=": "<>", "like": "unlike"}
_LIKE: Final = {"starts": "{}%", "ends": "%{}", "contains": "%{}%"}
Found = tuple[list[Condition], list[Having]]
Left = Sequence[Item] | None
"""What a rule leaves of its items for others to understand; None: it was something else after all."""
Rule = Callable[[Sequence[Item]], Left]


class Conditions:
    """Takes the conditions out of the items of one question."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._items: Sequence[Item] = ()
        self._found: list[tuple[int, Condition]] = []
        self._havings: list[Having] = []
        rules: tuple[tuple[str, Rule], ...] = (
            (r"r[wf]*l[vr?#]", self._like),
            (r"r?[wf]*B[#y]&[#y]", self._between),
            (r"r[wf]*>f*#r?", self._compared),
            (r">f*#r", self._many),
            (r">f*y", self._since),
            (r"[mrf]*y", self._year),
            (r"!w*f*v", self._not_value),
            (r"(?:r[wf>]*)?v(?:[|,&]+v)+", self._one_of),
            (r"vr(?![wf]*>)", self._value_before),
            (r"r[wf]*>?v", self._value),
            (r"v", self._lone_value),
            (r"r#", self._numbered),
            (r"![wf]*r", self._absent),
            (r"r!?0", self._null),
            (r"[wf&|,]r", self._true),
            (r"r(?=r)", self._true_before),
            (r"(?<=r)r", self._true),
        )
        self._rules = [(re.compile(pattern), rule) for pattern, rule in rules]

    def take(self, items: Sequence[Item]) -> tuple[list[Item], Found]:
        """What is left of the items, and the conditions in the order of the question."""
        left = list(items)
        self._items = items
        for pattern, rule in self._rules:
            start = 0
            while match := pattern.search(tagged(left), start):
                first, last = match.span()
                kept = rule(left[first:last])
                if kept is None:
                    start = first + 1
                else:
                    left[first:last] = kept
                    start = first + len(kept)
        joined = self._joined(items)
        if any(condition.either for condition in joined):
            left = [item for item in left if item.tag != tags.OR]
        return left, (joined, self._havings)

    def _joined(self, items: Sequence[Item]) -> list[Condition]:
        """Conditions with an "or" between them hold together."""
        ordered = sorted(self._found, key=lambda pair: pair[0])
        ors = [item.first for item in items if item.tag == tags.OR]
        joined: list[Condition] = []
        number = 0
        for at, (place, condition) in enumerate(ordered):
            before = ordered[at - 1][0] if at else place
            if at and any(before < place_of_or < place for place_of_or in ors):
                if not joined[-1].either:
                    number += 1
                    joined[-1] = _either(joined[-1], number)
                joined.append(_either(condition, joined[-1].either))
            else:
                joined.append(condition)
        return joined

    def _add(
        self, item: Item, slot: Slot, operator: str, values: tuple[str | float, ...] = ()
    ) -> Left:
        self._found.append((item.first, Condition(slot, operator, values)))
        return ()

    # Each rule gets the items that its pattern matched.

    def _like(self, part: Sequence[Item]) -> Left:
        said, sense, value = part[0], part[-2].sense, part[-1]
        candidates = tuple(self._labels(said))
        if not candidates:
            return None
        return self._add(
            value,
            _slot(said, Role.COMPARED, candidates),
            "like",
            (_LIKE[sense].format(value.text),),
        )

    def _between(self, part: Sequence[Item]) -> Left:
        low, high = part[-3], part[-1]
        values = (low.number or 0.0, high.number or 0.0)
        if low.tag == tags.YEAR:
            return self._add(low, self._years(part[0]), "between", values)
        candidates = self._numbers(part[0]) if part[0].tag == tags.REFERENCE else ()
        if not candidates:
            return None
        return self._add(low, _slot(part[0], Role.COMPARED, candidates), "between", values)

    def _compared(self, part: Sequence[Item]) -> Left:
        candidates = self._numbers(part[0])
        sign = next(item for item in part if item.tag == tags.COMPARE)
        number = next(item for item in part if item.tag == tags.NUMBER)
        after = part[-1] if part[-1].tag == tags.REFERENCE and part[-1] is not part[0] else None
        if after is not None and self._is_thing(after):
            return None
        if not candidates:
            return None
        return self._add(
            number,
            _slot(part[0], Role.COMPARED, candidates),
            _operator(sign),
            (number.number or 0.0,),
        )

    def _many(self, part: Sequence[Item]) -> Left:
        sign, number, said = part[0], part[-2], part[-1]
        plain = tuple(one for one in self._numbers(said) if not one.counter)
        if plain and not self._is_thing(said):
            slot = _slot(said, Role.COMPARED, plain)
            return self._add(number, slot, _operator(sign), (number.number or 0.0,))
        counted = Measure(Function.COUNT, _slot(said, Role.COUNTED, said.candidates))
        self._havings.append(Having(counted, _operator(sign), number.number or 0.0))
        return ()

    def _since(self, part: Sequence[Item]) -> Left:
        year = part[-1]
        return self._add(year, self._years(year), _operator(part[0]), (year.number or 0.0,))

    def _year(self, part: Sequence[Item]) -> Left:
        year = part[-1]
        said = next((item for item in part if item.tag == tags.REFERENCE), None)
        named = tuple(
            one
            for one in (said.candidates if said else ())
            if self._use(one) & (Use.YEAR | Use.DATE)
        )
        if said is not None and not named:
            self._year([item for item in part if item is not said])
            return (said,)
        slot = _slot(said, Role.COMPARED, named) if said is not None else self._years(year)
        return self._add(year, slot, "=", (year.number or 0.0,))

    def _not_value(self, part: Sequence[Item]) -> Left:
        return self._add(part[-1], _values(part[-1]), "<>")

    def _one_of(self, part: Sequence[Item]) -> Left:
        said = part[0] if part[0].tag == tags.REFERENCE else None
        values = [item for item in part if item.tag == tags.VALUE]
        places = [{(one.table, one.column) for one in item.candidates} for item in values]
        common = set.intersection(*places)
        if not common:
            return None
        slot = Slot(
            Role.VALUE,
            tuple(one for one in values[0].candidates if (one.table, one.column) in common),
            values[0].text,
            values[0].first,
        )
        if said is not None:
            slot, consumed = self._near(said, slot)
            self._in(slot, values)
            return () if consumed else (said,)
        return self._in(slot, values)

    def _in(self, slot: Slot, values: Sequence[Item]) -> Left:
        texts = tuple(
            dict.fromkeys(
                one.value or item.text
                for item in values
                for one in item.candidates
                if any((one.table, one.column) == (c.table, c.column) for c in slot.candidates)
            )
        )
        return self._add(values[0], slot, "in", texts)

    def _value(self, part: Sequence[Item]) -> Left:
        return self._valued(part[0], part[-1])

    def _value_before(self, part: Sequence[Item]) -> Left:
        slot, consumed = self._near(part[1], _values(part[0]))
        return self._add(part[0], slot, "=") if consumed else None

    def _valued(self, said: Item, value: Item) -> Left:
        slot, consumed = self._near(said, _values(value))
        if not slot.candidates:
            return None
        self._add(value, slot, "=")
        return () if consumed else (said,)

    def _near(self, said: Item, value: Slot) -> tuple[Slot, bool]:
        """A value beside the name of its column, or of the thing that it names, is that one's."""
        own = tuple(
            one
            for one in value.candidates
            if any(self._names(near, one) for near in said.candidates)
        )
        if own:
            return _slot_of(value, own), True
        if value.candidates:
            return value, False
        # A quoted name that is nowhere: the question is then answered by no rows.
        labels = tuple(self._labels(said))
        return _slot_of(value, labels), bool(labels)

    def _names(self, near: Candidate, value: Candidate) -> bool:
        if near.table != value.table:
            return False
        if near.column is not None:
            return near.column == value.column
        label = {field.name for field in self._schema.relations[near.table].label}
        return near.penalty <= SYNONYM + 0.1 and value.column in label

    def _lone_value(self, part: Sequence[Item]) -> Left:
        if not part[0].candidates:
            return None
        return self._add(part[0], _values(part[0]), "=")

    def _numbered(self, part: Sequence[Item]) -> Left:
        said, number = part
        keys = []
        for one in said.candidates:
            relation = self._schema.relations[one.table]
            if one.column is None and relation.key is not None:
                keys.append(Candidate(one.table, relation.key.name, one.penalty))
            elif (one.column is not None and Use.KEY in self._use(one)) or (
                one.column is not None and one.penalty < SYNONYM
            ):
                keys.append(one)
        slot = _slot(said, Role.COMPARED, tuple(keys))
        if not keys:
            return None
        return self._add(number, slot, "=", (number.number or 0.0,))

    def _absent(self, part: Sequence[Item]) -> Left:
        said = part[-1]
        flags = tuple(one for one in said.candidates if Use.BOOLEAN in self._use(one))
        if flags:
            return self._add(said, _slot(said, Role.COMPARED, flags), "false")
        tables = tuple(one for one in said.candidates if one.column is None)
        if tables:
            return self._add(said, _slot(said, Role.COMPARED, tables), "absent")
        return self._add(said, _slot(said, Role.COMPARED, said.candidates), "null")

    def _null(self, part: Sequence[Item]) -> Left:
        columns = tuple(one for one in part[0].candidates if one.column is not None)
        operator = "known" if len(part) == 3 else "null"
        if not columns:
            return None
        return self._add(part[-1], _slot(part[0], Role.COMPARED, columns), operator)

    def _true(self, part: Sequence[Item]) -> Left:
        return self._flagged(part[-1])

    def _true_before(self, part: Sequence[Item]) -> Left:
        return self._flagged(part[0])

    def _flagged(self, said: Item) -> Left:
        """“courses with exams”, "discontinued products": the column says yes."""
        best = said.candidates[0].penalty
        flags = tuple(
            one
            for one in said.candidates
            if Use.BOOLEAN in self._use(one) and one.penalty <= best + 0.2
        )
        if not flags:
            return None
        return self._add(said, _slot(said, Role.COMPARED, flags), "true")

    def _use(self, candidate: Candidate) -> Use:
        if candidate.column is None:
            return Use.NONE
        field = self._schema.field(candidate.table, candidate.column)
        return field.use if field else Use.NONE

    def _numbers(self, said: Item) -> tuple[Candidate, ...]:
        wanted = Use.NUMERIC | Use.YEAR
        return tuple(one for one in said.candidates if self._use(one) & wanted)

    def _is_thing(self, said: Item) -> bool:
        """Whether a table fits it best."""
        best = said.candidates[0]
        return best.column is None and all(
            one.column is None or one.penalty > best.penalty for one in said.candidates
        )

    def _labels(self, said: Item) -> list[Candidate]:
        found: list[Candidate] = []
        for one in said.candidates:
            relation = self._schema.relations[one.table]
            if one.column is not None and Use.NUMERIC not in self._use(one):
                found.append(one)
            elif one.column is None and len(relation.label) == 1:
                found.append(Candidate(one.table, relation.label[0].name, one.penalty))
        return found

    def _years(self, item: Item) -> Slot:
        """Any column of years or dates; which one is settled by the tables that are spoken of."""
        found = when(self._schema, Use.YEAR | Use.DATE)
        said = {(one.table, one.column) for other in self._items for one in other.candidates}
        found = [
            replace(one, penalty=0.0) if (one.table, one.column) in said else one for one in found
        ]
        if not found:
            raise NotUnderstood(item.text)
        return Slot(Role.COMPARED, tuple(found), item.text, item.first)


def when(schema: Schema, wanted: Use) -> list[Candidate]:
    """Columns of years or dates: the one that its table is named for, else the first, is likeliest."""
    found: list[Candidate] = []
    for relation in schema.relations.values():
        fields = [field for field in relation.fields if field.use & wanted]
        for at, field in enumerate(fields):
            plain = all(one.text in ("date", "data", "year", "ano", "time") for one in field.own)
            penalty = 0.0 if plain else 0.1 + at / 20
            found.append(Candidate(field.table, field.name, penalty))
    return found


def _operator(item: Item) -> str:
    return _SIGN.get(item.text) or _OPERATOR[item.sense]


def _slot(said: Item, role: Role, candidates: tuple[Candidate, ...]) -> Slot:
    return Slot(role, candidates, said.text, said.first)


def _slot_of(slot: Slot, candidates: tuple[Candidate, ...]) -> Slot:
    return Slot(slot.role, candidates, slot.text, slot.at)


def _values(item: Item) -> Slot:
    return Slot(Role.VALUE, item.candidates, item.text, item.first)


def _either(condition: Condition, number: int) -> Condition:
    return Condition(condition.slot, condition.operator, condition.values, number)
