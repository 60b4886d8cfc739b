"""Words of a question that are values in a database."""

import time

import pytest

from daemon.protocol.databases import ValueMatch
from daemon.sources.database import collect, find_values, known_values
from tests.support.databases import LIMITS, made

RIVERS = """
CREATE TABLE river (id INTEGER PRIMARY KEY, name TEXT, country TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
    INSERT INTO river (name, country) SELECT 'River number ' || i, 'Land ' || (i % 5) FROM n;
INSERT INTO river (name, country) VALUES ('Tietê', 'Brazil'), ('São Francisco', 'Brazil'),
    ('Rio Grande do Sul', 'Brazil'), ('Upper Paraná', 'Brazil');
"""


@pytest.fixture(scope="module")
def rivers(tmp_path_factory):
    path = made(tmp_path_factory.mktemp("rivers") / "rivers.db", RIVERS)
    return str(path), collect(str(path), "rivers", LIMITS)


def found(rivers, *phrases):
    location, tables = rivers
    return find_values(location, "rivers", phrases, tables, LIMITS)


def test_a_value_among_many_is_found_without_regard_to_case_and_accents(rivers):
    assert found(rivers, "tiete") == [ValueMatch("rivers", "river", "name", "Tietê", "tiete")]
    assert found(rivers, "SAO FRANCISCO")[0].value == "São Francisco"


def test_a_value_that_the_metadata_knows_needs_no_visit(rivers):
    _, tables = rivers
    match = ValueMatch("rivers", "river", "country", "Brazil", "brazil")
    assert known_values("rivers", ["brazil"], tables) == [match]
    assert match in found(rivers, "brazil")


def test_beginnings_and_words_within_come_after_whole_values(rivers):
    matches = found(rivers, "paraná", "rio grande", "brazil")
    assert [match.phrase for match in matches] == ["brazil", "rio grande", "paraná"]
    assert [match.value for match in matches] == ["Brazil", "Rio Grande do Sul", "Upper Paraná"]


def test_parts_of_words_are_no_match(rivers):
    assert found(rivers, "iet", "zzz", "ran") == []
    assert found(rivers) == []
    assert found(rivers, "", "  ") == []


def test_where_there_is_an_index_the_last_of_many_rows_is_found_too(tmp_path):
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
    path = made(
        tmp_path / "many.db",
        f"CREATE TABLE plant AS {many} SELECT i AS id, 'Plant ' || i AS name FROM n",
        "CREATE INDEX by_name ON plant (name)",
    )
    described = collect(str(path), "plants", LIMITS)
    matches = find_values(str(path), "plants", ["plant 59999"], described, LIMITS)
    assert [match.value for match in matches] == ["Plant 59999"]


def test_it_takes_no_longer_than_it_may(tmp_path):
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000)"
    tables = "; ".join(
        f"CREATE TABLE t{t} AS {many} SELECT 'some words ' || i AS a, 'others ' || i AS b FROM n"
        for t in range(3)
    )
    path = made(tmp_path / "many.db", tables)
    described = collect(str(path), "many", LIMITS)
    began = time.perf_counter()
    find_values(str(path), "many", ["nothing like it", "words"], described, LIMITS)
    assert time.perf_counter() - began < 0.6
