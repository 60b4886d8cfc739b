"""What is wanted of the rows: things, columns, numbers made of them, the first of a ranking."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from daemon.index import language
from daemon.reasoner.sql import names, tags
from daemon.reasoner.sql.items import Item, tagged
from daemon.reasoner.sql.lexicon import singular
from daemon.reasoner.sql.names import Candidate
from daemon.reasoner.sql.reading import (
    Draft,
    Function,
    Measure,
    NotUnderstood,
    Ranking,
    Role,
    Slot,
)
from daemon.reasoner.sql.schema import Schema, Use, is_amount, word

_FUNCTIONS: Final = {
    tags.COUNT: Function.COUNT,
    tags.AVERAGE: Function.AVERAGE,
    tags.SUM: Function.SUM,
}
_EXTREMES: Final = (tags.HIGH, tags.LOW)
_SILENT: Final = frozenset((tags.ASK, tags.OF, tags.WITH, tags.COMMA, tags.AND, tags.BOTH))
_RELATING: Final = (tags.OF, tags.WITH)
_LISTING: Final = frozenset((tags.ASK, tags.COMMA, tags.AND, tags.BOTH, tags.DISTINCT, ""))


@dataclass(slots=True)
class _State:
    """How far the reading has come. `listing`: what comes next may still be wanted itself."""

    items: Sequence[Item]
    draft: Draft = field(default_factory=Draft)
    pending: list[Item] = field(default_factory=list)
    before: str = ""
    listing: bool = True


class Head:
    """Reads the items that are left when groups, conditions and the order are taken out."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def read(self, items: Sequence[Item]) -> Draft:
        """Raises `NotUnderstood` for an item that has no place."""
        state = _State(items)
        for at, item in enumerate(items):
            if item.tag in _FUNCTIONS or item.tag in _EXTREMES:
                state.pending.append(item)
            elif item.tag == tags.REFERENCE:
                self._referred(state, at, item)
            elif item.tag in _SILENT:
                self._settle(state.draft, state.pending)
                thing = bool(state.draft.targets or state.draft.measures)
                state.listing = state.listing and not (thing and item.tag in _RELATING)
            else:
                _modified(state, at, item)
            if item.tag not in (tags.NUMBER, tags.TOP):
                state.before = item.tag
        self._settle(state.draft, state.pending)
        if state.pending:
            raise NotUnderstood(state.pending[-1].text)
        return state.draft

    def _referred(self, state: "_State", at: int, item: Item) -> None:
        draft, pending = state.draft, state.pending
        if _is_ranked_by(draft, state.items[: at - len(pending)]):
            by = self.measure(pending, item, ranking=True)
            draft.ranking = Ranking(by, draft.top_high, draft.top)
        elif pending:
            self._measured(draft, pending, item)
        elif _says_which(item) and at == len(state.items) - 1:
            raise NotUnderstood(item.text)
        else:
            state.listing = state.listing and (state.before in _LISTING or not draft.targets)
            owned = state.before == tags.WITH
            self._named(draft, item, listing=state.listing, owned=owned)
        state.pending = []

    def measure(self, functions: Sequence[Item], said: Item, *, ranking: bool = False) -> Measure:
        """A number made of what is said: how many, the average, the sum, or it itself."""
        kinds = [_FUNCTIONS[item.tag] for item in functions if item.tag in _FUNCTIONS]
        if Function.AVERAGE in kinds:
            counters = tuple(one for one in said.candidates if one.counter)
            chosen = counters if Function.COUNT in kinds else said.candidates
            return Measure(Function.AVERAGE, _slot(said, Role.NUMBER, chosen))
        if Function.COUNT in kinds:
            return Measure(Function.COUNT, _slot(said, Role.COUNTED, said.candidates))
        if Function.SUM in kinds:
            return Measure(Function.SUM, _slot(said, Role.SUMMED, said.candidates))
        role = Role.RANKED if ranking else Role.NUMBER
        return Measure(Function.NONE, _slot(said, role, said.candidates))

    def _measured(self, draft: Draft, pending: list[Item], said: Item) -> None:
        extreme = next((item for item in pending if item.tag in _EXTREMES), None)
        if extreme is None:
            draft.measures.append(self.measure(pending, said))
            return
        rest = [item for item in pending if item is not extreme]
        if draft.targets or draft.top is not None:
            self._named_and_ranked(draft, extreme, rest, said)
            return
        if self._is_thing(said) and not rest:
            # "the longest river", "the most expensive products"
            self._name(draft, said)
            self._ranked(draft, extreme, said)
            return
        high = extreme.tag == tags.HIGH
        totals = self._totals(said) if rest and all(one.tag == tags.SUM for one in rest) else ()
        if totals:
            # "the highest total of the orders": each has one.
            rest, said = [], replace(said, candidates=totals)
        measure = self.measure(rest, said)
        if measure.function is not Function.NONE:
            raise NotUnderstood(extreme.text)
        function = Function.HIGH if high else Function.LOW
        draft.measures.append(Measure(function, measure.slot))

    def _named_and_ranked(
        self, draft: Draft, extreme: Item, rest: Sequence[Item], said: Item
    ) -> None:
        if draft.ranking is not None:
            raise NotUnderstood(said.text)
        if not rest and not draft.targets and self._is_thing(said):
            self._name(draft, said)
            self._ranked(draft, extreme, said)
            return
        measure = self.measure(rest, said, ranking=True)
        draft.ranking = Ranking(measure, extreme.tag == tags.HIGH, draft.top)

    def _ranked(self, draft: Draft, extreme: Item, said: Item) -> None:
        """By what the superlative itself means: the longest by its length."""
        if draft.ranking is not None:
            raise NotUnderstood(said.text)
        candidates = self._hinted(extreme, said)
        if not candidates:
            raise NotUnderstood(extreme.text)
        slot = Slot(Role.RANKED, candidates, extreme.text, extreme.first)
        by = Measure(Function.NONE, slot)
        draft.ranking = Ranking(by, extreme.tag == tags.HIGH, draft.top)

    def _settle(self, draft: Draft, pending: list[Item]) -> None:
        """“the product that is most expensive”: the superlative stands after what it is about."""
        extremes = [item for item in pending if item.tag in _EXTREMES and item.operation]
        if not extremes or not draft.targets or draft.ranking is not None:
            return
        if len(pending) > 1 or not (extremes[0].operation and extremes[0].operation.columns):
            return
        thing = draft.targets[0]
        said = Item(tags.REFERENCE, thing.at, thing.at + 1, thing.text, thing.candidates)
        self._ranked(draft, extremes[0], said)
        pending.clear()

    def _hinted(self, extreme: Item, said: Item) -> tuple[Candidate, ...]:
        wanted = extreme.operation.columns if extreme.operation else ()
        found: list[Candidate] = []
        for thing in said.candidates:
            relation = self._schema.relations[thing.table]
            ranked = [
                one for one in relation.fields if one.use & (Use.NUMERIC | Use.DATE | Use.YEAR)
            ]
            for at, hint in enumerate(wanted):
                found += [
                    Candidate(thing.table, field.name, thing.penalty + at / 20)
                    for field in ranked
                    if any(names.likeness(word(hint), own) == 0.0 for own in field.own)
                ]
            numbers = [one for one in ranked if Use.NUMERIC in one.use]
            if thing.column is None and len(numbers) == 1 and not _only_dates(wanted):
                found.append(Candidate(thing.table, numbers[0].name, thing.penalty + 0.3))
        return tuple(found)

    def _totals(self, said: Item) -> tuple[Candidate, ...]:
        return tuple(
            Candidate(field.table, field.name, one.penalty)
            for one in said.candidates
            if one.column is None
            for field in self._schema.relations[one.table].fields
            if Use.NUMERIC in field.use and is_amount(field)
        )

    def _is_thing(self, said: Item) -> bool:
        best = said.candidates[0]
        return best.column is None or all(
            not self._number(one) for one in said.candidates if one.penalty <= best.penalty + 0.1
        )

    def _number(self, one: Candidate) -> bool:
        field = self._schema.field(one.table, one.column) if one.column else None
        return field is not None and bool(field.use & (Use.NUMERIC | Use.DATE | Use.YEAR))

    def _named(self, draft: Draft, item: Item, *, listing: bool, owned: bool) -> None:
        known = [*draft.targets, *draft.scopes, *(measure.slot for measure in draft.measures)]
        same = [slot for slot in known if _same(slot, item)]
        if item.again and any(_of_one_table(slot, item) for slot in known):
            if draft.measures:
                # A number of all rows of "that" one, whatever the conditions were: two queries.
                raise NotUnderstood(item.text)
            return
        if any(slot in draft.targets for slot in same):
            # "states that border the state …": two rows of one table, which needs more than this.
            raise NotUnderstood(item.text)
        if listing and (not draft.measures or not draft.targets):
            self._name(draft, item)
        else:
            draft.scopes.append(replace(_scope(item), owned=owned))

    def _name(self, draft: Draft, item: Item) -> None:
        if draft.measures:
            draft.scopes.append(_scope(item))
            return
        if not draft.targets:
            draft.plural = is_plural(item.text)
        draft.targets.append(_slot(item, Role.TARGET, item.candidates))


