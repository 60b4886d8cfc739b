"""Commands see an allow-list of the daemon's environment, and never a key (P6)."""

import os
import socket
from pathlib import Path

import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.shell.environment import check_variables, session_environment
from tests.support.bash_sessions import TALK, Sessions, approval, commands, with_sessions

CANARY = "canary-3b1f"


def test_no_key_of_the_daemon_reaches_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["GEMINI_API_KEY", "OPENAI_APIKEY", "CREDENTIALS_DIRECTORY", "ALVO_CRASH_AT",
             "SOME_TOKEN", "BASH_ENV", "LD_PRELOAD", "LISTEN_FDS", "PROMPT_COMMAND"]  # fmt: skip
    for name in names:
        monkeypatch.setenv(name, CANARY)

    async def story(s: Sessions) -> None:
        ran = await s.run("env; set; cat /proc/$$/environ /proc/self/environ; export -p")
        assert CANARY not in ran.text

    with_sessions(tmp_path, story, environment=tuple(n for n in names if n != "SOME_TOKEN"))


def test_the_configuration_lets_further_names_through(tmp_path: Path) -> None:
    environ = {"EDITOR": "ed", "SOME_TOKEN": "mine", "OTHER": "no", "PATH": "/bin:/usr/bin"}

    async def story(s: Sessions) -> None:
        ran = await s.run("echo $EDITOR $SOME_TOKEN [$OTHER]")
        assert ran.text == "ed mine []\n"
        assert "EDITOR" in s.shell.state(TALK, "/").environment

    with_sessions(tmp_path, story, environ=environ, environment=("EDITOR", "SOME_TOKEN", "ABSENT"))


def test_a_bare_daemon_gives_a_usable_environment() -> None:
    found = session_environment({}, (), Path("/home/ana"))
    assert found["HOME"] == "/home/ana"
    assert found["PATH"]
    assert found["USER"] == found["LOGNAME"]
    assert (found["TERM"], found["PAGER"], found["GIT_PAGER"]) == ("dumb", "cat", "cat")
    assert session_environment({"LC_ALL": "pt_BR.UTF-8"}, (), Path("/"))["LC_ALL"] == "pt_BR.UTF-8"


def test_a_secret_is_set_for_one_command_and_for_no_other(tmp_path: Path) -> None:
    secret = ' it\'s $(touch hacked) "é"\\\n\n'

    async def story(s: Sessions) -> None:
        environment = {"DB_PASSWORD": secret, "EMPTY": ""}
        ran = await s.run(
            'printf %s "$DB_PASSWORD"; sh -c \'printf "|%s|" "$DB_PASSWORD"\'; printf %s ${EMPTY-unset}',
            environment=environment,
        )
        assert ran.text == f"{secret}|{secret}|"
        assert (await s.run("echo [$DB_PASSWORD] ${EMPTY-unset}")).text == "[] unset\n"
        assert not (s.home / "hacked").exists()

    with_sessions(tmp_path, story)


def _files_with(text: str, directory: Path) -> list[Path]:
    files = [file for file in directory.rglob("*") if file.is_file()]
    return [file for file in files if text.encode() in file.read_bytes()]


def test_a_secret_is_not_printed_by_a_session_that_traces(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("set -xv")
        seen = [await s.run("true", environment={"PIN": CANARY}), await s.run("true")]
        assert all(CANARY not in ran.text for ran in seen)
        assert commands(CANARY) == []
        assert _files_with(CANARY, tmp_path) == []

    with_sessions(tmp_path, story)


def test_a_session_that_cannot_read_a_secret_ends_and_does_not_run_it(tmp_path: Path) -> None:
    """A script may leave bash without the descriptor, or with a name that cannot be set."""
    for spoil in (
        # What is kept of the pipe while the script runs: its own end for reading.
        "for f in {10..254}; do case $(stat -c %A /proc/$$/fd/$f) in lr*) eval exec $f'<&-';; esac; done",
        "readonly PIN=other",
        'read() { command read -u 999 x; }; builtin() { "$@"; }',
    ):

        async def story(s: Sessions, spoil: str = spoil) -> None:
            await s.run(spoil)
            ran = await s.run("true; echo ran", environment={"PIN": f"{CANARY} \n touch hacked"})
            after = await s.run("true")
            assert CANARY not in ran.text + after.text
            assert not (s.home / "hacked").exists()

        with_sessions(tmp_path, story)


def test_a_key_is_given_where_the_person_gave_it_and_let_through_nowhere(tmp_path: Path) -> None:
    environ = {**os.environ, "WEATHER_API_KEY": CANARY}

    async def story(s: Sessions) -> None:
        assert (await s.run("echo [$WEATHER_API_KEY]")).text == "[]\n"
        given = await s.run("echo [$WEATHER_API_KEY]", environment={"WEATHER_API_KEY": "mine"})
        assert given.text == "[mine]\n"

    with_sessions(tmp_path, story, environ=environ, environment=("WEATHER_API_KEY",))


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "LD_PRELOAD",
        "BASH_ENV",
        "IFS",
        "ALVO_SESSION",
        "a b",
        "x;id",
        "",
        "1x",
        "é",
        "HOME\n",
    ],
)
def test_a_name_that_changes_what_a_script_means_is_refused(name: str) -> None:
    with pytest.raises(AlvoError) as caught:
        check_variables({name: "x"})
    assert caught.value.type is errors.COMMAND_INVALID


def test_a_value_that_cannot_be_given_is_refused(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        for value in ("a\0b", "x" * 100_000):
            with pytest.raises(AlvoError) as caught:
                await s.shell.run(approval("true", cwd=str(s.home)), 0, _nothing, {"X": value})
            assert caught.value.type is errors.COMMAND_INVALID
            assert value not in str(caught.value)

    with_sessions(tmp_path, story)


async def _nothing(_: bytes) -> None: ...


def test_commands_get_no_descriptor_of_the_daemon(tmp_path: Path) -> None:
    """systemd's listening socket is inheritable: a command that had it could play the daemon."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        listening.set_inheritable(True)
        os.set_inheritable(listening.fileno(), True)

        async def story(s: Sessions) -> None:
            ran = await s.run("sh -c 'for f in /proc/self/fd/*; do readlink $f; done'")
            kinds = {line for line in ran.text.split() if not line.startswith("/dev/pts/")}
            assert not [kind for kind in kinds if "socket" in kind or "pipe" in kind], kinds

        with_sessions(tmp_path, story)


def test_signals_that_python_ignores_are_heard_by_commands(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        ran = await s.run(
            "python3 -c 'import signal; print(signal.getsignal(signal.SIGPIPE))'; trap 'echo pipe' PIPE; kill -PIPE $$"
        )
        assert ran.text.endswith("pipe\n")

    with_sessions(tmp_path, story)


def test_files_are_made_as_the_person_makes_them_not_as_the_daemon_does(tmp_path: Path) -> None:
    before = os.umask(0o077)

    async def story(s: Sessions) -> None:
        assert (await s.run("umask; touch file; stat -c %a file")).text == "0027\n640\n"

    try:
        with_sessions(tmp_path, story, environ={**os.environ, "ALVO_UMASK": "0027"})
    finally:
        os.umask(before)
