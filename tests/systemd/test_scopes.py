"""Where the person's systemd runs, each session is a scope of its own: it ends and counts whole."""

import asyncio
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.shell.descent import descends
from daemon.shell.scope import scope_named, scope_of
from tests.support.bash_sessions import TALK, Sessions, commands, with_sessions
from tests.support.daemon import Home
from tests.support.user_manager import UserManager, a_user_manager
from tests.support.waiting import until, wait_until

# All that a process can wash off: the variable, the mark, the terminal, its ancestors.
FLED = "env -i setsid -f bash -c 'ulimit -x unlimited; ulimit -R unlimited; ({sleep} &)'"


@pytest.fixture
def manager(home: Home) -> Iterator[UserManager]:
    with a_user_manager(Path(home.environ["XDG_RUNTIME_DIR"])) as manager:
        yield manager


@pytest.fixture
def sleep(tmp_path: Path) -> str:
    program = tmp_path / f"sleep-{uuid.uuid4().hex[:8]}"
    program.symlink_to("/bin/sleep")
    return str(program)


def test_what_washed_off_every_mark_ends_with_its_session(
    tmp_path: Path, manager: UserManager, sleep: str
) -> None:
    async def story(s: Sessions) -> None:
        await s.run(FLED.format(sleep=f"{sleep} 1000"))
        # By its own arguments: the shells that start it have them in one, with a blank between.
        await until(lambda: commands(f"{sleep}\0"))
        (fled,) = commands(f"{sleep}\0")
        bash = s.shell._sessions[TALK]
        assert scope_of(fled) == scope_named(bash.marker.incarnation)
        assert descends(fled, set())
        swept = await s.shell.end(TALK)
        assert commands(sleep) == []
        assert any(sleep in line.command for line in swept.ended)
        await until(lambda: not manager.scopes())

    with_sessions(tmp_path, story, environ={**os.environ, **manager.environ})


def test_each_session_has_a_scope_of_its_own_that_is_counted(
    tmp_path: Path, manager: UserManager
) -> None:
    async def story(s: Sessions) -> None:
        await s.run("true")
        (scope,) = manager.scopes()
        assert len((scope / "cgroup.procs").read_text().split()) == 1
        shown = await asyncio.to_thread(manager.show, scope, "MemoryAccounting,TasksAccounting")
        assert set(shown.split()) == {"MemoryAccounting=yes", "TasksAccounting=yes"}
        await s.run("true", conversation="other")  # type: ignore[arg-type]  # any text
        assert len(manager.scopes()) == 2

    with_sessions(tmp_path, story, environ={**os.environ, **manager.environ})


def test_a_first_command_is_little_slower_for_it(tmp_path: Path, manager: UserManager) -> None:
    async def story(s: Sessions) -> None:
        took = []
        for _ in range(10):
            began = time.perf_counter()
            await s.run("true")
            took.append(time.perf_counter() - began)
            await s.shell.end(TALK)
        assert sorted(took)[len(took) // 2] < 0.05

    with_sessions(tmp_path, story, environ={**os.environ, **manager.environ})


def test_a_systemd_that_hangs_holds_nothing_up(home: Home, manager: UserManager) -> None:
    assert "in a systemd scope of its own" in home.run("alvo", "doctor").stdout
    manager.hang()
    home.start()
    with home.rpc() as rpc:
        began = time.monotonic()
        for _ in range(2):
            flow = rpc("flow.start", question="!echo fine", cwd=str(home.home))
            rpc.allow(rpc.inquiry(flow["id"]))
            assert rpc.follow(flow["id"], {"executed", "failed"})["status"] == "executed"
        assert time.monotonic() - began < 5
    assert not manager.scopes()
    assert "a session without a systemd scope" in home.log()
    assert "your systemd does not answer" in home.run("alvo", "doctor").stdout


def test_what_a_killed_daemon_left_in_a_scope_is_ended_at_the_next_start(
    home: Home, manager: UserManager, sleep: str
) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = rpc("flow.start", question="!" + FLED.format(sleep=f"{sleep} 1000"))
        rpc.allow(rpc.inquiry(flow["id"]))
        rpc.follow(flow["id"], {"executed"})
        wait_until(lambda: commands(sleep))
    home.kill()
    assert commands(sleep)
    home.start()
    wait_until(lambda: not commands(sleep) and not manager.scopes())


def test_who_sits_in_a_scope_of_a_session_answers_for_nobody(
    home: Home, manager: UserManager, tmp_path: Path
) -> None:
    home.start()
    answer = tmp_path / "answer.py"
    said = tmp_path / "said"
    with home.rpc() as rpc:
        asked = rpc("flow.start", question="!touch made", cwd=str(home.home))
        waiting = rpc.inquiry(asked["id"])
        answer.write_text(
            "import asyncio, sys\n"
            "from tests.support.daemon import Rpc, RpcError\n"
            "from pathlib import Path\n"
            f"rpc = Rpc(Path({str(home.socket)!r}))\n"
            "try:\n"
            f"    rpc('inquiry.answer', inquiry_id={waiting['id']!r}, decision='deny')\n"
            "    said = 'answered'\n"
            "except RpcError as error:\n"
            "    said = error.name\n"
            f"Path({str(said)!r}).write_text(said)\n"
        )
        root = Path(__file__).parents[2]
        python = f"{root}/.venv/bin/python {answer}"
        flow = rpc(
            "flow.start",
            question="!" + FLED.format(sleep=f"cd {root}; PYTHONPATH={root} {python}"),
            cwd=str(home.home),
        )
        rpc.allow(rpc.inquiry(flow["id"]))
        wait_until(said.exists, within=20)
        wait_until(lambda: said.read_text() != "")
        assert said.read_text() == "ANSWER_FROM_SESSION"
        assert rpc("inquiry.get", inquiry_id=waiting["id"])["status"] == "waiting"
