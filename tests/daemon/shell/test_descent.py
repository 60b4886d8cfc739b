"""What a session started is known as such, whatever it does to look like someone else (P1)."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.bash_sessions import TALK, Sessions, with_sessions
from tests.support.waiting import until

# Each writes its own pid and stays; `{tell}` does that.
WAYS = [
    "{tell} &",
    "nohup {tell} &",
    "setsid {tell} &",
    "setsid -f {tell}",
    "(setsid -f bash -c '({tell} &)') &",
    "env -i {tell} &",
    "env -i setsid -f {tell}",
    "env -i setsid -f bash -c '({tell} & ) & exit'",
    "env -u ALVO_SESSION nohup setsid {tell} &",
    "ulimit -c 0; {tell} &",
    "ulimit -R 1000000; ulimit -x 1000; env -i setsid -f {tell}",
    "exec {tell}",
]


@pytest.mark.parametrize("way", WAYS)
def test_a_child_of_a_session_is_known(tmp_path: Path, way: str) -> None:
    (tmp_path / "home").mkdir()
    pid_file = tmp_path / "home/pid"
    tell = tmp_path / "tell"
    tell.write_text(
        f"#!/bin/bash\necho $$ > {pid_file}.new\nmv {pid_file}.new {pid_file}\nsleep 100\n"
    )
    tell.chmod(0o755)

    async def story(s: Sessions) -> None:
        task = asyncio.create_task(s.run(way.format(tell=tell)))
        await until(pid_file.exists)
        assert s.shell.descends(int(pid_file.read_text()))
        await s.shell.end(TALK)
        await task

    with_sessions(tmp_path, story)


_ASK = """
import sys
from pathlib import Path
from daemon.shell import Shell
from tests.support.bash_sessions import SETTINGS
print(Shell(SETTINGS, Path("/tmp"), Path("/tmp")).descends(int(sys.argv[1])))
"""


def test_a_child_is_known_to_a_daemon_that_was_started_after_a_crash(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        ran = await s.run("env -i setsid sleep 100 & echo $!")
        pid = int(ran.text)
        told = await asyncio.to_thread(
            subprocess.check_output,
            [sys.executable, "-c", _ASK, str(pid)],
            text=True,
            cwd=Path(__file__).parents[3],
        )
        assert told == "True\n"

    with_sessions(tmp_path, story)


def test_who_lowers_or_washes_every_mark_is_known_after_a_crash_too(tmp_path: Path) -> None:
    """Without the superuser's rights no limit can be raised again, and one that is left tells."""

    async def story(s: Sessions) -> None:
        wash = "ulimit -R 1000000; ulimit -x 1000; ulimit -x unlimited 2>/dev/null"
        rights = "setpriv --bounding-set=-sys_resource" if os.geteuid() == 0 else ""
        ran = await s.run(
            f"{rights} env -i setsid bash -c '{wash}; echo $$ > new; mv new pid; exec sleep 100' &"
            " until [ -e pid ]; do sleep 0.02; done; cat pid"
        )
        pid = int(ran.text)
        told = await asyncio.to_thread(
            subprocess.check_output,
            [sys.executable, "-c", _ASK, str(pid)],
            text=True,
            cwd=Path(__file__).parents[3],
        )
        assert told == "True\n"

    with_sessions(tmp_path, story)


def test_a_persons_own_program_is_not_taken_for_one(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("true")
        assert not s.shell.descends(os.getppid())
        assert not s.shell.descends(os.getpid())

    with_sessions(tmp_path, story)


def test_in_doubt_it_counts_as_one(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()

    async def story(s: Sessions) -> None:
        for pid in (gone.pid, 0, -1, 2**22 + 1):
            assert s.shell.descends(pid)

    with_sessions(tmp_path, story)


def test_a_child_of_the_daemon_itself_counts_as_one(tmp_path: Path) -> None:
    """As subreaper the daemon is the parent of every orphan of a session."""
    child = subprocess.Popen(["sleep", "100"])

    async def story(s: Sessions) -> None:
        assert s.shell.descends(child.pid)

    try:
        with_sessions(tmp_path, story)
    finally:
        child.kill()
        child.wait()


def test_it_can_be_asked_from_any_thread(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        ran = await s.run("sleep 100 & echo $!")
        told: list[bool] = []
        thread = threading.Thread(target=lambda: told.append(s.shell.descends(int(ran.text))))
        thread.start()
        await asyncio.to_thread(thread.join)
        assert told == [True]

    with_sessions(tmp_path, story)
