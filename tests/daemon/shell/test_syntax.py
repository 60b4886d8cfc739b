"""A script that bash cannot read never reaches a session, and costs it nothing."""

import random
import subprocess
from pathlib import Path

import pytest

from daemon.shell.parse import is_surely_bash
from tests.support.bash_sessions import TALK, Sessions, with_sessions

_PIECES = (
    *("echo", "a", "b", "$x", "'q'", '"d $x"', "|", "||", "&&", ";", "\n", ">", "f", "<", "<<E"),
    *("<<<", "(", ")", "{", "}", "if", "then", "fi", "in", "do", "for", "x=", "x=1", "x=(", "$("),
    *("`", "\\", "'", '"', "#", "!", "&", "2>&1", "|&", "[[", "]]", "((", "~", "*", "+(", "@(x)"),
    *("${", "$((", "case", "esac", ";;", "function", "time", "coproc", "-", "=", "<("),
)


def _reads(script: str) -> bool:
    bash = ["/bin/bash", "--noprofile", "--norc", "-n"]
    read = subprocess.run(bash, input=script.encode(), capture_output=True, check=False)
    return read.returncode == 0


def test_what_is_surely_bash_is_read_by_bash() -> None:
    dice = random.Random(20261120)
    sure = 0
    while sure < 100:
        script = "".join(
            dice.choice(_PIECES) + dice.choice((" ", "", " ")) for _ in range(dice.randint(1, 7))
        )
        if is_surely_bash(script.encode()):
            sure += 1
            assert _reads(script), script


@pytest.mark.parametrize(
    "script", [":", "true", "git status", "cd /tmp && ls -la | wc -l", "x=1; echo \"$x\" 'y z'"]
)
def test_everyday_commands_need_no_second_bash(script: str) -> None:
    assert is_surely_bash(script.encode())


def test_nothing_of_a_broken_script_runs_not_even_its_first_line(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        before = s.shell.state(TALK, str(s.home)).commands_run
        ran = await s.run("touch made\necho $(\n")
        assert ran.status == 2
        assert not (s.home / "made").exists()
        assert s.shell.state(TALK, str(s.home)).commands_run == before

    with_sessions(tmp_path, story)


def test_an_open_substitution_harms_no_session_however_often(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("x=kept")
        for _ in range(10):
            assert (await s.run("echo $(")).status == 2
        assert (await s.run("echo $x")).text == "kept\n"

    with_sessions(tmp_path, story)


def test_what_a_session_has_set_to_read_more_is_not_refused(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("shopt -s extglob; touch ab cd")
        assert (await s.run("echo !(ab)")).text == "cd\n"
        assert (await s.run("echo @(a*)x@(b) || if true; then echo no; fi")).status == 0

    with_sessions(tmp_path, story)


def test_the_message_is_of_bash_and_names_no_file_of_ours(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        ran = await s.run("echo one\nif true; then\n")
        assert "/bin/bash: line 3: syntax error" in ran.text
        assert "scripts" not in ran.text

    with_sessions(tmp_path, story)
