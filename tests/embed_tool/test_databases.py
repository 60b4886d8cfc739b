"""`alvo-embed database`: what databases hold is collected, refreshed, annotated and forgotten."""

import json
import sqlite3
import subprocess

import pytest

from tests.support.embed_cli import EmbedTool

SCHEMA = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id));
INSERT INTO customers VALUES (1, 'Ana', 'Recife'), (2, 'Rui', 'Natal');
INSERT INTO orders VALUES (1, 1), (2, 1);
"""


@pytest.fixture
def tool(tmp_path):
    return EmbedTool(tmp_path)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "files"
    made.mkdir()
    return made


@pytest.fixture
def shop(folder):
    return make(folder / "shop.sqlite")


def make(path, script=SCHEMA):
    with sqlite3.connect(path) as connection:
        connection.executescript(script)
    connection.close()
    return path


def listed(tool):
    return {one["name"]: one for one in tool.json("database", "list")["databases"]}


def test_a_database_is_added_with_its_tables_and_left_as_it_was(tool, shop, folder):
    before = shop.read_bytes()
    (added,) = tool.json("database", "add", shop)["databases"]
    assert [table["name"] for table in added["tables"]] == ["customers", "orders"]
    assert shop.read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["shop.sqlite"]


def test_a_folder_gives_all_databases_in_it_names_of_their_own(tool, shop, folder):
    (folder / "north").mkdir()
    make(folder / "north" / "shop.sqlite")
    (folder / "sales.csv").write_text("city;total\nRecife;3\nNatal;4\n")
    (folder / "notes.md").write_text("no database")
    tool.json("database", "add", folder)
    assert sorted(listed(tool)) == ["sales", "shop", "shop-2"]
    assert listed(tool)["sales"]["kind"] == "csv"


def test_adding_again_is_no_second_source(tool, shop):
    tool.json("database", "add", shop)
    tool.json("database", "add", "--private", shop)
    assert [one["private"] for one in listed(tool).values()] == [True]


def test_a_refresh_reads_what_has_changed(tool, shop):
    tool.json("database", "add", shop)
    make(shop, "CREATE TABLE returns (id INTEGER PRIMARY KEY, reason TEXT)")
    tool.json("refresh")
    tables = listed(tool)["shop"]["tables"]
    assert "returns" in [table["name"] for table in tables]


def test_an_annotation_outlives_refresh_and_rebuild(tool, shop):
    tool.json("database", "add", shop)
    noted = tool.json("database", "annotate", "shop", "orders", "what was sold")
    assert noted["table"]["described_by"] == "person"
    make(shop, "CREATE TABLE returns (id INTEGER PRIMARY KEY)")
    tool.json("database", "refresh", "shop")
    tool.json("rebuild")
    orders = next(t for t in listed(tool)["shop"]["tables"] if t["name"] == "orders")
    assert orders["description"] == "what was sold"


def test_one_that_is_gone_is_told_and_what_was_known_stays(tool, shop):
    tool.json("database", "add", shop)
    shop.unlink()
    ran = tool.run("database", "refresh", "--json")
    assert ran.status == 1
    (known,) = ran.result["databases"]
    assert "no longer" in known["problem"]
    assert len(known["tables"]) == 2
    make(shop)
    tool.json("database", "refresh")
    assert listed(tool)["shop"]["problem"] is None


def test_one_that_cannot_be_read_hinders_no_other(tool, shop, folder):
    (folder / "broken.db").write_bytes(b"not a database" * 100)
    ran = tool.run("database", "add", folder, "--json")
    assert ran.status == 1
    known = listed(tool)
    assert known["broken"]["problem"]
    assert len(known["shop"]["tables"]) == 2


@pytest.mark.parametrize("name", ["nowhere.sqlite", "notes.md", "empty"])
def test_what_is_no_database_gets_a_sentence(tool, folder, name):
    (folder / "notes.md").write_text("text")
    (folder / "empty").mkdir()
    ran = tool.run("database", "add", folder / name)
    assert ran.status == 1
    assert ran.err
    assert "Traceback" not in ran.err


def test_configured_folders_are_noticed_and_what_was_removed_stays_away(tool, shop, folder):
    tool.environment["ALVO_DATABASE_FOLDERS"] = str(folder)
    tool.json("refresh")
    assert list(listed(tool)) == ["shop"]
    tool.json("database", "remove", "shop")
    tool.json("refresh")
    assert listed(tool) == {}
    tool.json("database", "add", shop)
    assert list(listed(tool)) == ["shop"]


def test_a_crash_while_collecting_is_made_good_by_the_next_run(tool, shop):
    tool.crash("embed.collected", "database", "add", shop)
    assert listed(tool)["shop"]["tables"] == []
    tool.json("database", "refresh")
    assert len(listed(tool)["shop"]["tables"]) == 2


def test_documents_and_databases_are_listed_apart(tool, shop, folder):
    notes = folder / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# Recife\n\nA city.\n")
    tool.json("add", notes)
    tool.json("database", "add", shop)
    assert [one["name"] for one in tool.json("list")["sources"]] == ["notes"]
    assert tool.found("customers") == []
    tool.json("remove", "shop")
    assert listed(tool) == {}


@pytest.mark.parametrize("given", ["", "{}", '[{"table": 1}]', "[]garbage", "\udcff"])
def test_descriptions_that_are_none_are_refused_with_a_sentence(tool, shop, given):
    tool.json("database", "add", shop)
    ran = subprocess.run(
        tool.command("database", "describe", "--json", "shop"),
        env=tool.environment,
        input=given.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 1, ran
    assert json.loads(ran.stdout)["name"] == "INVALID_PARAMS"
