"""The daemon's view of a person's databases: what fits a question, what is asked, what is noticed."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

import pytest

from daemon.protocol import errors
from daemon.protocol.calls import (
    AddSource,
    AnnotateDatabase,
    DescribeDatabase,
    QueryDatabase,
)
from daemon.protocol.databases import DescribedBy
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import SourceKind, SourceState
from daemon.sources.databases import DatabaseSources
from tests.support.embed_cli import EmbedTool
from tests.support.known_databases import sources_over
from tests.support.waiting import until

SCHEMA = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, total REAL,
    customer_id INTEGER REFERENCES customers (id));
INSERT INTO customers VALUES (1, 'Ana Prado', 'Recife'), (2, 'Rui Melo', 'Natal');
INSERT INTO orders VALUES (1, 10.5, 1), (2, 20, 1);
"""
Story = Callable[[DatabaseSources], Awaitable[None]]


@pytest.fixture
def tool(tmp_path):
    return EmbedTool(tmp_path)


@pytest.fixture
def shop(tmp_path):
    return make(tmp_path / "shop.sqlite")


@pytest.fixture
def told(tool, shop):
    """A home that knows the shop."""
    tool.json("database", "add", shop)
    return tool


def make(path, script=SCHEMA):
    with sqlite3.connect(path) as connection:
        connection.executescript(script)
    connection.close()
    return path


def with_databases(tool: EmbedTool, story: Story) -> None:
    async def run() -> None:
        with sources_over(tool.environment) as sources:
            try:
                await story(sources)
            finally:
                await sources.close()

    asyncio.run(run())


def test_a_route_has_the_tables_and_the_values_of_the_question(told):
    async def story(sources):
        (route,) = await sources.route("How many orders has Ana Prado from Recife?")
        assert route.database.name == "shop"
        assert {match.value for match in route.matches} == {"Ana Prado", "Recife"}
        assert 0 < route.score <= 1

    with_databases(told, story)


def test_a_question_about_something_else_has_no_route(told):
    async def story(sources):
        assert await sources.route("Why do whales sing?") == []
        assert await sources.route("") == []

    with_databases(told, story)


def test_a_name_deep_in_the_rows_is_found(tool, tmp_path):
    many = make(tmp_path / "shop.sqlite")
    with sqlite3.connect(many) as connection:
        names = ((f"Nome{n} Silva{n}",) for n in range(6_000))
        connection.executemany("INSERT INTO customers (name) VALUES (?)", names)
        connection.execute("INSERT INTO customers (name) VALUES ('Zuleide Xavier')")
    connection.close()
    tool.json("database", "add", many)

    async def story(sources):
        (route, *_) = await sources.route("Which customers are called Zuleide Xavier?")
        assert "Zuleide Xavier" in {match.value for match in route.matches}

    with_databases(tool, story)


def test_rows_are_asked_for_read_only(told):
    async def story(sources):
        rows = await sources.query(
            QueryDatabase("shop", "SELECT name FROM customers ORDER BY 1", limit=1)
        )
        assert (rows.rows, rows.more) == ([["Ana Prado"]], True)
        with pytest.raises(AlvoError) as caught:
            await sources.query(QueryDatabase("shop", "DELETE FROM orders"))
        assert caught.value.type is errors.SQL_REFUSED
        with pytest.raises(AlvoError) as caught:
            await sources.query(QueryDatabase("nowhere", "SELECT 1"))
        assert caught.value.type is errors.DATABASE_NOT_FOUND

    with_databases(told, story)


def test_a_table_file_is_asked_like_a_database(tool, tmp_path):
    sales = tmp_path / "sales.csv"
    sales.write_text("city;total\nRecife;3\nNatal;4\n")
    tool.json("database", "add", sales)

    async def story(sources):
        rows = await sources.query(QueryDatabase("sales", "SELECT sum(total) FROM sales"))
        assert rows.rows == [[7]]
        (listed,) = await sources.list()
        assert (listed.kind, listed.location) == ("csv", str(sales))

    with_databases(tool, story)


def test_an_annotation_is_there_at_once_and_routes(told):
    async def story(sources):
        question = "How much did the clinic bill?"
        assert await sources.route(question) == []
        noted = await sources.annotate(
            AnnotateDatabase("shop", "orders", "what the clinic billed, in reais")
        )
        assert noted.described_by is DescribedBy.PERSON
        described = await sources.describe(DescribeDatabase("shop", "orders"))
        assert described.tables[0].description == "what the clinic billed, in reais"
        (route,) = await sources.route(question)
        assert route.database.name == "shop"
        with pytest.raises(AlvoError) as caught:
            await sources.annotate(AnnotateDatabase("shop", "orders", "x", column="nowhere"))
        assert caught.value.type is errors.TABLE_NOT_FOUND

    with_databases(told, story)


def test_a_changed_schema_is_noticed_and_read_in_the_background(told, shop):
    make(shop, "CREATE TABLE complaints (id INTEGER PRIMARY KEY, reason TEXT)")

    async def story(sources):
        await sources.list()

        async def noticed():
            (listed,) = await sources.list()
            return "complaints" in {table.name for table in listed.tables}

        await until(noticed, within=20)

    with_databases(told, story)


def test_a_database_is_added_and_removed_through_the_daemon(tool, shop):
    async def story(sources):
        added = await sources.add(AddSource(SourceKind.DATABASE, str(shop), "loja", private=True))
        assert (added.name, added.kind, added.private) == ("loja", SourceKind.DATABASE, True)

        async def ready():
            (source,) = await sources.sources()
            return source.state is SourceState.READY

        await until(ready, within=20)
        (listed,) = await sources.list()
        assert listed.private
        assert await sources.has(added.id)
        await sources.remove(added.id)
        assert await sources.list() == []

    with_databases(tool, story)


def test_what_is_no_database_is_refused_with_a_reason(tool, tmp_path):
    notes = tmp_path / "notes.md"
    notes.write_text("text")

    async def story(sources):
        with pytest.raises(AlvoError) as caught:
            await sources.add(AddSource(SourceKind.DATABASE, str(notes)))
        assert caught.value.type is errors.DATABASE_NOT_READABLE
        with pytest.raises(AlvoError) as caught:
            await sources.add(AddSource(SourceKind.DATABASE, "relative.sqlite"))
        assert caught.value.type is errors.INVALID_PARAMS

    with_databases(tool, story)


def test_without_any_database_everything_is_empty(tool):
    async def story(sources):
        assert await sources.list() == []
        assert await sources.sources() == []
        assert await sources.route("How many customers?") == []

    with_databases(tool, story)


def test_one_that_is_gone_is_told_and_taken_up_again_when_it_is_back(told, shop, monkeypatch):
    monkeypatch.setattr("daemon.sources.databases._AGAIN_S", 0.1)
    kept = shop.read_bytes()
    shop.unlink()

    async def story(sources):
        async def told_gone():
            (listed,) = await sources.list()
            return listed.problem

        async def back():
            return not await told_gone()

        await until(told_gone, within=20)
        with pytest.raises(AlvoError) as caught:
            await sources.query(QueryDatabase("shop", "SELECT 1"))
        assert caught.value.type is errors.DATABASE_GONE
        shop.write_bytes(kept)
        await until(back, within=20)

    with_databases(told, story)
