"""Ending a session ends everything that it started, wherever that went; so does a crash's sweep."""

import asyncio
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from daemon.protocol import codec
from daemon.shell.ending import members, sweep
from daemon.shell.processes import boot_id, command_line, every_process, read_process
from daemon.shell.session import SessionMarker
from tests.support.bash_sessions import TALK, Sessions, commands, with_sessions
from tests.support.waiting import until, wait_until

# Ways to get away; `{sleep}` is a program that can be found by its command line.
ESCAPES = [
    "{sleep} &",
    "nohup {sleep} &",
    "setsid {sleep} &",
    "nohup setsid {sleep} &",
    "(setsid {sleep} &)",
    "setsid -f bash -c '({sleep} &)'",
    "env -i setsid -f {sleep}",
    "env -i setsid -f bash -c '({sleep} & ) & exit'",
    "bash -c 'trap \"\" TERM HUP INT; {sleep} & wait' &",
    "setsid bash -c 'trap \"\" TERM HUP; exec {sleep}' &",
    "disown -a; {sleep} & disown",
    "coproc {sleep}",
    "bash -c 'kill -STOP $$; {sleep}' &",
    "env -i setsid -f bash -c 'ulimit -x 1000; ulimit -R 1000; ({sleep} &)'",
]


@pytest.fixture
def sleep(tmp_path: Path) -> str:
    """A sleep under a name of its own, so that a test sees its own processes alone."""
    program = tmp_path / f"sleep-{uuid.uuid4().hex[:8]}"
    program.symlink_to("/bin/sleep")
    return f"{program} 1000"


@pytest.mark.parametrize("escape", ESCAPES)
def test_nothing_outlives_a_session_that_is_ended(tmp_path: Path, sleep: str, escape: str) -> None:
    async def story(s: Sessions) -> None:
        await s.run(escape.format(sleep=sleep))
        await until(lambda: commands(sleep.split(maxsplit=1)[0]))
        swept = await s.shell.end(TALK)
        assert commands(sleep.split(maxsplit=1)[0]) == []
        assert swept.left == ()
        assert any(sleep in line.command for line in swept.ended) or "STOP" in escape

    with_sessions(tmp_path, story)


def test_nothing_outlives_a_session_that_ends_itself(tmp_path: Path, sleep: str) -> None:
    async def story(s: Sessions) -> None:
        ran = await s.run(f"nohup setsid {sleep} & sleep 0.05; exit 0")
        assert ran.result.session_ended
        assert commands(sleep.split(maxsplit=1)[0]) == []

    with_sessions(tmp_path, story)


def test_a_command_that_is_ended_does_not_go_on_to_its_next_line(
    tmp_path: Path, sleep: str
) -> None:
    async def story(s: Sessions) -> None:
        for script in (
            f"echo on; {sleep}; touch after",
            f"echo on; bash -c '{sleep}; touch after'; touch after",
            f"echo on; {sleep} || touch after",
            f"echo on; trap '' HUP TERM; {sleep}; touch after",
            f"echo on; bash -mc '{sleep}; touch after'; touch after",
            f"echo on; x=$({sleep}); touch after",
        ):
            async with s.running(script, b"on") as running:
                await until(lambda: commands(sleep.split(maxsplit=1)[0]))
                await s.shell.end(TALK)
                ran = await running.task
            assert ran.result.session_ended
            assert ran.status is None
            assert ran.result.interrupted
            assert not (s.home / "after").exists()

    with_sessions(tmp_path, story)


def test_ending_one_conversation_leaves_the_others_alone(tmp_path: Path, sleep: str) -> None:
    async def story(s: Sessions) -> None:
        from daemon.protocol.values import ConversationId

        other = ConversationId("other")
        await s.run(f"env -i setsid -f {sleep}", conversation=other)
        await s.run("true")
        await until(lambda: commands(sleep.split(maxsplit=1)[0]))
        await s.shell.end(TALK)
        assert len(commands(sleep.split(maxsplit=1)[0])) == 1
        await s.shell.end(other)
        assert commands(sleep.split(maxsplit=1)[0]) == []

    with_sessions(tmp_path, story)


