"""The terminal of a session: keys reach the program they are meant for, and none that comes later."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import SignalName
from tests.support.bash_sessions import TALK, Sessions, approval, with_sessions
from tests.support.waiting import until


def test_a_reply_reaches_the_program_that_reads_it(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        async with s.running("read -p 'Sure? ' x; echo \"got $x\"", b"Sure? ") as running:
            await s.shell.send(TALK, b"yes\n")
            ran = await running.task
        assert ran.text == "Sure? yes\ngot yes\n"

    with_sessions(tmp_path, story)


def test_typed_ahead_never_answers_the_next_prompt(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        sent = 0
        for _ in range(20):
            async with s.running("echo on; sleep 0.02", b"on") as running:
                with contextlib.suppress(AlvoError):  # on a busy machine it may have just ended
                    await s.shell.send(TALK, b"y\ny\ny")
                    sent += 1
                await running.task
            ran = await s.run('read -t 0.05 x; echo "status $? [$x]"')
            assert ran.text.endswith("status 142 []\n"), ran.text
        assert sent

    with_sessions(tmp_path, story)


def test_keys_sent_at_the_very_end_never_answer_the_next_prompt(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        for _ in range(100):
            async with s.running("echo on", b"on") as running:
                if not running.task.done():
                    with contextlib.suppress(AlvoError):  # it had just ended
                        await s.shell.send(TALK, b"y\n" * 50)
                await running.task
            ran = await s.run("if read -t 0 x; then echo input; else echo none; fi")
            assert ran.text == "none\n"

    with_sessions(tmp_path, story)


def test_a_reply_which_the_program_did_not_read_is_not_executed(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        async with s.running("echo on; sleep 0.2", b"on") as running:
            await s.shell.send(TALK, b"touch hacked\n")
            await running.task
        await s.run("true")
        await s.run("sleep 0.1")
        assert not (s.home / "hacked").exists()

    with_sessions(tmp_path, story)


def test_keys_are_refused_where_no_command_runs(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        for _ in range(2):
            with pytest.raises(AlvoError) as caught:
                await s.shell.send(TALK, b"y\n")
            assert caught.value.type is errors.NO_COMMAND_RUNNING
            with pytest.raises(AlvoError):
                await s.shell.signal(TALK, SignalName.INT)
            await s.run("true")

    with_sessions(tmp_path, story)


def test_what_a_program_did_to_the_terminal_is_undone(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        before = (await s.run("stty -a")).text
        await s.run("stty raw -echo; stty rows 3")
        await s.run("printf '\\033[?1049h'; stty -icanon min 0")
        after = (await s.run("stty rows 24; stty -a")).text
        assert after == before

    with_sessions(tmp_path, story)


def test_a_stopped_terminal_goes_on(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        async with s.running("echo on; sleep 0.1", b"on") as running:
            await s.shell.send(TALK, b"\x13")
            await running.task
        assert (await s.run("echo after")).text == "after\n"

    with_sessions(tmp_path, story)


def test_a_secret_is_not_echoed_even_to_a_program_that_echoes(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        async with s.running("echo on; read x; echo ${#x}; read y", b"on") as running:
            await s.shell.send(TALK, b"canary\n", secret=True)
            await until(lambda: b"6" in running.seen)
            await s.shell.send(TALK, b"seen\n")
            ran = await running.task
        assert "canary" not in ran.text
        assert "seen" in ran.text

    with_sessions(tmp_path, story)


def test_programs_see_a_terminal_of_their_own(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        ran = await s.run(
            "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && tty && echo $TERM $PAGER && : > /dev/tty"
        )
        assert ran.status == 0
        assert ran.text.startswith("/dev/pts/")
        assert ran.text.endswith("dumb cat\n")

    with_sessions(tmp_path, story)


# Interrupting.

STOPPED = [
    "sleep 100; echo after",
    "f() { sleep 100; echo in; }; f; echo after",
    "f() { while :; do :; done; }; g() { f; echo in; }; g; echo after",
    "(sleep 100); echo after",
    "for i in 1 2; do sleep 100; done; echo after",
    "sleep 100 | cat; echo after",
    "x=$(sleep 100); echo after",
    "while :; do :; done; echo after",
    "sleep 100 && echo and || echo or; echo after",
    "read x; echo after",
    "bash -c 'sleep 100; echo inner'; echo after",
    "eval 'sleep 100; echo inner'; echo after",
    "sleep 100 & wait; echo after",
    "stty raw; sleep 100; echo after",
]


@pytest.mark.parametrize("name", [SignalName.INT, SignalName.TERM, SignalName.KILL])
@pytest.mark.parametrize("script", STOPPED)
def test_an_interrupt_stops_the_whole_script_and_the_session_lives(
    tmp_path: Path, script: str, name: SignalName
) -> None:
    async def story(s: Sessions) -> None:
        await s.run("kept=kept")
        async with s.running(f"echo on; {script}", b"on") as running:
            await asyncio.sleep(0.05)  # past the echo, into what is to be interrupted
            await s.shell.signal(TALK, name)
            ran = await asyncio.wait_for(running.task, 5)
        assert ran.result.interrupted
        assert "after" not in ran.text
        assert "in\n" not in ran.text
        if not ran.result.session_ended:
            assert ran.status == 130
            assert (await s.run("f() { echo $kept; }; f; echo fine")).text == "kept\nfine\n"
        else:  # only where bash itself was in front, and was to be killed
            assert name is SignalName.KILL

    with_sessions(tmp_path, story)


def test_a_program_that_ignores_the_interrupt_can_be_killed(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        script = "bash -c 'trap \"\" INT TERM; echo on; while :; do sleep 0.1; done'; echo after"
        async with s.running(script, b"on") as running:
            await s.shell.signal(TALK, SignalName.INT)
            await s.shell.signal(TALK, SignalName.TERM)
            await asyncio.sleep(0.1)
            assert not running.task.done()
            await s.shell.signal(TALK, SignalName.KILL)
            ran = await asyncio.wait_for(running.task, 5)
        assert "after" not in ran.text

    with_sessions(tmp_path, story)


def test_a_trap_of_a_script_does_not_outlive_it(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("trap '' INT; trap 'echo debug' DEBUG")
        async with s.running("echo on; sleep 100; echo after", b"on") as running:
            await s.shell.signal(TALK, SignalName.INT)
            ran = await asyncio.wait_for(running.task, 5)
        assert (ran.status, ran.text) == (130, "on\n")

    with_sessions(tmp_path, story)


def test_a_command_ends_at_its_time_limit_and_the_session_lives(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("x=kept")
        ran = await s.run("sleep 100; echo after")
        assert ran.result.timed_out
        assert not ran.result.interrupted
        assert ran.text == ""
        assert (await s.run("echo $x")).text == "kept\n"

    with_sessions(tmp_path, story, time_limit_s=0.2)


def test_a_command_that_does_not_listen_is_ended_with_its_session(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        ran = await s.run("trap '' INT; while :; do sleep 0.1; done")
        assert ran.result.timed_out
        assert ran.result.session_ended
        assert ran.status is None

    with_sessions(tmp_path, story, time_limit_s=0.1)


# Output.


def test_background_jobs_do_not_delay_the_end(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        for script in ("sleep 100 &", "nohup sleep 100 &", "setsid sleep 100 &", "(sleep 100 &)"):
            ran = await asyncio.wait_for(s.run(script), 2)
            assert ran.status == 0

    with_sessions(tmp_path, story)


def test_late_background_output_is_not_taken_for_that_of_the_next_command(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("(sleep 0.05; echo late; touch written) &")
        await until((s.home / "written").exists)
        assert (await s.run("echo mine")).text == "mine\n"

    with_sessions(tmp_path, story)


def test_a_background_job_that_never_stops_writing_holds_nobody_up(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        ran = await asyncio.wait_for(s.run("yes & echo mine"), 5)
        assert ran.status == 0
        await asyncio.sleep(0.05)
        ran = await asyncio.wait_for(s.run("kill %1; echo stopped"), 5)
        assert "stopped" in ran.text

    with_sessions(tmp_path, story)


def test_nothing_piles_up_where_output_is_taken_slowly(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        sizes: list[int] = []

        async def slowly(data: bytes) -> None:
            sizes.append(len(data))
            await asyncio.sleep(0.02)

        plan = approval("head -c 20000000 /dev/zero & echo $! > pid; wait", cwd=str(s.home))
        task = asyncio.create_task(s.shell.run(plan, 0, slowly))
        await until(lambda: len(sizes) > 10)
        pid = int((s.home / "pid").read_text())
        written = _written_by(pid)
        assert written < sum(sizes) + 1_000_000
        await s.shell.end(TALK)
        assert (await task).exit_status is None
        assert max(sizes) <= 64 * 1024

    with_sessions(tmp_path, story)


def test_a_flood_of_output_does_not_grow_memory_or_hold_the_loop(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        total = ticks = 0

        async def count(data: bytes) -> None:
            nonlocal total
            total += len(data)

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        await s.run("true")
        before = _resident()
        other = asyncio.create_task(tick())
        plan = approval("head -c 100000000 /dev/zero", cwd=str(s.home))
        result = await s.shell.run(plan, 0, count)
        other.cancel()
        assert total == 100_000_000
        assert ticks > result.took_ms / 20
        assert _resident() - before < 8_000_000

    with_sessions(tmp_path, story)


def _written_by(pid: int) -> int:
    io = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(io["wchar"])


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_a_consumer_that_fails_ends_the_command(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        async def full(_: bytes) -> None:
            raise AlvoError(errors.STORE_FULL)

        plan = approval("echo a; sleep 0.2; touch after", cwd=str(s.home))
        with pytest.raises(AlvoError) as caught:
            await s.shell.run(plan, 0, full)
        assert caught.value.type is errors.STORE_FULL
        await asyncio.sleep(0.3)
        assert not (s.home / "after").exists()
        assert (await s.run("echo again")).text == "again\n"

    with_sessions(tmp_path, story)


def test_a_cancelled_run_ends_the_command(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        task = asyncio.create_task(s.run("touch on; sleep 0.2; touch after"))
        await until((s.home / "on").exists)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        await s.run("sleep 0.3")
        assert not (s.home / "after").exists()

    with_sessions(tmp_path, story)
