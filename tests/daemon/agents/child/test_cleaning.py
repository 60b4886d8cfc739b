"""What nobody reads is taken out of a passage; what it says stays."""

import time

import pytest

from daemon.agents.child.cleaning import clean, cleaned
from daemon.index.documents import ParsedPassage


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a  b   c", "a b c"),
        ("line one  \r\nline two", "line one\nline two"),
        ("one\n\n\n\n\ntwo", "one\n\ntwo"),
        ("hid\u200bden \u202etext", "hidden text"),
        ("e\u0301te\u0301", "été"),
        ("def f():\n    return  1", "def f():\n    return 1"),
        ("\ta\tb", "\ta\tb"),
    ],
)
def test_spaces_and_what_is_invisible_go(given, expected):
    assert clean(given) == expected


@pytest.mark.parametrize("text", ["", "   ", "1 2 3", "— … —", "\u200b\u200b"])
def test_a_passage_without_a_word_is_none(text):
    assert cleaned(ParsedPassage("line 1", text)) is None


def test_a_place_is_one_line():
    found = cleaned(ParsedPassage("a\nb", "Some words", "c\n\nd"))
    assert found == ParsedPassage("a b", "Some words", "c d")


@pytest.mark.parametrize("nothing", ["\t", " ", "\u3000"])
def test_a_long_line_of_nothing_is_read_once(nothing):
    begun = time.process_time()
    assert clean(f"a\n{nothing * 30_000}b").endswith("b")
    assert time.process_time() - begun < 0.5
