"""A yes is bound to everything that decides what would run."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.flow.digest import run_digest, text_digest

WHOLE: dict[str, Any] = {
    "scripts": ["ls", "pwd"],
    "cwd": "/tmp",
    "environment": ["HOME", "PATH"],
    "shell": "/bin/bash",
    "incarnation": "new",
    "commands_run": 0,
    "programs": [],
}


@pytest.mark.parametrize(
    "change",
    [
        {"scripts": ["ls", "pwd "]},
        {"scripts": ["ls\npwd"]},
        {"scripts": ["pwd", "ls"]},
        {"cwd": "/"},
        {"environment": ["HOME"]},
        {"shell": "/bin/sh"},
        {"incarnation": "other"},
        {"commands_run": 1},
    ],
)
def test_any_change_gives_another_digest(change: dict[str, Any]) -> None:
    assert run_digest(**WHOLE) != run_digest(**{**WHOLE, **change})


def test_the_order_of_names_does_not_matter() -> None:
    assert run_digest(**WHOLE) == run_digest(**{**WHOLE, "environment": ["PATH", "HOME"]})


def test_the_content_of_a_named_program_counts_and_its_absence_too(tmp_path: Path) -> None:
    program = tmp_path / "deploy.sh"
    absent = run_digest(**{**WHOLE, "programs": [program]})
    program.write_text("echo one")
    one = run_digest(**{**WHOLE, "programs": [program]})
    program.write_text("echo two")
    two = run_digest(**{**WHOLE, "programs": [program]})
    assert len({absent, one, two, run_digest(**WHOLE)}) == 4


@given(st.text(), st.text())
def test_different_texts_have_different_digests(one: str, other: str) -> None:
    assert (text_digest(one) == text_digest(other)) == (one == other)
