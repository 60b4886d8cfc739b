"""A question read whole: sentence by sentence, clause by clause."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daemon.reasoner.sql import tags
from daemon.reasoner.sql.conditions import Conditions, when
from daemon.reasoner.sql.head import Head, is_plural
from daemon.reasoner.sql.items import Item, tagged
from daemon.reasoner.sql.names import NameIndex
from daemon.reasoner.sql.reading import (
    Condition,
    Draft,
    Function,
    Measure,
    NotUnderstood,
    Ordering,
    Ranking,
    Reading,
    Role,
    Slot,
)
from daemon.reasoner.sql.schema import Schema, Use

_ORDER: Final = re.compile(r"[,&]*(o.*|(?<=.)[du])$")
_GROUP: Final = re.compile(r"[,&]?e[fkq]*(?:c(?=r))?([rm])(?:(?=[^r]|$))")
_BY: Final = re.compile(r"b[fk]*([rm])")
_TIME: Final = re.compile(r"[q&][fk]*m(?!y)")
_RATIO: Final = re.compile(r"^[qf]*%(.*?)([/&]|b)(.*)$")
_IN_ORDER: Final = frozenset("obfcsaxnkrduqwe2,&m")


def understand(items: Sequence[Item], schema: Schema) -> Reading:
    """Raises `NotUnderstood` unless every item has its place."""
    if items and items[0].text in ("where", "onde"):
        # Which of its columns is the place, the names do not say.
        raise NotUnderstood(items[0].text)
    main, projection, ordering = _sentences(items, schema)
    main, own_ordering = _ordered(_owned(main), schema)
    if _RATIO.match(tagged(main)):
        if projection:
            raise NotUnderstood(projection[0].text)
        return _ratio(main, schema, ordering or own_ordering)
    main, groups = _grouped(_compounds(main, schema), schema)
    main, (conditions, havings) = Conditions(schema).take(main)
    draft = Head(schema).read(main)
    if projection:
        shown = Head(schema).read(_spoken_of(projection, draft))
        draft.targets = shown.targets or draft.targets
        draft.measures += [
            one
            for one in shown.measures
            if one.function not in [m.function for m in draft.measures]
        ]
    return Reading(
        targets=tuple(draft.targets),
        measures=tuple(draft.measures),
        groups=tuple(groups),
        conditions=tuple(conditions),
        havings=tuple(havings),
        ranking=_limited(draft),
        ordering=ordering or own_ordering,
        scopes=tuple(draft.scopes),
        distinct=draft.distinct,
        plural=draft.plural,
    )


def _owned(items: Sequence[Item]) -> list[Item]:
    """“states with an area above …”: a column of what it stands beside, where that has one."""
    kept = list(items)
    for at in range(len(kept) - 2):
        thing, word, item = kept[at : at + 3]
        if (thing.tag, word.tag, item.tag) != (tags.REFERENCE, tags.WITH, tags.REFERENCE):
            continue
        tables = {one.table for one in thing.candidates if one.column is None}
        own = tuple(one for one in item.candidates if one.column and one.table in tables)
        best = min((one.penalty for one in item.candidates), default=0.0)
        if own and min(one.penalty for one in own) <= best + 0.1:
            kept[at + 2] = replace(item, candidates=own)
    return kept


def _compounds(items: Sequence[Item], schema: Schema) -> list[Item]:
    """“population density”, "customer country": the last of two names, of the table of the first."""
    kept: list[Item] = []
    for at, item in enumerate(items):
        last = kept[-1] if kept else None
        together = last is not None and last.tag == item.tag == tags.REFERENCE
        compared = at + 1 < len(items) and items[at + 1].tag in (tags.COMPARE, tags.BETWEEN)
        apart = last is None or not together or last.last != item.first or compared
        # "population density", but "tracks cost", "states border": what is several does something.
        apart = apart or (last is not None and is_plural(last.text))
        if last is None or apart or _is_flag(last, schema):
            kept.append(item)
            continue
        tables = {one.table for one in last.candidates}
        shared = tuple(one for one in item.candidates if one.table in tables and one.column)
        if shared:
            kept[-1] = replace(item, candidates=shared, first=last.first)
        else:
            kept.append(item)
    return kept


def _is_flag(item: Item, schema: Schema) -> bool:
    fields = (schema.field(one.table, one.column) for one in item.candidates[:1] if one.column)
    return any(field is not None and Use.BOOLEAN in field.use for field in fields)


def _spoken_of(items: Sequence[Item], draft: Draft) -> list[Item]:
    """“Show both courses and scores”: those of the sentence before, where they may be."""
    before = {
        (one.table, one.column) for slot in draft.targets for one in slot.candidates if one.column
    }
    kept: list[Item] = []
    for item in items:
        same = tuple(one for one in item.candidates if (one.table, one.column) in before)
        kept.append(replace(item, candidates=same) if same else item)
    return kept


def _limited(draft: Draft) -> Ranking | None:
    """How many of the first are wanted: the number said, one of one thing, all of several."""
    ranking, top = draft.ranking, draft.top
    if ranking is None:
        if top is None:
            return None
        number = next((slot for slot in draft.scopes if not slot.optional), None)
        if number is None or not top:
            raise NotUnderstood("top")
        draft.scopes.remove(number)
        by = Measure(Function.NONE, replace(number, role=Role.RANKED))
        return Ranking(by, draft.top_high, top)
    if top:
        return replace(ranking, limit=top)
    return replace(ranking, limit=None if draft.plural else 1)


def _sentences(
    items: Sequence[Item], schema: Schema
) -> tuple[list[Item], list[Item], Ordering | None]:
    """The question itself, what a further sentence wants shown, and the order one asks for."""
    parts: list[list[Item]] = [[]]
    for item in items:
        if item.tag == tags.STOP:
            parts.append([])
        else:
            parts[-1].append(item)
    first, *others = [part for part in parts if part] or [[]]
    projection: list[Item] = []
    ordering = None
    for part in others:
        if part[0].tag == tags.ORDER:
            left, ordering = _ordered(part, schema)
            if left:
                raise NotUnderstood(part[0].text)
        elif part[0].tag == tags.ASK and not projection:
            projection = part
        else:
            first = [*first, *part]
    return first, projection, ordering


def _ordered(items: Sequence[Item], schema: Schema) -> tuple[list[Item], Ordering | None]:
    match = _ORDER.search(tagged(items))
    if match is None:
        return list(items), None
    part = items[match.start() :]
    if not set(tagged(part)) <= _IN_ORDER:
        raise NotUnderstood(part[0].text)
    down = any(item.tag in (tags.DESCENDING, tags.HIGH) for item in part)
    named = next((at for at, item in enumerate(part) if item.tag == tags.REFERENCE), None)
    by = None
    if named is not None:
        functions = [item for item in part[:named] if item.tag in "cas"]
        by = Head(schema).measure(functions, part[named], ranking=not functions)
        if by.function is Function.NONE:
            by = Measure(by.function, replace(by.slot, role=Role.TARGET))
    return list(items[: match.start()]), Ordering(by, down)


def _grouped(items: Sequence[Item], schema: Schema) -> tuple[list[Item], list[Slot]]:
    left = list(items)
    groups: list[Slot] = []
    while match := _GROUP.search(tagged(left)):
        groups.append(_group(left[match.start(1)], schema))
        # "each month of the year 2021": what follows is no part of the name.
        left[match.start() : match.end()] = []
    text = tagged(left)
    measured = re.search(r"[cas]", text)
    ranked = re.search(r"[tT]", text)
    if measured and not ranked:
        for match in reversed(list(_BY.finditer(text))):
            if match.start() > measured.start() and not left[match.start()].after_verb:
                groups.append(_group(left[match.start(1)], schema))
                left[match.start() : match.end()] = []
    return left, groups


def _group(item: Item, schema: Schema) -> Slot:
    if item.operation is not None and item.operation.tag == tags.TIME:
        return dates(item, schema)
    return Slot(Role.GROUP, item.candidates, item.text, item.first)


def dates(item: Item, schema: Schema) -> Slot:
    """The year, month or day of any date; which one is settled by the tables spoken of."""
    wanted = Use.DATE | Use.YEAR if item.sense == "year" else Use.DATE
    found = when(schema, wanted)
    word = "day" if item.sense == "weekday" else item.sense
    found += [one for one in NameIndex(schema).find([word], "en") if one.column and not one.synonym]
    if not found:
        raise NotUnderstood(item.text)
    return Slot(Role.GROUP, tuple(found), item.text, item.first, bucket=item.sense)


def _ratio(items: Sequence[Item], schema: Schema, ordering: Ordering | None) -> Reading:
    """One number by another, each of rows of its own; or for each group."""
    if not {tags.TO, tags.AND} & set(tagged(items)):
        # "the ratio of population per area": the first "per" divides.
        at = next((at for at, item in enumerate(items) if item.tag == tags.EACH), None)
        items = [replace(one, tag=tags.TO) if n == at else one for n, one in enumerate(items)]
    left, groups = _grouped(items, schema)
    match = _RATIO.match(tagged(left))
    if match is None:
        raise NotUnderstood("ratio")
    sides = [left[match.start(n) : match.end(n)] for n in (1, 3)]
    share = left[match.start(2) - len(sides[0]) - 1].sense == "share"
    read = [_side(side, schema) for side in sides]
    part_of_all = left[match.start(2)].text.startswith("out of")
    shared = read[1][1] if part_of_all else _shared(read[0][1], read[1][1])
    measures = tuple(
        replace(measure, within=tuple(one for one in conditions if one not in shared))
        for measure, conditions, _ in read
    )
    return Reading(
        measures=measures,
        ratio=True,
        groups=tuple(groups),
        conditions=tuple(shared),
        ordering=ordering,
        scopes=tuple(slot for _, _, scopes in read for slot in scopes),
        share=share,
    )


def _side(items: Sequence[Item], schema: Schema) -> tuple[Measure, list[Condition], list[Slot]]:
    left, (conditions, havings) = Conditions(schema).take(items)
    if havings:
        raise NotUnderstood(items[0].text)
    draft = Head(schema).read(left)
    if draft.ranking or len(draft.measures) > 1:
        raise NotUnderstood("ratio")
    if draft.measures:
        return draft.measures[0], conditions, [*draft.targets, *draft.scopes]
    if not draft.targets:
        raise NotUnderstood("ratio")
    first, *scopes = [*draft.targets, *draft.scopes]
    measure = Measure(Function.SUM, replace(first, role=Role.SUMMED))
    return measure, conditions, [replace(slot, role=Role.SCOPE) for slot in scopes]


def _shared(one: Sequence[Condition], other: Sequence[Condition]) -> list[Condition]:
    """What stands at the end speaks of both, if the first side says nothing of the kind."""
    if not one:
        return []
    kinds = {(c.table, c.column) for condition in one for c in condition.slot.candidates}
    extra = [
        condition
        for condition in other
        if not any((c.table, c.column) in kinds for c in condition.slot.candidates)
    ]
    return extra if len(extra) < len(other) else []
