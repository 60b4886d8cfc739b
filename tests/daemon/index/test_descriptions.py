"""What is said of tables: a person's words first, the reasoner's while the thing is the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from daemon.config import Paths
from daemon.index import databases, descriptions
from daemon.index.databases import DATABASES, Collected
from daemon.index.writer import IndexWriter
from daemon.protocol.databases import Column, DatabaseDescription, DescribedBy, Table
from daemon.protocol.values import SourceKind

GUESS = DescribedBy.GUESS


def column(name: str, type_: str = "TEXT") -> Column:
    return Column(name, type_, True, False, None, False, "guessed", GUESS, None, None, None, [])


def a_table(*columns: Column, name: str = "t1") -> Table:
    return Table(name, "table", 2, False, "guessed", GUESS, list(columns))


CITY, SUM = column("city"), column("sum", "REAL")
BEFORE = a_table(CITY, SUM)


class Known:
    """An index with one database of one table, which the reasoner has described."""

    def __init__(self, writer: IndexWriter) -> None:
        self.writer = writer
        self.id = writer.add_source(SourceKind.DATABASE, "/x", "shop", False, owner=DATABASES).id
        self.collect(BEFORE)
        self.say({"": "Sales.", "city": "Where."})

    def collect(self, *tables: Table) -> None:
        databases.put(self.writer.db, self.id, Collected("sqlite", "f", tables))

    def say(self, texts: dict[str, str], table: Table = BEFORE) -> None:
        said = descriptions.about(table, texts)
        databases.put_descriptions(self.writer.db, self.database, said)

    @property
    def database(self) -> DatabaseDescription:
        return databases.find(databases.read(self.writer.db), self.id)

    def told(self, table: str = "t1") -> dict[str, str]:
        found = databases.table_of(self.database, table)
        return {"": found.description, **{c.name: c.description for c in found.columns}}

    def open(self) -> list[str]:
        return [t.name for one in databases.undescribed(self.writer.db) for t in one.tables]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.from_environment({"HOME": str(tmp_path)})


@pytest.fixture
def known(paths: Paths):
    with IndexWriter.open(paths, None) as writer:
        yield Known(writer)


def test_it_takes_the_place_of_guesses_and_is_not_asked_for_again(known):
    assert known.told() == {"": "Sales.", "city": "Where.", "sum": "guessed"}
    assert known.open() == []


def test_a_persons_words_go_before_it_and_come_off_it_again(known):
    databases.annotate(known.writer.db, known.id, "t1", "city", "Where it was sold.")
    known.say({"city": "Elsewhere."})
    assert known.told()["city"] == "Where it was sold."
    databases.annotate(known.writer.db, known.id, "t1", "city", "")
    assert known.told()["city"] == "Elsewhere."


def test_it_outlives_a_refresh_while_the_thing_is_the_same(known):
    known.collect(replace(BEFORE, rows=9, description="other"), a_table(CITY, name="t2"))
    assert known.told() == {"": "Sales.", "city": "Where.", "sum": "guessed"}
    assert known.open() == ["t2"]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (a_table(CITY, SUM, column("new")), {"city": "Where.", "sum": "guessed", "new": "guessed"}),
        (a_table(column("city", "INTEGER"), SUM), {"city": "guessed", "sum": "guessed"}),
    ],
)
def test_of_what_is_another_now_it_is_a_guess_and_asked_for(known, now, told):
    known.collect(now)
    assert known.told() == {"": "guessed", **told}
    assert known.open() == ["t1"]


def test_what_was_asked_of_the_table_as_it_was_is_not_taken_of_what_it_is(known):
    known.collect(a_table(column("city", "INTEGER"), SUM))
    known.say({"": "Stale.", "city": "Stale.", "sum": "How much."}, BEFORE)
    assert known.told() == {"": "guessed", "city": "guessed", "sum": "How much."}


def test_silence_takes_nothing_back(known):
    known.say({"sum": "How much."})
    assert known.told() == {"": "Sales.", "city": "Where.", "sum": "How much."}


def test_it_goes_along_into_a_rebuilt_index(known, paths):
    known.writer.begin_rebuild()
    known.writer.commit_rebuild()
    assert known.told()["city"] == "Where."


def test_what_it_says_is_embedded_with_the_table(known):
    from daemon.index.table_documents import table_document

    document = table_document(known.database, known.database.tables[0])
    assert "city: Where." in document.passages[0].text
    assert "guessed" not in document.passages[0].text
