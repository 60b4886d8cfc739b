"""What a person sees of a flow is whole, and nothing of it twice."""

import pytest

from client.view import unseen


@pytest.mark.parametrize(
    ("streamed", "answer", "rest"),
    [
        ("", "All of it [1].", "All of it [1]."),
        ("All of it [1].", "All of it [1].", ""),
        ("Begun", "Begun and ended.", " and ended."),
        ("Made up [9].", "Made up.", ""),
        (
            "Made up [9].",
            "Made up.\n\n(None of your sources says this.)",
            "\n\n(None of your sources says this.)",
        ),
        ("Quite another.", "The answer.", "The answer."),
    ],
)
def test_what_was_streamed_is_not_shown_again(streamed, answer, rest):
    assert unseen(streamed, answer) == rest
