"""What is shown is what runs: every hidden character is seen, and nothing is lost by showing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.protocol import codec
from daemon.protocol.escape import escape, escape_json, is_hidden, numbered, unescape

anything = st.text(alphabet=st.characters(exclude_categories=())) | st.lists(
    st.sampled_from(
        ["<", "U", "+", "<U+", "<U+202E>", "00", "3C", ">", "\n", "\u202e", "é", "\ud800"]
    )
).map("".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ação, 日本語", "plain text, ação, 日本語"),
        ("rm\u202e -rf", "rm<U+202E> -rf"),
        ("a\x1b[2Kb", "a<U+001B>[2Kb"),
        ("a\r\nb\tc", "a<U+000D><U+000A>b<U+0009>c"),
        ("a\x00b\x7f\x9b", "a<U+0000>b<U+007F><U+009B>"),
        ("\u2028\u2029", "<U+2028><U+2029>"),
        ("a\u00a0b\u2003c\u3000d", "a<U+00A0>b<U+2003>c<U+3000>d"),
        ("\u3164\u2800\uffa0\u115f\u1160", "<U+3164><U+2800><U+FFA0><U+115F><U+1160>"),
        ("a\u200bb\u200dc\ufeffd\u00ade", "a<U+200B>b<U+200D>c<U+FEFF>d<U+00AD>e"),
        ("x\ufe0f\U000e0101", "x<U+FE0F><U+E0101>"),
        ("\ue000\U000f0000\u0378\ud800", "<U+E000><U+F0000><U+0378><U+D800>"),
        ("\U000e0041", "<U+E0041>"),
        ("<U+202E>", "<U+003C>U+202E>"),
        ("<<U+", "<<U+003C>U+"),
        ("a < b, U+0041", "a < b, U+0041"),
    ],
)
def test_what_cannot_be_seen_is_shown(text, shown):
    assert escape(text) == shown
    assert unescape(shown) == text


@given(anything)
def test_the_text_is_had_back_exactly_from_what_was_shown(text):
    assert unescape(escape(text)) == text
    assert unescape(escape(text, lines=True)) == text


@given(anything, anything)
def test_two_different_texts_never_look_the_same(one, other):
    assert (escape(one) == escape(other)) == (one == other)


@given(anything)
def test_nothing_hidden_is_left_in_what_is_shown(text):
    assert not any(is_hidden(c) for c in escape(text))
    assert not any(is_hidden(c) and c not in "\n\t" for c in escape(text, lines=True))


def test_newline_and_tab_stay_where_lines_are_wanted():
    assert escape("a\n\tb\r", lines=True) == "a\n\tb<U+000D>"


def test_every_character_by_category_that_has_no_ink_is_hidden():
    hidden = {"Cc", "Cf", "Zl", "Zp", "Co", "Cn", "Cs"}
    for code in range(0x110000):
        if unicodedata.category(chr(code)) in hidden:
            assert is_hidden(chr(code)), hex(code)


def test_a_script_is_numbered_by_newlines_alone():
    assert numbered("echo a\necho b\rrm x\u2028ls\n") == [
        (1, "echo a"),
        (2, "echo b<U+000D>rm x<U+2028>ls"),
    ]
    assert numbered("a\n\nb") == [(1, "a"), (2, ""), (3, "b")]
    assert numbered("") == [(1, "")]


@given(st.text())
def test_json_means_the_same_and_hides_nothing(text: str) -> None:
    shown = escape_json(codec.encode({"text": text}).decode())
    assert codec.decode(shown, dict) == {"text": text}
    assert not any(map(is_hidden, shown))
