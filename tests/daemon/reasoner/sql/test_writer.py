"""Questions in two languages become SQL whose rows answer them, or none at all."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.protocol.databases import DatabaseDescription, DescribedBy
from daemon.reasoner.sql import asks_for_rows, write
from daemon.reasoner.sql_request import SqlRequest, TriedSql
from tests.support.shop import SHOP, WORKSHOP, made, result, sql_for


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> DatabaseDescription:
    return made(tmp_path_factory.mktemp("shop"), "shop", SHOP)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> DatabaseDescription:
    return made(tmp_path_factory.mktemp("workshop"), "oficina", WORKSHOP)


def rounded(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    found = [
        tuple(round(cell, 4) if isinstance(cell, float) else cell for cell in row) for row in rows
    ]
    return sorted(found, key=str)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many customers are there?", [(4,)]),
        ("How many customers live in Brazil?", [(2,)]),
        ("How many customers are not from Brazil?", [(2,)]),
        ("How many different countries do customers have?", [(2,)]),
        ("What is the average price of the tracks?", [(1.45,)]),
        ("What is the total of all orders?", [(35.75,)]),
        ("What is the highest price?", [(1.99,)]),
        ("What is the minimum total of the orders?", [(5.25,)]),
        ("Which albums are by The Boats?", [("Harbour",), ("Second Wind",)]),
        ("List the titles of the albums from 2021", [("Second Wind",), ("Sol",)]),
        ("Which albums appeared after 2020?", []),
        ("What are the 2 longest tracks?", [("Buoy", 310000), ("Manhã", 240000)]),
        ("What is the shortest track?", [("Tarde",)]),
        ("Which tracks cost more than 1.5?", [("Manhã",), ("Tarde",)]),
        ("Which tracks have a price between 1 and 1.5?", [("Buoy",)]),
        ("Which tracks are live?", [("Buoy",), ("Tarde",)]),
        ("How many albums does each artist have?", [("Ana Lima", 1), ("The Boats", 2)]),
        ("How many customers are there per country?", [("Brazil", 2), ("Norway", 2)]),
        ("Which artists have more than 1 album?", [("The Boats",)]),
        ("Which artists have no albums?", [("Nobody Yet",)]),
        ("Which artist has the most albums?", [("The Boats",)]),
        ("Which customers have no orders?", [("Dora", "Reis"), ("Eve", "Stone")]),
        ("How many orders were placed in 2024?", [(2,)]),
        ("What is the total of the orders per year?", [("2024", 30.5), ("2025", 5.25)]),
        ("Which tracks start with the letter B?", []),
        ('Which tracks have a name that starts with "B"?', [("Buoy",)]),
        ("Which customers bought the track Manhã?", [("Bia", "Souza"), ("Carl", "Berg")]),
        ("What is the ratio of albums to artists?", [(1.0,)]),
        ("Show the first name and the city of customers in Norway", [("Carl", "Oslo"), ("Eve", "Bergen")]),
        ("Which customers live in Oslo or Recife?", [("Carl", "Berg"), ("Dora", "Reis")]),
        ("List all tracks ordered by price in descending order. Show the name.", None),
    ],
)  # fmt: skip
def test_an_english_question(
    shop: DatabaseDescription, question: str, rows: list[tuple[object, ...]] | None
) -> None:
    sql = sql_for(question, "en", shop)
    if rows is None:
        assert result(shop, sql)
    elif rows:
        assert rounded(result(shop, sql)) == rounded(rows), sql
    else:
        assert sql == ""


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Quantos clientes existem?", [(3,)]),
        ("Quantos clientes moram em Curitiba?", [(2,)]),
        ("quantos clientes sao de sao paulo", [(1,)]),
        ("Quais veículos são da marca Fiat?", [("ABC1D23",), ("QWE4R56",)]),
        ("Qual é o valor médio dos serviços?", [(343.3333,)]),
        ("Qual é a soma do valor dos serviços por cliente?", [("João Prado", 180), ("Lia Nunes", 850)]),
        ("Quantos veículos cada cliente tem?", [("João Prado", 1), ("Lia Nunes", 2)]),
        ("Qual é o serviço mais caro?", [("Freios",)]),
        ("Quais clientes não têm veículos?", [("Rui Costa",)]),
        ("Quantos serviços foram feitos em 2025?", [(2,)]),
        ("Quais serviços têm valor acima de 190?", [("Freios",), ("Troca de óleo",)]),
        ("Qual cliente tem mais veículos?", [("Lia Nunes",)]),
        ("Quantos veículos há por marca?", [("Fiat", 2), ("Ford", 1)]),
    ],
)  # fmt: skip
def test_a_portuguese_question(
    workshop: DatabaseDescription, question: str, rows: list[tuple[object, ...]]
) -> None:
    sql = sql_for(question, "pt", workshop)
    assert rounded(result(workshop, sql)) == rounded(rows), sql


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Quantos clientes moram na Noruega?", "pt"),
        ("Quantas faixas há em cada álbum?", "pt"),
        ("Quais são os 2 álbuns mais novos?", "pt"),
    ],
)
def test_names_in_english_are_asked_for_in_portuguese(
    shop: DatabaseDescription, question: str, language: str
) -> None:
    matches = ()
    if "Noruega" in question:
        # As routing gives it: what the other language calls a value.
        from daemon.protocol.databases import ValueMatch

        matches = (ValueMatch("shop", "customer", "country", "Norway", "Noruega"),)
    _, sql = write(SqlRequest(question, language, (shop,), matches=matches))
    assert result(shop, sql), sql


@pytest.mark.parametrize(
    "question",
    [
        "",
        "?",
        "How are you?",
        "Why do customers leave?",
        "How many tracks were sold?",
        "How many orders are delayed?",
        "What is the median price of the tracks?",
        "Which customers live in the same city as Bia Souza?",
        "How many customers of last month came back?",
        "Which tracks are better than Anchor?",
        "How many employees are there?",
        "Delete all customers",
        "What is the price of love?",
        "How many customers does each country have compared to 2023?",
        "DROP TABLE customer; SELECT 1",
        "a" * 5000,
    ],
)
def test_what_is_not_understood_whole_is_not_answered(
    shop: DatabaseDescription, question: str
) -> None:
    assert sql_for(question, "en", shop) == ""


def test_the_first_database_that_understands_it_is_asked(
    shop: DatabaseDescription, workshop: DatabaseDescription
) -> None:
    request = SqlRequest("How many artists are there?", "en", (workshop, shop))
    assert write(request) == ("shop", "SELECT COUNT(*) AS number FROM artist")


def test_what_is_missing_is_asked_for_where_the_question_is_not_understood(
    shop: DatabaseDescription,
) -> None:
    question = "Should we worry about our business?"
    assert sql_for(question, "en", shop, information="number of customers") == (
        "SELECT COUNT(*) AS number FROM customer"
    )


def test_what_failed_is_not_written_again(shop: DatabaseDescription) -> None:
    request = SqlRequest("How many artists are there?", "en", (shop,))
    assert write(replace(request, tried=(TriedSql("SELECT 1", "no"),))) == ("", "")


def test_poor_names_are_understood_by_what_a_person_says_they_hold(tmp_path: Path) -> None:
    script = """
    CREATE TABLE t1 (c_01 INTEGER PRIMARY KEY, c_02 TEXT, c_07 TEXT);
    INSERT INTO t1 VALUES (1,'Bia','Porto Alegre'),(2,'Carl','Oslo'),(3,'Dora','Porto Alegre');
    """
    database = made(tmp_path, "poor", script)
    (table,) = database.tables
    columns = [
        replace(column, description="city where they live", described_by=DescribedBy.PERSON)
        if column.name == "c_07"
        else column
        for column in table.columns
    ]
    table = replace(
        table, columns=columns, description="Our patients", described_by=DescribedBy.PERSON
    )
    database = replace(database, tables=[table])
    assert result(database, sql_for("How many patients live in Oslo?", "en", database)) == [(1,)]
    per_city = sql_for("How many patients are there per city?", "en", database)
    assert sorted(result(database, per_city)) == [("Oslo", 1), ("Porto Alegre", 2)]


def test_odd_names_and_values_are_quoted(tmp_path: Path) -> None:
    script = """
    CREATE TABLE "Order Details" ("Order" INTEGER PRIMARY KEY, "unit price" REAL, "who's" TEXT);
    INSERT INTO "Order Details" VALUES (1, 2.5, 'O''Hara "x"'), (2, 3.5, 'Ann');
    """
    database = made(tmp_path, "odd", script)
    sql = sql_for("What is the average unit price of the order details?", "en", database)
    assert result(database, sql) == [(3.0,)]


def test_two_of_one_name_stay_two(tmp_path: Path) -> None:
    script = """
    CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, author_id INTEGER REFERENCES author(id));
    INSERT INTO author VALUES (1,'J. Silva'),(2,'J. Silva'),(3,'A'),(4,'B'),(5,'C'),(6,'D');
    INSERT INTO book VALUES (1,'x',1),(2,'y',2),(3,'z',2);
    """
    database = made(tmp_path, "books", script)
    sql = sql_for("How many books does each author have?", "en", database)
    assert sorted(result(database, sql)) == [("J. Silva", 1), ("J. Silva", 2)]


def test_joined_rows_are_counted_once(shop: DatabaseDescription) -> None:
    sql = sql_for("How many customers bought tracks?", "en", shop)
    assert result(shop, sql) == [(2,)]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_it(shop: DatabaseDescription, question: str) -> None:
    _, sql = write(SqlRequest(question, "en", (shop,)))
    if sql:
        result(shop, sql)


_WORDS = (
    "how many the average total of each per customers tracks album price which most highest top 3 "
    "with more than 2 not or and by ordered between year in 2024 ratio to name country live no ?"
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_WORDS.split()), max_size=14))
def test_whatever_it_writes_runs_and_only_reads(
    shop: DatabaseDescription, words: list[str]
) -> None:
    _, sql = write(SqlRequest(" ".join(words), "en", (shop,)))
    if sql:
        assert sql.startswith("SELECT ")
        result(shop, sql)


def test_a_wide_schema_takes_no_time(tmp_path: Path) -> None:
    tables = "\n".join(
        f"CREATE TABLE thing_{n} (id INTEGER PRIMARY KEY, name TEXT, city TEXT, price REAL,"
        f" other_id INTEGER REFERENCES thing_{max(n - 1, 0)}(id));"
        for n in range(12)
    )
    database = made(tmp_path, "wide", tables)
    started = time.monotonic()
    question = "What is the average price and the name of each thing per city ordered by name?"
    write(SqlRequest(question, "en", (database,)))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("question", "language", "asks"),
    [
        ("How many customers are there?", "en", True),
        ("List the customers", "en", True),
        ("Quais são os 5 produtos mais caros?", "pt", True),
        ("What does the handbook say about bicycles?", "en", False),
        ("Onde fica a chave do depósito?", "pt", False),
    ],
)
def test_counting_ranking_and_listing_ask_for_rows(
    question: str, language: str, asks: bool
) -> None:
    assert asks_for_rows(question, "pt" if language == "pt" else "en") is asks
