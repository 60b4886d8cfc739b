"""Answers stream in, are wrapped and lightly styled, and can do nothing to the screen."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.prose import ProseWriter, one_line, readable
from client.terminal import Paint, cut_at, display_width
from daemon.protocol.escape import is_hidden


def written(text: str, width: int = 40, *, colour: bool = False, step: int = 0) -> str:
    writer = ProseWriter(Paint(colour=colour), width)
    pieces = [text[i : i + step] for i in range(0, len(text), step)] if step else [text]
    return "".join(map(writer.feed, pieces)) + writer.end()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("one line", "one line\n"),
        ("one line\n", "one line\n"),
        ("a b\n\nc", "a b\n\nc\n"),
        ("- first\n- second", "• first\n• second\n"),
        (
            "a longer text that has to go on in a second line",
            "a longer text that has to go on in a\nsecond line\n",
        ),
        (
            "- a longer item that has to go on in a second line",
            "• a longer item that has to go on in a\n  second line\n",
        ),
        (
            "```\nx   =   1  # a line of code that is longer than forty\n```",
            "```\nx   =   1  # a line of code that is longer than forty\n```\n",
        ),
        ("evil \x1b[2J and \u202e", "evil <U+001B>[2J and <U+202E>\n"),
        ("10\u00a0000 sol\u00adto ⚠\ufe0f", "10 000 solto ⚠\n"),
    ],
)
def test_an_answer_as_it_stands_on_the_screen(text, shown):
    assert written(text) == shown


def test_marks_become_styles_where_there_is_colour():
    shown = written("# Title\n**bold** `code` [1]", colour=True)
    assert (
        shown == "\x1b[1mTitle\x1b[0m\n\x1b[1mbold\x1b[0m \x1b[36mcode\x1b[0m \x1b[2m[1]\x1b[0m\n"
    )


prose = st.text(alphabet="ab *`#-[1]\n\t\u202e\x1bé\r") | st.text()


@given(prose, st.integers(1, 9))
def test_it_makes_no_difference_in_which_pieces_an_answer_arrives(text, step):
    assert written(text, step=step) == written(text)
    assert written(text, colour=True, step=step) == written(text, colour=True)


@given(prose)
def test_no_word_is_lost_and_nothing_hidden_gets_through(text):
    shown = written(text)
    assert not any(is_hidden(c) and c != "\n" for c in shown)
    bullets = ("•", "-", "*", "+")
    kept = [word for word in shown.split() if word not in bullets]
    assert kept == [word for word in readable(text).split() if word not in bullets]


@given(st.lists(st.text(alphabet="abc", min_size=1, max_size=12)), st.integers(12, 60))
def test_no_line_is_wider_than_the_screen(words, width):
    assert all(display_width(line) <= width for line in written(" ".join(words), width).split("\n"))


def test_one_line_is_one_line():
    assert one_line("a\n\tb\r\n c") == "a b c"


@given(st.text(), st.integers(2, 30))
def test_a_folded_line_has_all_its_characters_and_fits(text, width):
    pieces = cut_at(text, width)
    assert "".join(pieces) == text
    assert all(display_width(piece) <= width for piece in pieces)


def test_styles_end_where_they_began():
    shown = written("**a b** c `d", colour=True)
    assert len(re.findall(r"\x1b\[\d", shown)) == 2 * shown.count("\x1b[0m")
