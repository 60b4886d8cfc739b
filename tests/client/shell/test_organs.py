"""Keys, toolbar and history of the shell, each by itself."""

import stat

import pytest

from client.shell.history import PrivateHistory, is_kept
from client.shell.keys import continued
from client.shell.toolbar import Toolbar, fragments
from client.words import Words


@pytest.mark.parametrize(
    ("text", "longer"),
    [
        ("plain", None),
        ("first \\", "first\n"),
        ("!ls \\", "!ls \\\n"),
        ("two backslashes \\\\", None),
        ("three \\\\\\", "three \\\\\n"),
        ("", None),
    ],
)
def test_a_backslash_at_the_end_begins_another_line(text, longer):
    assert continued(text) == longer


@pytest.mark.parametrize(
    ("bar", "shown"),
    [
        (Toolbar("cnv234567"), " conversation cnv234"),
        (Toolbar("cnv234567", "offline"), " offline · conversation cnv234"),
        (
            Toolbar("cnv234567", "offline", 2),
            " 2 waiting: /inquiries · offline · conversation cnv234",
        ),
        (
            Toolbar("cnv234567", "offline", 2, reachable=False),
            " The daemon went away; waiting for it.",
        ),
    ],
)
def test_the_toolbar_says_who_answers_and_what_waits(bar, shown):
    assert "".join(part[1] for part in fragments(bar, Words("en"))) == shown


def test_history_is_private_and_lasts(tmp_path):
    path = tmp_path / "state" / "history"
    PrivateHistory(path).append_string("how many days?")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(PrivateHistory(path).load_history_strings()) == ["how many days?"]


@pytest.mark.parametrize(
    ("line", "kept"), [("ask", True), (" secret", False), ("\tsecret", False), ("  ", False)]
)
def test_a_line_that_begins_with_a_space_is_not_kept(tmp_path, line, kept):
    assert is_kept(line) is kept
    history = PrivateHistory(tmp_path / "history")
    history.append_string(line)
    assert (line in list(PrivateHistory(tmp_path / "history").load_history_strings())) is kept
