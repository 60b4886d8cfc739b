"""What a running command waits for is told: soon, in order with its output, and only while it does."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from daemon.protocol.values import Terminal
from daemon.shell.values import Window
from tests.support.bash_sessions import TALK, Sessions, approval, with_sessions
from tests.support.waiting import until

PYTHON = sys.executable
L, P, S = Terminal.LINE, Terminal.PASSWORD, Terminal.SCREEN

READING = [
    ("read -p 'Sure? ' x", L),
    ("(read x)", L),
    ("bash -c 'read x'", L),
    ("cat", L),
    ("cat < /dev/tty", L),
    ("x=$(head -n 1)", L),
    ("head -n 1 | tr a-z A-Z", L),
    ("setsid -w cat", L),
    (f"{PYTHON} -c 'input(1)'", L),
    (
        f"{PYTHON} -c 'import threading; t=threading.Thread(target=input); t.start(); t.join()'",
        L,
    ),
    ("read -s -p 'PIN: ' x", P),
    (f"{PYTHON} -c 'import getpass; getpass.getpass()'", P),
    ("stty -echo; read x", P),
    ("stty -echo; cat", P),
    ("read -n 1 x", S),
    ("read -e x", S),
    (f"{PYTHON} -q", S),
    ("stty raw; cat", S),
    (
        f"{PYTHON} -c 'import select; select.select([0],[],[])'",
        Terminal.PERHAPS,
    ),
    (
        f"{PYTHON} -c 'import select; p=select.poll(); p.register(0, 1); p.poll()'",
        Terminal.PERHAPS,
    ),
    (
        f"{PYTHON} -c 'import select; p=select.epoll(); p.register(0, 1); p.poll()'",
        Terminal.PERHAPS,
    ),
]


@pytest.mark.parametrize(("script", "wanted"), READING)
def test_what_a_program_waits_for_is_told_soon(
    tmp_path: Path, script: str, wanted: Terminal
) -> None:
    async def story(s: Sessions) -> None:
        async with s.running(script) as running:
            await running.waits_for(wanted, within=3.0)

    with_sessions(tmp_path, story)


@pytest.mark.parametrize(
    "script",
    [
        "sleep 0.4",
        "stty -echo; sleep 0.4",
        "read x < /dev/null; sleep 0.4",
        "sleep 0.4 | cat",
        "mkfifo pipe; (sleep 0.4 > pipe &) ; cat pipe",
        f"{PYTHON} -c 'import select; select.select([],[],[],0.4)'",
        "while [ $((n++)) -lt 40 ]; do echo $n; sleep 0.01; done",
        "cat & sleep 0.4; kill %1",
    ],
)
def test_who_only_takes_time_waits_for_nobody(tmp_path: Path, script: str) -> None:
    async def story(s: Sessions) -> None:
        async with s.running(script) as running:
            await running.task
        assert running.told == []

    with_sessions(tmp_path, story)


def test_an_answer_ends_the_wait_and_the_next_question_is_told_anew(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        script = "read -p 'one? ' a; sleep 0.1; read -p 'two? ' b; echo $a-$b"
        async with s.running(script) as running:
            await running.waits_for(L)
            await s.shell.send(TALK, b"1\n")
            await until(lambda: running.told == [L, None, L])
            await s.shell.send(TALK, b"2\n")
            ran = await running.task
        assert running.told == [L, None, L, None]
        assert ran.text.endswith("1-2\n")

    with_sessions(tmp_path, story)


def test_a_question_that_is_given_up_is_taken_back(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        async with s.running("timeout 0.5 head -n 1; sleep 2") as running:
            await until(lambda: running.told == [L, None], within=3.0)
            assert not running.task.done()

    with_sessions(tmp_path, story)


def test_a_command_that_ends_waits_for_nothing(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        for name in ("read x", f"{PYTHON} -q"):
            async with s.running(name) as running:
                await until(lambda: running.told)
                await s.shell.end(TALK)
                await running.task
            assert running.told[-1] is None

    with_sessions(tmp_path, story)


def test_the_screen_is_told_of_before_what_is_drawn_on_it(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        order: list[object] = []

        async def on_wait(terminal: Terminal | None) -> None:
            order.append(terminal)

        async def on_output(data: bytes) -> None:
            order.append(data)

        script = (
            "stty raw -echo; printf '\\033[2Jdrawn'; sleep 0.3; stty -raw; sleep 0.3; echo after"
        )
        await s.shell.run(approval(script, cwd=str(s.home)), 0, on_output, on_wait=on_wait)
        drawn = next(n for n, it in enumerate(order) if isinstance(it, bytes))
        assert order[:drawn] == [S]
        assert order.index(None) < order.index(b"after\r\n")

    with_sessions(tmp_path, story)


def test_a_line_editor_has_the_screen_until_it_ends(tmp_path: Path) -> None:
    """Between two lines it gives the terminal back: nobody should see that flicker."""

    async def story(s: Sessions) -> None:
        async with s.running(f"{PYTHON} -q; sleep 5", b">>> ") as running:
            await running.waits_for(S)
            await s.shell.send(TALK, b"import time; time.sleep(0.5); print(6*7)\n")
            await until(lambda: b"\n42" in running.seen)
            assert running.told == [S]
            await s.shell.send(TALK, b"exit()\n")
            await until(lambda: running.told == [S, None])

    with_sessions(tmp_path, story)


@pytest.mark.skipif(not shutil.which("su") or os.geteuid() != 0, reason="needs su and root")
def test_a_child_of_another_user_is_seen_through_su(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        for script in ("su nobody -s /bin/bash -c 'read x'", "su nobody -s /bin/sh -c cat"):
            async with s.running(script) as running:
                await running.waits_for(L)

    with_sessions(tmp_path, story)


def test_who_cannot_be_looked_into_is_judged_by_the_terminal_and_its_sleep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a child of sudo, or on a processor whose system calls have other numbers."""
    monkeypatch.setattr("daemon.shell.waiting._CALLS", None)

    async def story(s: Sessions) -> None:
        async with s.running(f"{PYTHON} -c 'import getpass; getpass.getpass()'") as running:
            await running.waits_for(P)
        async with s.running("bash -c 'read x'") as running:
            await running.waits_for(Terminal.PERHAPS)
        async with s.running("sleep 0.5; echo; sleep 0.5; echo; sleep 0.5") as running:
            await running.task
        assert running.told == []

    with_sessions(tmp_path, story)


