"""Which database and which of its tables a question needs; that it needs none is found as well."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from daemon.index import language, schema_words
from daemon.index.question import AskedWords, Term
from daemon.protocol.databases import DatabaseDescription, DescribedBy, Table, ValueMatch
from daemon.protocol.values import SourceId

# How well a word of a question fits a database, by where it was found.
TABLE_NAME: Final = 1.0
SAID: Final = 0.9
"""In what a person says of the table or column."""
VALUE: Final = 0.9
COLUMN_NAME: Final = 0.8
DATABASE_NAME: Final = 0.7
COMMON_VALUE: Final = 0.6
"""A value that is written like any other word."""
GUESSED: Final = 0.4
"""In a description that nobody has looked at."""
SAME: Final = 0.6
"""Of these, for another word of the same meaning."""
TRANSLATED: Final = 0.85
"""Of these, for a word of the other language."""

GENERIC: Final = 0.35
"""What a word counts that many columns bear."""
ASKING: Final = 0.3
"""What a word counts that is a table's name here, and elsewhere one of how questions ask."""
UNKNOWN_NAME: Final = 0.5
"""What a quotation or a name counts that no known value is: the data may have it."""

ENOUGH: Final = 0.42
"""How much of a question a database must explain. Below it, questions about something else begin:
see tests/eval/routing.py."""
NEAR_IN_MEANING: Final = 0.35
"""A cosine that questions about something else seldom have with any table."""
BY_MEANING: Final = 0.7
"""How much of a question is explained by each cosine above it."""
_GAP: Final = 2
"""How far apart words may be that are one value: `Rio de Janeiro`."""
_NEAR: Final = 0.5
"""Further databases are proposed as well down to this part of the first one's score."""


Values = Sequence[tuple[SourceId, ValueMatch]]
"""Values that the question names: each with the words of the phrase, folded."""