def _modified(state: _State, at: int, item: Item) -> None:
    """How many are wanted, each once, or by whom."""
    draft = state.draft
    if item.tag in (tags.TOP, tags.BOTTOM):
        draft.top_high = item.tag == tags.TOP
        draft.top = draft.top or 0
    elif item.tag == tags.NUMBER and _counts(state.items, at):
        draft.top = int(item.number or 0)
    elif item.tag == tags.DISTINCT:
        draft.distinct = True
    elif item.tag == tags.TO or (item.tag == tags.BY and (item.after_verb or not draft.measures)):
        state.listing = False
    else:
        raise NotUnderstood(item.text)


def _same(slot: Slot, item: Item) -> bool:
    return {(one.table, one.column) for one in slot.candidates} == {
        (one.table, one.column) for one in item.candidates
    }


def _of_one_table(slot: Slot, item: Item) -> bool:
    return slot.candidates[0].table == item.candidates[0].table


def is_plural(text: str) -> bool:
    """By the last letter: good enough for what a list of one is, in both languages."""
    words = language.words(text)
    return any(
        one.endswith("s") and not one.endswith("ss") and one not in singular() for one in words
    )


def _slot(
    said: Item, role: Role, candidates: tuple[Candidate, ...], *, optional: bool = False
) -> Slot:
    if not candidates:
        raise NotUnderstood(said.text)
    return Slot(role, candidates, said.text, said.first, optional=optional)