# Windows.


def test_without_a_terminal_programs_are_told_so(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        for window, term, size in (
            (None, "dumb", "24 80"),
            (Window(40, 120), "xterm-256color", "40 120"),
            (None, "dumb", "24 80"),
        ):
            ran = await s.run("echo $TERM $(stty size) $PAGER $GIT_PAGER", window=window)
            assert ran.text.split() == [term, *size.split(), "cat", "cat"]
        await s.run("export TERM=vt100", window=Window(40, 120))
        assert (await s.run("echo $TERM", window=Window(40, 120))).text == "vt100\r\n"

    with_sessions(tmp_path, story)


def test_a_terminal_that_cannot_be_named_harms_nothing(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("readonly TERM")
        ran = await s.run("echo $TERM [$PIN]", window=Window(40, 120), environment={"PIN": "1234"})
        assert ran.text == "dumb [1234]\r\n"
        assert ran.status == 0

    with_sessions(tmp_path, story)


def test_the_program_in_front_hears_of_a_new_size(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        script = "trap 'stty size' WINCH; echo on; while :; do sleep 0.02; done"
        async with s.running(f"bash -c {script!r}", b"on") as running:
            await s.shell.resize(TALK, Window(33, 77))
            await until(lambda: b"33 77" in running.seen)

    with_sessions(tmp_path, story)


def test_who_has_the_screen_draws_it_anew_for_a_terminal_of_the_same_size(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        script = "trap 'echo drawn' WINCH; stty raw; echo on; while :; do sleep 0.02; done"
        async with s.running(f"bash -c {script!r}", b"on", window=Window(33, 77)) as running:
            await s.shell.resize(TALK, Window(33, 77))
            await until(lambda: running.seen.count(b"drawn") >= 2)
        assert (await s.run("stty size")).text == "24 80\n"

    with_sessions(tmp_path, story)


def test_a_size_that_comes_while_it_is_drawn_anew_stays(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        script = "trap 'stty size' WINCH; stty raw; echo on; while :; do sleep 0.02; done"
        async with s.running(f"bash -c {script!r}", b"on", window=Window(33, 77)) as running:
            await s.shell.resize(TALK, Window(33, 77))
            await s.shell.resize(TALK, Window(12, 60))
            await until(lambda: b"12 60" in running.seen)
            await asyncio.sleep(0.3)
            bash = s.shell._sessions[TALK]
            assert bash._pty.window() == Window(12, 60)

    with_sessions(tmp_path, story)


# Job control.


def test_ctrl_z_stops_the_program_and_fg_takes_it_up(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        async with s.running("bash -c 'read x; echo got $x'") as running:
            await running.waits_for(L)
            await s.shell.send(TALK, b"\x1a")
            ran = await asyncio.wait_for(running.task, 5)
        assert ran.status == 148
        assert re.search(r"Stopped", (await s.run("jobs")).text)
        async with s.running("fg") as running:
            await running.waits_for(L)
            await s.shell.send(TALK, b"again\n")
            ran = await asyncio.wait_for(running.task, 5)
        assert ran.text.endswith("got again\n")

    with_sessions(tmp_path, story)


def test_ctrl_c_and_the_end_of_input_are_keys_as_well(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        async with s.running("cat; echo after") as running:
            await running.waits_for(L)
            await s.shell.send(TALK, b"\x03")
            assert (await asyncio.wait_for(running.task, 5)).status == 130
        async with s.running("cat; echo after") as running:
            await running.waits_for(L)
            await s.shell.send(TALK, b"\x04")
            assert (await asyncio.wait_for(running.task, 5)).text.endswith("after\n")

    with_sessions(tmp_path, story)
