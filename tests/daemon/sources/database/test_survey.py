"""What is found out about a database by looking at it."""

from pathlib import Path

import pytest

from daemon.protocol.databases import Column, DescribedBy, Table
from daemon.sources.database import collect
from tests.support.databases import LIMITS, PEOPLE, made

SHOP = """
CREATE TABLE purchase ( -- What people have bought.
    id INTEGER PRIMARY KEY,
    person_id INTEGER NOT NULL,
    product INTEGER REFERENCES product, -- what it was; see 'product'
    price REAL,          -- in reais
    /* when it was paid */
    paid TEXT
);
CREATE TABLE product (id INTEGER PRIMARY KEY, code TEXT UNIQUE NOT NULL, photo BLOB);
CREATE VIEW expensive AS SELECT * FROM purchase WHERE price > 10;
INSERT INTO product VALUES (1, 'AB-1', x'0102'), (2, 'AB-2', NULL);
INSERT INTO purchase VALUES (1, 1, 1, 9.5, '2024-01-02'), (2, 3, 2, 12.0, '2024-03-04');
"""


def survey(path: Path) -> dict[str, Table]:
    return {table.name: table for table in collect(str(path), "shop", LIMITS)}


def columns(table: Table) -> dict[str, Column]:
    return {column.name: column for column in table.columns}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    return survey(made(tmp_path_factory.mktemp("shop") / "shop.db", PEOPLE, SHOP))


def test_tables_and_views_are_told_apart_and_counted(shop):
    assert {(table.name, table.kind, table.rows) for table in shop.values()} == {
        ("person", "table", 3),
        ("product", "table", 2),
        ("purchase", "table", 2),
        ("expensive", "view", 1),
    }
    assert not any(table.rows_estimated for table in shop.values())


def test_columns_have_type_key_range_and_values(shop):
    person = columns(shop["person"])
    assert person["id"].primary_key
    assert not person["id"].nullable
    assert person["age"].type == "INTEGER"
    assert person["age"].nullable
    assert (person["age"].minimum, person["age"].maximum, person["age"].distinct) == (31, 40, 2)
    assert set(person["city"].values) == {"São Paulo", "London", "Recife"}


def test_a_declared_key_is_told_from_a_likely_one(shop):
    purchase = columns(shop["purchase"])
    assert purchase["product"].references == "product.id"
    assert not purchase["product"].references_guessed
    assert purchase["person_id"].references == "person.id"
    assert purchase["person_id"].references_guessed


def test_comments_of_the_schema_describe(shop):
    purchase = columns(shop["purchase"])
    assert shop["purchase"].description == "What people have bought."
    assert purchase["product"].description == "what it was; see 'product'"
    assert purchase["price"].description == "in reais"
    assert purchase["paid"].description == "when it was paid"
    assert purchase["paid"].described_by is DescribedBy.GUESS


def test_everything_else_is_described_by_names_and_values(shop):
    assert "London" in columns(shop["person"])["city"].description
    assert "Refers to" not in shop["person"].description
    for table in shop.values():
        assert table.description
        assert all(column.description for column in table.columns)


def test_bytes_are_not_values(shop):
    assert columns(shop["product"])["photo"].values == []


def test_names_that_say_nothing_are_described_by_their_values(tmp_path):
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
    path = made(
        tmp_path / "odd.db",
        "CREATE TABLE t1 (c_01 INTEGER PRIMARY KEY, c_02 TEXT, c_03 TEXT)",
        "CREATE TABLE t2 (c_01 INTEGER PRIMARY KEY, c_07 TEXT, c_08 TEXT, c_09 TEXT, c_10 REAL)",
        f"INSERT INTO t1 SELECT i, 'K' || (1000 + i * 7), 'user' || i || '@example.org' FROM ({rows}"
        " SELECT i FROM n)",
        f"INSERT INTO t2 SELECT i, 'K' || (1000 + (1 + i % 20) * 7), date('2024-01-01', i || ' days'),"
        f" CASE i % 2 WHEN 0 THEN 'Brazil' ELSE 'Portugal' END, i / 2.0 FROM ({rows} SELECT i FROM n)",
    )
    tables = survey(path)
    one, two = columns(tables["t1"]), columns(tables["t2"])
    assert two["c_07"].references == "t1.c_02" or one["c_02"].references is None
    assert "e-mail address" in one["c_03"].description
    assert "date" in two["c_08"].description
    assert "country" in two["c_09"].description
    assert "Brazil" in tables["t2"].description


def test_values_alone_find_a_key_where_names_say_nothing(tmp_path):
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
    path = made(
        tmp_path / "odd.db",
        "CREATE TABLE t1 (c_01 TEXT PRIMARY KEY, c_02 TEXT)",
        "CREATE TABLE t2 (c_07 INTEGER PRIMARY KEY, c_08 TEXT)",
        f"INSERT INTO t1 SELECT 'K' || (1000 + i * 7), 'x' FROM ({rows} SELECT i FROM n)",
        f"INSERT INTO t2 SELECT i, 'K' || (1000 + (1 + i % 20) * 7) FROM ({rows} SELECT i FROM n)",
    )
    key = columns(survey(path)["t2"])["c_08"]
    assert (key.references, key.references_guessed) == ("t1.c_01", True)


def test_a_name_that_fits_is_no_key_where_values_do_not(tmp_path):
    path = made(
        tmp_path / "odd.db",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE visit (id INTEGER PRIMARY KEY, person_id INTEGER)",
        "INSERT INTO person VALUES (1, 'Ana'), (2, 'Bob')",
        "INSERT INTO visit VALUES (1, 700), (2, 800), (3, 1)",
    )
    assert columns(survey(path)["visit"])["person_id"].references is None


def test_a_large_table_is_sampled_and_its_count_is_near(tmp_path):
    path = tmp_path / "large.db"
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
    made(
        path,
        f"CREATE TABLE event AS {many} SELECT i AS number, 'kind ' || (i % 7) AS kind FROM n",
    )
    table = survey(path)["event"]
    assert table.rows is not None
    assert 180_000 < table.rows < 220_000
    kind = columns(table)["kind"]
    assert set(kind.values) == {f"kind {n}" for n in range(7)}
    assert columns(table)["number"].maximum > 190_000  # type: ignore[operator]


def test_broken_parts_do_not_hide_the_others(tmp_path):
    path = made(
        tmp_path / "broken.db",
        PEOPLE,
        "CREATE TABLE gone (a); CREATE VIEW broken AS SELECT a FROM gone; DROP TABLE gone",
        "CREATE TABLE old (a TEXT); INSERT INTO old VALUES (CAST(x'ff41' AS TEXT))",
        "CREATE TABLE empty (a, b)",
        'CREATE TABLE "a \'strange"" name" ("a ""b" TEXT, [select] TEXT)',
        "INSERT INTO \"a 'strange\"\" name\" VALUES ('x', 'y')",
    )
    tables = survey(path)
    assert tables["person"].rows == 3
    assert columns(tables["old"])["a"].values == ["�A"]
    assert tables["empty"].rows == 0
    assert columns(tables["a 'strange\" name"])['a "b'].values == ["x"]


def test_full_text_and_tables_without_row_numbers_are_seen(tmp_path):
    path = made(
        tmp_path / "more.db",
        "CREATE VIRTUAL TABLE note USING fts5(text); INSERT INTO note VALUES ('buy milk')",
        "CREATE TABLE pair (a TEXT PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO pair VALUES ('k', 1)",
    )
    tables = survey(path)
    assert set(tables) == {"note", "pair"}
    assert columns(tables["note"])["text"].values == ["buy milk"]
    assert tables["pair"].rows == 1