Nearness = Mapping[tuple[SourceId, str], float]
"""Tables near the question in meaning, with their cosine."""
_NOTHING: Final[Nearness] = {}


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a database fits. `explained`: how much of the question, 0 to 1. `tables`: by name,
    those that words of the question were found in, best first.
    """

    source_id: SourceId
    score: float
    explained: float
    tables: tuple[str, ...]


@dataclass(slots=True)
class _Place:
    """Where a stem occurs in one database: how well it fits, and in which tables."""

    quality: float = 0.0
    tables: dict[int, float] = field(default_factory=dict)

    def add(self, table: int | None, quality: float) -> None:
        self.quality = max(self.quality, quality)
        if table is not None:
            self.tables[table] = max(self.tables.get(table, 0.0), quality)


class Router:
    """All databases by the words of their names, descriptions and annotations, in memory."""

    def __init__(self, databases: Sequence[DatabaseDescription]) -> None:
        self._databases = databases
        self._at = {one.source_id: n for n, one in enumerate(databases)}
        self._places: dict[str, dict[int, _Place]] = defaultdict(dict)
        self._plain = [[_plainness(table) for table in one.tables] for one in databases]
        for n, database in enumerate(databases):
            for stem, table, quality in _words_of(database):
                self._places[stem].setdefault(n, _Place()).add(table, quality)

    def fits(self, question: AskedWords, values: Values, near: Nearness = _NOTHING) -> list[Fit]:
        """Those that are worth looking into, best first; none is an answer too."""
        fits = self.every(question, values, near)
        if not fits or fits[0].explained < ENOUGH:
            return []
        least = _NEAR * fits[0].score
        return [fit for fit in fits if fit.explained >= ENOUGH and fit.score >= least]

    def every(self, question: AskedWords, values: Values, near: Nearness = _NOTHING) -> list[Fit]:
        """All databases as they fit, best first."""
        found = self._values_by_position(question, values)
        meant: dict[SourceId, dict[str, float]] = defaultdict(dict)
        for (source_id, table), cosine in near.items():
            if cosine > NEAR_IN_MEANING:
                meant[source_id][table] = BY_MEANING * (cosine - NEAR_IN_MEANING)
        fits = [
            self._fit(n, question, found.get(n, {}), meant.get(one.source_id, {}))
            for n, one in enumerate(self._databases)
        ]
        return sorted(fits, key=lambda fit: -fit.score)

    def leftover(self, source_id: SourceId, question: AskedWords, values: Values) -> list[str]:
        """Words that this database does not explain, those that follow each other together:
        they may be a value.
        """
        n = self._at[source_id]
        found = self._values_by_position(question, values).get(n, {})
        runs: list[list[int]] = []
        for term in question.terms:
            at = term.position
            known = at in found or self._best(n, term, SAME, None).quality
            if term.joins or term.asking or known:
                continue
            if runs and at - runs[-1][-1] <= _GAP:
                runs[-1].append(at)
            else:
                runs.append([at])
        return [" ".join(question.words[run[0] : run[-1] + 1]) for run in runs]

    def _values_by_position(
        self, question: AskedWords, values: Values
    ) -> "dict[int, dict[int, _Value]]":
        """By database and by the place of a word in the question: the longest value there."""
        by_phrase: dict[str, list[tuple[SourceId, ValueMatch]]] = defaultdict(list)
        for source_id, match in values:
            by_phrase[match.phrase].append((source_id, match))
        found: dict[int, dict[int, _Value]] = defaultdict(dict)
        # Longest first: a word inside a longer value is not another one.
        for phrase in question.phrases:
            matches = by_phrase.get(phrase.words, [])
            weight = self._rarity(len({source_id for source_id, _ in matches}))
            for source_id, match in matches:
                n = self._at.get(source_id)
                if n is None:
                    continue
                table = _table_index(self._databases[n], match.table)
                quality = VALUE if phrase.named or " " in phrase.words else COMMON_VALUE
                for at in range(phrase.first, phrase.after):
                    value = found[n].setdefault(at, _Value(quality, weight, phrase.words))
                    if table is not None and value.phrase == phrase.words:
                        value.tables[table] = quality
        return found

    def _rarity(self, having: int) -> float:
        """What finding a word tells, if so many of the databases have it."""
        return math.log((len(self._databases) + 1) / (having + 0.5))

    def _fit(
        self,
        n: int,
        question: AskedWords,
        values: "dict[int, _Value]",
        meant: Mapping[str, float],
    ) -> Fit:
        tally = _Tally()
        joined = set[int]()
        same = TRANSLATED if question.language == "pt" else SAME
        for term in question.terms:
            if term.position in joined and not term.joins:
                continue
            best = self._best(n, term, same, values.get(term.position))
            if (term.asking or term.joins) and best.quality < COLUMN_NAME:
                continue
            if term.joins:
                joined.update((term.position, term.position + 1))
            tally.add(term, best)
        described = self._databases[n]
        for name, by_meaning in meant.items():
            table = _table_index(described, name)
            if table is not None:
                tally.add_meaning(table, by_meaning * self._rarity(1))
        explained = min(1.0, tally.part() + max(meant.values(), default=0.0))
        tables = tally.tables
        ordered = sorted(tables, key=lambda at: -tables[at] * self._plain[n][at])
        return Fit(
            described.source_id,
            (tally.score + tally.meaning) * (0.3 + explained),
            explained,
            tuple(described.tables[table].name for table in ordered),
        )

    def _best(self, n: int, term: Term, same: float, value: "_Value | None") -> "_Found":
        """The best place of a word: by itself, by another word for it, by a value."""
        best = self._look_up(n, term.stems, 1.0)
        if best.quality < same:
            other = self._look_up(n, term.same, same)
            if other.quality > best.quality:
                best = other
        if value is not None and not term.asking and value.quality > best.quality:
            rarity = max(value.rarity, best.rarity)
            return _Found(value.quality, rarity, {**best.tables, **value.tables})
        return best

    def _look_up(self, n: int, stems: Iterable[str], part: float) -> "_Found":
        best = _Found(0.0, 0.0, {})
        for stem in stems:
            places = self._places.get(stem)
            place = places.get(n) if places else None
            if places is None or place is None:
                continue
            if place.quality * part > best.quality:
                rarity = self._rarity(len(places))
                tables = {table: q * part for table, q in place.tables.items()}
                best = _Found(place.quality * part, rarity, {**best.tables, **tables})
            else:
                for table, quality in place.tables.items():
                    best.tables.setdefault(table, quality * part)
        return best


@dataclass(slots=True)
class _Tally:
    """What the words of a question come to in one database."""

    score: float = 0.0
    meaning: float = 0.0
    wanted: float = 0.0
    explained: float = 0.0
    tables: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    _names: dict[int, float] = field(default_factory=dict)

    def add(self, term: Term, best: "_Found") -> None:
        weight = ASKING if term.asking else GENERIC if term.generic else 1.0
        for table, quality in best.tables.items():
            self.tables[table] += weight * quality * best.rarity
        self.score += weight * best.quality**2 * best.rarity
        if term.asking:
            return
        if term.name is not None and not best.quality:
            # All words of an unknown name together count no more than one.
            self._names.setdefault(term.name, UNKNOWN_NAME)
            return
        if term.name is not None:
            self._names[term.name] = 0.0
        self.wanted += weight
        self.explained += weight * best.quality

    def add_meaning(self, table: int, score: float) -> None:
        self.meaning = max(self.meaning, score)
        self.tables[table] += score

    def part(self) -> float:
        """How much of the question is explained."""
        wanted = self.wanted + sum(self._names.values())
        return self.explained / wanted if wanted else 0.0


@dataclass(frozen=True, slots=True)
class _Found:
    quality: float
    rarity: float
    tables: dict[int, float]


@dataclass(frozen=True, slots=True)
class _Value:
    quality: float
    rarity: float
    phrase: str
    tables: dict[int, float] = field(default_factory=dict)


def _plainness(table: Table) -> float:
    """`Products` comes before `Alphabetical list of products`, and a table before a view of it."""
    words = len(schema_words.parts(table.name)) or 1
    return (0.7 + 0.3 / words) * (0.9 if table.kind == "view" else 1.0)


def _table_index(database: DatabaseDescription, name: str) -> int | None:
    for n, table in enumerate(database.tables):
        if table.name == name:
            return n
    return None


def _words_of(database: DatabaseDescription) -> Iterable[tuple[str, int | None, float]]:
    """Every stem of a database with where it is and how well it fits there."""
    known = {word for table in database.tables for word in language.words(table.name)}
    known |= {word[:-1] for word in known if word.endswith("s")}
    for stem in _stems(_name_words(database.name, known)):
        yield stem, None, DATABASE_NAME
    for n, table in enumerate(database.tables):
        for stem in _stems(_name_words(table.name, known)):
            yield stem, n, TABLE_NAME
        for stem in _stems(language.words(table.description)):
            yield stem, n, _trust(table.described_by)
        for column in table.columns:
            for stem in _stems(_name_words(column.name, known)):
                yield stem, n, COLUMN_NAME
            for stem in _stems(language.words(column.description)):
                yield stem, n, _trust(column.described_by)


def _name_words(name: str, known: Iterable[str]) -> list[str]:
    """Whole and taken apart."""
    return [*schema_words.parts(name, known), *language.words(name)]


def _stems(words: Iterable[str]) -> set[str]:
    return {stem for word in set(words) for stem in schema_words.stems(word)}


def _trust(by: DescribedBy) -> float:
    return GUESSED if by is DescribedBy.GUESS else SAID


def with_joins(database: DatabaseDescription, chosen: Sequence[str], most: int) -> list[Table]:
    """These tables with those that join them to the first, in the database's order."""
    by_name = {table.name: table for table in database.tables}
    beside = _neighbours(database)
    taken: dict[str, None] = {}
    for name in chosen:
        if len(taken) >= most:
            break
        for step in _path(beside, taken, name):
            taken.setdefault(step)
    return [table for table in database.tables if table.name in taken and table.name in by_name]


def _neighbours(database: DatabaseDescription) -> dict[str, set[str]]:
    names = {table.name.casefold(): table.name for table in database.tables}
    beside: dict[str, set[str]] = defaultdict(set)
    for table in database.tables:
        for column in table.columns:
            other = names.get((column.references or "").rpartition(".")[0].casefold())
            if other is not None and other != table.name:
                beside[table.name].add(other)
                beside[other].add(table.name)
    return beside


def _path(beside: Mapping[str, set[str]], taken: Iterable[str], name: str) -> list[str]:
    """From the table to the nearest of those that are taken; itself alone if none is near."""
    goals = set(taken)
    paths = [[name]]
    seen = {name}
    while paths and goals:
        path = paths.pop(0)
        if path[-1] in goals:
            return path
        for other in sorted(beside.get(path[-1], ())):
            if other not in seen:
                seen.add(other)
                paths.append([*path, other])
    return [name]
