"""Databases on the screen: guesses are shown as guesses, rows fit, nothing hidden gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.screens.databases import database_lines, rows_screen, table_screen, tables_screen
from client.shell.completion import Known, candidates
from client.terminal import Paint, display_width
from client.words import Words
from daemon.protocol.databases import Column, DatabaseDescription, DescribedBy, Rows, Table
from daemon.protocol.escape import is_hidden
from daemon.protocol.values import Milliseconds, SourceId

PLAIN = Paint(colour=False)
EN = Words("en")
CELLS = st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text(max_size=40))


def a_column(name="city", description="", by=DescribedBy.GUESS):
    return Column(
        name=name,
        type="TEXT",
        nullable=True,
        primary_key=False,
        references="places.id",
        references_guessed=True,
        description=description,
        described_by=by,
        distinct=2,
        minimum="Natal",
        maximum="Recife",
        values=["Recife", "Natal"],
    )


def a_table(by=DescribedBy.GUESS):
    columns = [a_column(), a_column("by_hand", "said by me", DescribedBy.PERSON)]
    return Table("customers", "table", 1200, True, "Who buys.", by, columns)


def a_database(**changes):
    given_ = {
        "name": "shop",
        "source_id": SourceId("x"),
        "kind": "sqlite",
        "location": "/data/shop.sqlite",
        "private": True,
        "tables": [a_table()],
        "refreshed_at": None,
    }
    return DatabaseDescription(**(given_ | changes))


def test_a_guess_is_shown_as_one_and_a_persons_words_are_not():
    shown = table_screen(a_table(), EN, PLAIN)
    assert "Who buys. (a guess)" in shown
    assert "said by me\n" in shown
    assert "→ places.id (a guess)" in shown
    assert "~1200 rows" in shown
    assert "Recife, Natal" in shown


def test_the_list_tells_privacy_and_problems():
    shown = database_lines(a_database(problem="It is gone."), EN, PLAIN)
    assert "shop" in shown
    assert "private" in shown
    assert "✗ It is gone." in shown


def test_a_database_shows_its_tables():
    assert "customers" in tables_screen(a_database(), EN, PLAIN)


@given(
    st.lists(st.text(max_size=20), min_size=1, max_size=5).flatmap(
        lambda names: st.tuples(
            st.just(names),
            st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), max_size=6),
        )
    ),
    st.integers(60, 96),
)
def test_rows_fit_the_screen_and_hide_nothing(found, width):
    columns, rows = found
    shown = rows_screen(Rows(columns, rows, False, Milliseconds(1.0)), PLAIN, width)
    assert not any(is_hidden(c) and c != "\n" for c in shown)
    assert all(display_width(line) <= width for line in shown.split("\n"))


def test_numbers_stand_at_the_right():
    rows = Rows(["city", "total"], [["Recife", 7], ["Natal", 1200]], False, Milliseconds(1.0))
    assert rows_screen(rows, PLAIN, 80) == "city    total\nRecife      7\nNatal    1200\n"


KNOWN = Known(databases={"shop": "/shop"}, tables={"shop": {"orders": "sold", "customers": ""}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/databases ", ["annotate", "shop"]),
        ("/databases sh", ["shop"]),
        ("/databases shop ", ["orders", "customers"]),
        ("/databases annotate ", ["shop"]),
        ("/databases annotate shop or", ["orders"]),
        ("/sql ", ["shop"]),
        ("/sql shop SELECT * FROM cu", ["customers"]),
        ("/sql nowhere ", []),
    ],
)
def test_tab_offers_databases_and_their_tables(text, expected):
    assert [found.text for found in candidates(text, KNOWN, lambda _: [])] == expected
