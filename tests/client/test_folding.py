"""Folded text: prose at its spaces, exact texts without losing a character, screens in their columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.folding import fold, fold_exact, fold_place, fold_screen
from client.terminal import Paint, display_width
from daemon.protocol.escape import is_hidden, unescape

TEXT = st.text(alphabet="ab /#日é", max_size=200)
WIDTH = st.integers(12, 60)


@given(TEXT, WIDTH)
def test_prose_is_broken_at_its_spaces_and_never_wider_than_the_screen(text, width):
    lines = fold(text, width)
    assert all(display_width(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(TEXT, WIDTH)
def test_a_place_is_whole_when_its_lines_are_joined(text, width):
    assert "".join(fold_place(text, width)) == text


@given(st.text(alphabet="ab /\t\u202e\u00a0日", max_size=120), WIDTH)
def test_an_exact_text_can_be_had_back_and_hides_nothing(text, width):
    lines = fold_exact(text, width)
    assert unescape("".join(lines)) == text
    assert not any(is_hidden(c) for line in lines for c in line)
    assert all(display_width(line) <= width for line in lines)


def test_a_run_of_spaces_and_one_at_the_end_are_shown():
    assert fold_exact("/a b", 40) == ["/a b"]
    assert fold_exact("/a  b", 40) == ["/a<U+0020><U+0020>b"]
    assert fold_exact("/a ", 40) == ["/a<U+0020>"]


@pytest.mark.parametrize("width", range(12, 60))
def test_a_command_is_not_parted_from_its_name(width):
    lines = fold("What is wrong is told by the doctor of it all: alvo doctor", width)
    assert not any(line.endswith("alvo") for line in lines)


def test_a_screen_keeps_its_columns_and_its_colours():
    dim = Paint(colour=True)("a guess about it", "dim")
    screen = f"head\n  name      INTEGER · {dim}\n\n"
    assert fold_screen(screen, 80) == screen
    assert fold_screen(screen, 24) == (
        "head\n  name      INTEGER · \x1b[2ma\n    guess about it\x1b[0m\n\n"
    )
