"""`alvo databases`, `alvo sql` and `alvo sources` over a database, through a real daemon."""

import json
import sqlite3

import pytest

from tests.support.daemon import Home, RpcError
from tests.support.terminal import Terminal
from tests.support.waiting import wait_until

SCHEMA = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
INSERT INTO customers VALUES (1, 'Ana', 'Recife'), (2, 'Rui', 'Natal'), (3, 'Céu', NULL);
"""


@pytest.fixture
def shop(home: Home) -> Home:
    """A started daemon that knows a shop."""
    path = home.home / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCHEMA)
    connection.close()
    home.start()
    done = home.run("alvo", "sources", "add", "shop.sqlite")
    assert done.returncode == 0, done.stderr
    return home


def test_a_database_is_recognised_listed_and_described(shop):
    (listed,) = json.loads(shop.run("alvo", "databases", "--json").stdout)["databases"]
    assert [table["name"] for table in listed["tables"]] == ["customers"]
    assert "customers" in shop.run("alvo", "databases").stdout
    assert "3 rows" in shop.run("alvo", "databases", "shop").stdout
    assert "Recife" in shop.run("alvo", "databases", "shop", "customers").stdout
    missing = shop.run("alvo", "databases", "nowhere")
    assert missing.returncode == 1
    assert "no database nowhere" in missing.stderr


def test_sql_gives_csv_to_programs_and_json_if_asked(shop):
    done = shop.run("alvo", "sql", "shop", "SELECT name, city FROM customers ORDER BY id")
    assert (done.returncode, done.stdout) == (0, "name,city\nAna,Recife\nRui,Natal\nCéu,\n")
    assert "3 rows" in done.stderr
    rows = json.loads(shop.run("alvo", "sql", "shop", "SELECT 1 AS one", "--json").stdout)
    assert (rows["columns"], rows["rows"]) == (["one"], [[1]])
    piped = shop.run("alvo", "sql", "shop", given="SELECT count(*) AS n FROM customers")
    assert piped.stdout == "n\n3\n"


def test_sql_on_a_terminal_is_a_table(shop):
    command = ["alvo", "sql", "shop", "SELECT name, id FROM customers WHERE id < 3"]
    with Terminal(shop, *command) as terminal:
        terminal.see("name  id", "Ana    1")


def test_sql_never_writes_and_says_so(shop):
    before = (shop.home / "shop.sqlite").read_bytes()
    done = shop.run("alvo", "sql", "shop", "DELETE FROM customers")
    assert done.returncode == 1
    assert "not allowed" in done.stderr
    assert (shop.home / "shop.sqlite").read_bytes() == before


def test_what_a_person_says_of_a_column_is_kept(shop):
    done = shop.run(
        "alvo", "databases", "annotate", "shop", "customers.city", "where", "they", "live"
    )
    assert done.returncode == 0, done.stderr
    shown = shop.run("alvo", "databases", "shop", "customers").stdout
    assert "where they live\n" in shown
    assert shop.run("alvo", "databases", "annotate", "shop", "nowhere", "x").returncode == 1


def test_sources_of_both_kinds_are_listed_refreshed_and_removed(shop):
    notes = shop.home / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# A\n\nA note.\n")
    assert shop.run("alvo", "sources", "add", "notes").returncode == 0
    with shop.rpc() as rpc:
        sources = {one["kind"]: one for one in rpc("source.list")["sources"]}
        assert set(sources) == {"documents", "database"}
        rpc("source.refresh", source_id=sources["database"]["id"])
        rpc("source.remove", source_id=sources["database"]["id"])
        assert [one["kind"] for one in rpc("source.list")["sources"]] == ["documents"]
        assert rpc("database.list")["databases"] == []


def test_a_folder_of_the_configuration_is_all_it_takes(home):
    folder = home.home / "databases"
    folder.mkdir()
    (folder / "sales.csv").write_text("city;total\nRecife;3\n")
    home.start(ALVO_DATABASE_FOLDERS=str(folder))
    with home.rpc() as rpc:
        found = wait_until(lambda: rpc("database.list")["databases"], within=20)
        assert [one["name"] for one in found] == ["sales"]


def test_limits_that_make_no_sense_are_told(shop):
    with shop.rpc() as rpc, pytest.raises(RpcError) as caught:
        rpc("database.query", name="shop", sql="SELECT 1; SELECT 2")
    assert caught.value.name in ("SQL_REFUSED", "SQL_INVALID")
