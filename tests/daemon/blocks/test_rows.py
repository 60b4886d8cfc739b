"""Rows as text: counted, bounded, and nothing in a cell breaks the table."""

from daemon.blocks.rows import SHOWN_ROWS, rows_text
from daemon.protocol.databases import Rows
from daemon.protocol.values import Milliseconds


def text(columns: list[str], *rows: list[object], more: bool = False) -> str:
    return rows_text(Rows(columns, [list(row) for row in rows], more, Milliseconds(1.0)))  # type: ignore[arg-type]  # cells of every kind


def test_the_first_line_counts_the_rows() -> None:
    assert text(["a"]).splitlines()[0].startswith("0 row")
    assert text(["a"], [1]).splitlines()[0].startswith("1 row")
    assert "or more" in text(["a"], [1], more=True).splitlines()[0]


def test_a_bar_or_a_new_line_in_a_name_or_a_cell_stays_in_its_place() -> None:
    table = text(["a|b"], ["c|d\ne"]).splitlines()[2:]
    assert table[0] == "| a\\|b |"
    assert table[-1] == "| c\\|d e |"


def test_what_is_left_out_is_said() -> None:
    lines = text(["n"], *[[n] for n in range(SHOWN_ROWS + 7)]).splitlines()
    assert lines[-1] == "… 7 rows more"


def test_a_long_cell_is_cut_and_says_so() -> None:
    assert text(["t"], ["x" * 5000]).splitlines()[-1].endswith("… |")
