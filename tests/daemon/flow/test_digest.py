"""A yes is bound to everything that decides what would run."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.flow.digest import file_digest, run_digest, text_digest

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


@pytest.mark.timeout(20)
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to would hold a yes up for ever; a device has no end."""
    pipe, zero = tmp_path / "pipe", tmp_path / "zero"
    os.mkfifo(pipe)
    zero.symlink_to("/dev/zero")
    before = run_digest(**{**WHOLE, "programs": [pipe]})
    assert file_digest(zero).startswith("no file")
    pipe.unlink()
    pipe.write_text("echo now it is a script")
    assert run_digest(**{**WHOLE, "programs": [pipe]}) != before


@pytest.mark.timeout(20)
def test_a_file_without_an_end_counts_by_its_head_and_its_times(tmp_path: Path) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(1 << 40)
    one = file_digest(big)
    with big.open("r+b") as file:
        file.seek(1 << 39)
        file.write(b"rm -rf ~")
    assert file_digest(big) != one


@given(st.text(), st.text())
def test_different_texts_have_different_digests(one: str, other: str) -> None:
    assert (text_digest(one) == text_digest(other)) == (one == other)
