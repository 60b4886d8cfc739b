"""A secret that a command prints is taken out before anyone sees or keeps it (P6)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.blocks.secrets import MASK, Scrubber, Secrets
from daemon.protocol.values import FlowId

FLOW = FlowId("flow")


def scrubbed(text: str, *values: str, cuts: tuple[int, ...] = ()) -> str:
    scrubber = Scrubber(lambda: values)
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    return "".join(map(scrubber.feed, pieces)) + scrubber.end()


@given(st.lists(st.integers(0, 1000), max_size=8).map(tuple))
def test_a_secret_is_found_wherever_the_output_is_cut(cuts: tuple[int, ...]) -> None:
    text = "a hunhunter2 hunter hunter2hunter2\nhunte"
    assert scrubbed(text, "hunter2", cuts=cuts) == f"a hun{MASK} hunter {MASK}{MASK}\nhunte"


@given(st.text(max_size=40), st.lists(st.integers(0, 100), max_size=4).map(tuple))
def test_a_text_without_it_is_as_it_was(text: str, cuts: tuple[int, ...]) -> None:
    assert scrubbed(text, "canary-7f3a", cuts=cuts) == text
    assert scrubbed(text, cuts=cuts) == text


@pytest.mark.parametrize(
    ("secret", "printed"),
    [
        ("it's", r"+ login 'it'\''s'"),
        ("a b&c/d", "GET /?key=a%20b%26c%2Fd"),
        ("hunter2\n", "hunter2"),
        ("first line\nsecond line", "second line"),
        ("senha-ção", "a senha-ção é"),
    ],
)
def test_it_is_known_in_the_forms_that_programs_print(secret: str, printed: str) -> None:
    shown = scrubbed(printed, secret)
    assert MASK in shown
    assert secret.strip().splitlines()[-1] not in shown


def test_a_blank_secret_takes_nothing_out() -> None:
    assert scrubbed("one two\n", " ", "", "\n") == "one two\n"


def test_what_is_typed_while_a_command_runs_is_known_at_once() -> None:
    secrets = Secrets()
    scrubber = secrets.scrubber(FLOW)
    assert scrubber.feed("Password: ") == "Password: "
    secrets.typed(FLOW, "opensesame\n")
    assert scrubber.feed("you said opensesame!") == f"you said {MASK}!"
    assert secrets.of(FLOW) == {}


def test_single_keys_are_no_password() -> None:
    secrets = Secrets()
    for key in "open\n":
        secrets.typed(FLOW, key)
    assert secrets.scrubber(FLOW).feed("an open door\n") == "an open door\n"


def test_what_is_forgotten_is_in_no_repr_and_in_no_flow() -> None:
    secrets = Secrets()
    secrets.keep(FLOW, "NAME", "hunter2")
    secrets.typed(FLOW, "opensesame")
    assert "hunter2" not in repr(secrets)
    secrets.forget(FLOW)
    assert secrets.of(FLOW) == {}
    assert secrets.scrubber(FLOW).feed("hunter2 opensesame") == "hunter2 opensesame"