def test_ending_twice_or_nothing_is_no_error(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        assert (await s.shell.end(TALK)).ended == ()
        await s.run("true")
        await asyncio.gather(s.shell.end(TALK), s.shell.end(TALK))
        await s.shell.end(TALK)

    with_sessions(tmp_path, story)


# A process of its own, so that it can be child subreaper, and be killed.

_OWNER = """
import asyncio, ctypes, os, sys
from pathlib import Path
from daemon.protocol import codec
from tests.support.bash_sessions import Sessions, with_sessions, TALK
from tests.support.waiting import until

async def story(s):
    async def on_start(marker):
        Path(sys.argv[2]).write_bytes(codec.encode(marker))
    s.shell.on_start = on_start
    {body}

PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
with_sessions(Path(sys.argv[1]), story, idle_s=1.0)
print("done", flush=True)
"""


def _owner(tmp_path: Path, body: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _OWNER.format(body=body), str(tmp_path), str(tmp_path / "marker")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def _killed(owner: subprocess.Popen[str]) -> None:
    assert owner.stdout
    assert owner.stdout.readline() == "ready\n"
    owner.kill()
    owner.wait()
    owner.stdout.close()


def _marker(tmp_path: Path) -> SessionMarker:
    return codec.decode((tmp_path / "marker").read_bytes(), SessionMarker)


def _crash(tmp_path: Path, sleep: str) -> SessionMarker:
    """A daemon killed over a command that had started all kinds of processes."""
    escapes = [escape.format(sleep=sleep) for escape in ESCAPES[:9]]
    script = "\n".join(["trap '' HUP TERM", *escapes, sleep, "touch after"])
    body = (
        f"task = asyncio.create_task(s.run({script!r}));"
        f" from tests.support.bash_sessions import commands;"
        f" await until(lambda: len(commands({sleep.split(maxsplit=1)[0]!r})) >= 8);"
        f" print('ready', flush=True); await task"
    )
    _killed(_owner(tmp_path, body))
    return _marker(tmp_path)


def test_a_sweep_ends_what_survived_a_crash(tmp_path: Path, sleep: str) -> None:
    marker = _crash(tmp_path, sleep)
    # The programs themselves: a shell that is about to become one may end as such.
    survivors = commands(f"{sleep.split(maxsplit=1)[0]}\0")
    assert survivors  # else this test shows nothing
    swept = asyncio.run(sweep([marker]))
    assert commands(sleep.split(maxsplit=1)[0]) == []
    assert swept.left == ()
    assert {line.pid for line in swept.ended} >= set(survivors)
    assert any(sleep in line.command for line in swept.ended)
    assert not (tmp_path / "home/after").exists()
    assert asyncio.run(sweep([marker])).ended == ()


def test_bash_ends_with_its_daemon_even_without_a_sweep(tmp_path: Path) -> None:
    body = "await s.run('cd /'); print('ready', flush=True); await asyncio.sleep(100)"
    _killed(_owner(tmp_path, body))
    marker = _marker(tmp_path)
    wait_until(lambda: members(marker) == [])


def test_a_running_command_hears_of_its_daemons_death(tmp_path: Path, sleep: str) -> None:
    body = (
        f"task = asyncio.create_task(s.run('{sleep}; touch after'));"
        f" from tests.support.bash_sessions import commands;"
        f" await until(lambda: commands({sleep.split(maxsplit=1)[0]!r}));"
        f" print('ready', flush=True); await task"
    )
    _killed(_owner(tmp_path, body))
    wait_until(lambda: commands(sleep.split(maxsplit=1)[0]) == [])
    assert not (tmp_path / "home/after").exists()


def test_a_sweep_harms_no_process_that_has_the_same_number_by_chance(tmp_path: Path) -> None:
    own = read_process(os.getpid())
    assert own
    child = subprocess.Popen(["/bin/sleep", "1000"], start_new_session=True)
    try:
        process = wait_until(lambda: read_process(child.pid))
        from daemon.shell.processes import boot_id

        for marker in (
            SessionMarker(TALK, "other", child.pid, process.started - 1, boot_id()),
            SessionMarker(TALK, "other", child.pid, process.started, "another boot"),
            SessionMarker(TALK, "other", os.getpid(), own.started + 1, boot_id()),
        ):
            assert asyncio.run(sweep([marker])).ended == ()
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_a_subreaper_buries_the_orphans_of_its_sessions(tmp_path: Path) -> None:
    body = (
        "await s.run('for i in 1 2 3 4 5; do setsid -f true; (true &); done');"
        " from daemon.shell.processes import every_process;"
        " await until(lambda: not [p for p in every_process()"
        " if not p.alive and p.parent == os.getpid()], within=15)"
    )
    owner = _owner(tmp_path, body)
    output, _ = owner.communicate(timeout=30)
    assert output == "done\n"


def test_a_process_is_told_as_a_person_would_know_it() -> None:
    assert "python" in command_line(os.getpid())
    assert command_line(2**22 + 1) == "?"
    assert os.getpid() in {process.pid for process in every_process()}


_HOP = """
import os, sys, time
end = time.time() + 20
n = 0
while time.time() < end:
    n += 1
    if n % 20 == 0:
        with open(sys.argv[1] + "/hops", "w") as file:
            file.write(str(n))
    if os.fork():
        os._exit(0)
    os.setsid()
"""


def test_who_forks_and_leaves_again_and_again_is_ended_too(tmp_path: Path) -> None:
    """Each look at the processes finds a step that is over, and not yet the next one."""
    hop, hops = tmp_path / "hop.py", tmp_path / "hops"
    hop.write_text(_HOP)
    body = (
        f"await s.run('python3 {hop} {tmp_path} &');"
        f" await until(lambda: Path('{hops}').exists());"
        " swept = await s.shell.end(TALK);"
        " print('ended', len(swept.left), flush=True); await asyncio.sleep(2)"
    )
    owner = _owner(tmp_path, body)
    assert owner.stdout
    assert owner.stdout.readline() == "ended 0\n"
    before = hops.read_text()
    assert owner.stdout.readline() == "done\n"
    owner.wait()
    owner.stdout.close()
    assert hops.read_text() == before


def test_a_sweep_of_many_sessions_looks_at_every_process_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = []
    monkeypatch.setattr(
        "daemon.shell.ending.every_process", lambda: looks.append(1) or every_process()
    )
    pid = 4_000_000  # beyond every pid
    markers = [SessionMarker(TALK, f"gone-{n}", pid + n, 1, boot_id()) for n in range(50)]
    assert asyncio.run(sweep(markers)).ended == ()
    assert len(looks) == 1
