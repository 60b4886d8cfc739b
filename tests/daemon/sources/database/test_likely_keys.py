"""Which column refers to which, by their names."""

import pytest

from daemon.sources.database import likely_keys
from daemon.sources.database.wire import SeenColumn, SeenTable


def column(name: str, *, unique: bool = False, key: bool = False) -> SeenColumn:
    return SeenColumn(
        name,
        "INTEGER",
        nullable=not key,
        primary_key=key,
        unique=unique or key,
        references=None,
        seen=50,
        distinct=20,
        minimum=1,
        maximum=50,
        longest=0,
        kinds={"integer": 50},
        frequent=[],
    )


def table(name: str, *columns: SeenColumn) -> SeenTable:
    return SeenTable(name, "table", "", 50, False, True, list(columns))


def guessed(*tables: SeenTable) -> dict[tuple[str, str], str]:
    keys = likely_keys.candidates(tables)
    return likely_keys.chosen(keys, [True] * len(keys))


@pytest.mark.parametrize(
    ("owner", "key", "other", "referring"),
    [
        ("person", "id", "visit", "person_id"),
        ("people", "person_id", "visit", "person_id"),
        ("Artist", "ArtistId", "Album", "ArtistId"),
        ("customers", "id", "orders", "customer_id"),
        ("tbl_customer", "id", "orders", "customerId"),
        ("cliente", "id", "pedido", "id_cliente"),
        ("author", "aid", "writes", "aid"),
        ("airport", "airport_code", "flight", "from_airport"),
        ("course", "course_id", "prerequisite", "pre_course_id"),
        ("paper", "paperid", "cite", "citingpaperid"),
        ("category", "id", "product", "category"),
    ],
)
def test_names_that_belong_together_are_seen(owner, key, other, referring):
    found = guessed(
        table(owner, column(key, key=True), column("size")),
        table(other, column("number", key=True), column(referring), column("size")),
    )
    assert found.get((other, referring)) == f"{owner}.{key}"


def test_a_tree_refers_to_itself():
    found = guessed(table("employee", column("id", key=True), column("manager_id")))
    assert found == {("employee", "manager_id"): "employee.id"}


def test_a_tables_own_key_refers_to_nobody():
    found = guessed(
        table("flight", column("flight_id", unique=True), column("size")),
        table("flight_leg", column("flight_id", unique=True), column("leg")),
    )
    assert found == {("flight_leg", "flight_id"): "flight.flight_id"}


@pytest.mark.parametrize("name", ["age", "size", "num_persons", "quantity", "year", "id"])
def test_measures_are_no_keys(name):
    found = guessed(
        table("person", column("id", key=True), column("year")),
        table("visit", column("number", key=True), column(name)),
    )
    assert ("visit", name) not in found
