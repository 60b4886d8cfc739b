"""What a command prints may colour the screen, and do nothing else to it."""

import itertools
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.ansi import RESET, OutputFilter
from daemon.protocol.escape import is_hidden

RED = "\x1b[31m"


def shown(*pieces: str, terminal: bool = True) -> str:
    kept = OutputFilter(terminal=terminal)
    return "".join(map(kept.feed, pieces)) + kept.end()


@pytest.mark.parametrize(
    ("printed", "on_screen"),
    [
        ("plain\n\ttext\n", "plain\n\ttext\n"),
        (f"{RED}red{RESET} rest", f"{RED}red{RESET} rest"),
        ("\x1b[1;38;5;8mgrey\x1b[m", "\x1b[1;38;5;8mgrey\x1b[m"),
        (f"{RED}left on", f"{RED}left on{RESET}"),
        ("\x1b[2J", "<U+001B>[2J"),
        ("\x1b[10;10Hfake", "<U+001B>[10;10Hfake"),
        ("\x1b]0;title\x07", "<U+001B>]0;title<U+0007>"),
        ("\x1b]52;c;cm0gLXJm\x07", "<U+001B>]52;c;cm0gLXJm<U+0007>"),
        ("\x1b]8;;http://x\x1b\\link", "<U+001B>]8;;http://x<U+001B>\\link"),
        ("\x9b2J", "<U+009B>2J"),
        ("\x1b[8mhidden", "<U+001B>[8mhidden"),
        ("\x1b[31;8mhidden", "<U+001B>[31;8mhidden"),
        ("a\r\nb\r\r\nc", "a\nb\nc"),
        ("10 %\r20 %\r", "10 %\n20 %\n"),
        ("back\b\bspace", "back<U+0008><U+0008>space"),
        ("bidi \u202e", "bidi <U+202E>"),
        ("<U+202E>", "<U+003C>U+202E>"),
        ("\x1b", "<U+001B>"),
        ("\x1b[3", "<U+001B>[3"),
        ("a\x1b[K b\x1b[2K\x1b[?25l c\x1b[?2004h\x1b[?1h\x1b= d\x1b(B", "a b c d"),
        ("a\x1b[?1049h\x1b[2Jdrawn\x1b[31m\x1b[?1049lb", "a\n…\nb"),
        ("a\x1b[?1049hnever left", "a\n…\n"),
    ],
)
def test_only_colours_reach_the_terminal(printed, on_screen):
    assert shown(printed) == on_screen


def test_a_long_run_of_one_character_takes_no_longer_than_others():
    """Each of these was once gone through again for each of its own characters."""
    for piece in ("\r" * 200_000 + "x", "<" * 200_000, "\x1b" * 200_000, "\x1b[" * 100_000):
        took = min(timed(piece) for _ in range(3))
        assert took < 40 * min(timed("\0" * 200_000) for _ in range(3)), piece[:2]


def timed(piece: str) -> float:
    begun = time.perf_counter()
    shown(piece)
    return time.perf_counter() - begun


def test_off_a_terminal_not_even_colours_do():
    assert shown(f"{RED}red", terminal=False) == "<U+001B>[31mred"


@given(
    st.text(alphabet="\x1b[0;38m?17249hlK(B\r\n<U+2>é\u202e\x07"),
    st.lists(st.integers(0, 40), max_size=5),
)
def test_where_the_output_was_cut_into_pieces_makes_no_difference(printed, cuts):
    places = [0, *sorted(min(cut, len(printed)) for cut in cuts), len(printed)]
    pieces = [printed[a:b] for a, b in itertools.pairwise(places)]
    assert shown(*pieces) == shown(printed)


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_nothing_but_colours_line_ends_and_tabs_is_left_raw(printed):
    left = re.sub(r"\x1b\[[0-9;:]*m", "", shown(printed))
    assert not any(is_hidden(c) and c not in "\n\t" for c in left)