def _scope(item: Item) -> Slot:
    return _slot(item, Role.SCOPE, item.candidates, optional=_is_relation(item))


def _counts(items: Sequence[Item], at: int) -> bool:
    """Whether a number says how many are wanted: "top 5", "5 most expensive", "the 3 customers"."""
    around = tagged(items)
    after = around[at + 1 : at + 2]
    return around[at - 1 : at] in (tags.TOP, tags.BOTTOM) or after in (
        tags.REFERENCE,
        *_EXTREMES,
        tags.TOP,
    )


def _is_ranked_by(draft: Draft, before: Sequence[Item]) -> bool:
    """“top 5 products by price”."""
    return (
        draft.top is not None
        and draft.ranking is None
        and bool(draft.targets)
        and bool(before)
        and before[-1].tag in (tags.BY, tags.OF)
        and before[-1].sense in ("by", "of")
        and before[-1].text in ("by", "por", "in terms of", "according to", "based on")
    )


def _is_relation(item: Item) -> bool:
    """A verb that is also the name of a table: "written" and `writes`."""
    words = language.words(item.text)
    return len(words) == 1 and words[0].endswith(("ed", "en", "ten", "ado", "ido", "ados", "idos"))


def _says_which(item: Item) -> bool:
    """“orders that were shipped”: no relation to another thing, but which of them."""
    return _is_relation(item) and all(one.column is not None for one in item.candidates)


def _only_dates(wanted: Sequence[str]) -> bool:
    return bool(wanted) and set(wanted) <= {"date", "year", "time", "birth"}
