"""Rows become a sentence, a list or a table, each with its number; none at all is said."""

import pytest

from daemon.protocol.databases import Rows
from daemon.protocol.values import SourceName
from daemon.reasoner import ContextPiece, rows

ROWS = """3 rows

| name | city |
| --- | --- |
| Bia \\| Souza | Porto Alegre |
| Carl | Oslo |
| Dora |  |"""


def piece(text: str, n: int = 1) -> ContextPiece:
    return ContextPiece(n, SourceName.DATABASE, "shop.customer", "shop.customer: SELECT 1", text)


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("1 rows\n\n| number |\n| --- |\n| 42 |", "en", "According to shop.customer: **42** [1]"),
        ("1 rows\n\n| number |\n| --- |\n| 42 |", "pt", "Segundo shop.customer: **42** [1]"),
        ("1 row\n\n| a |\n| --- |\n| 1.3333333333333333 |", "en", "According to shop.customer: **1.3333** [1]"),
        ("1 rows\n\n| a | b |\n| --- | --- |\n| Bia | Oslo |", "en", "According to shop.customer: a: **Bia**; b: **Oslo** [1]"),
        ("0 rows", "en", "I looked in shop.customer, and the query found no rows. [1]"),
        ("0 rows", "pt", "Procurei em shop.customer, e a consulta não encontrou nenhuma linha. [1]"),
        ("1 rows\n\n| total |\n| --- |\n|  |", "en", "I looked in shop.customer, and the query found no rows. [1]"),
    ],
)  # fmt: skip
def test_a_result_is_told_in_a_sentence(text: str, language: str, said: str) -> None:
    assert rows.answer(piece(text), language) == said


def test_one_column_is_a_list_and_several_are_a_table() -> None:
    listed = rows.answer(piece("2 rows\n\n| name |\n| --- |\n| Bia |\n|  |"), "en")
    assert listed == "According to shop.customer, rows: 2 [1]\n\n- Bia\n- –"
    table = rows.answer(piece(ROWS, 4), "pt")
    assert table is not None
    assert table.startswith(
        "Segundo shop.customer, linhas: 3 [4]\n\n| name | city |\n| --- | --- |"
    )
    assert "| Bia \\| Souza | Porto Alegre |" in table


def test_a_long_result_says_how_much_of_it_is_shown() -> None:
    lines = "\n".join(f"| {n} |" for n in range(50))
    said = rows.answer(piece(f"200 or more rows\n\n| n |\n| --- |\n{lines}\n… 150 rows more"), "en")
    assert said is not None
    assert "the first 20 of more than 200 [1]" in said
    assert said.count("\n- ") == rows.MOST_LISTED
    exact = rows.answer(piece(f"50 rows\n\n| n |\n| --- |\n{lines}"), "en")
    assert exact is not None
    assert "the first 20 of 50" in exact


def test_what_the_search_block_writes_can_be_read() -> None:
    from daemon.blocks.rows import rows_text

    found = rows.read(rows_text(Rows(["a", "c"], [["x|y", None], [1.5, "- -"]], True, 0.0)))
    assert found == rows.FoundRows(2, True, ("a", "c"), (("x\\|y", ""), ("1.5", "- -")))


@pytest.mark.parametrize("text", ["", "nothing", "rows: 3", "3 rows", "3 rows\n| a |"])
def test_what_cannot_be_read_is_not_answered(text: str) -> None:
    assert rows.answer(piece(text), "en") is None
