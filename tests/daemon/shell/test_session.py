"""A session is one bash: what is approved runs in it, nothing else does, and it lives on."""

import asyncio
import hashlib
import os
import stat
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError, ErrorType
from daemon.protocol.values import ConversationId
from daemon.shell.processes import read_process
from daemon.shell.session import SessionMarker, Shell
from tests.support.bash_sessions import TALK, Sessions, approval, with_sessions
from tests.support.waiting import until


async def _nothing(_: bytes) -> None: ...


async def _refused(shell: Shell, type_: ErrorType, *args: object, **kwargs: object) -> AlvoError:
    with pytest.raises(AlvoError) as caught:
        await shell.run(*args, **kwargs)  # type: ignore[arg-type]
    assert caught.value.type is type_
    return caught.value


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# What runs.


def test_output_and_exit_status_come_back_byte_for_byte(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        ran = await s.run(
            "printf 'a\\tb\\r\\n\\x00\\xff no newline'; exit_me() { return 3; }; exit_me"
        )
        assert ran.output == b"a\tb\r\n\x00\xff no newline"
        assert (ran.status, ran.result.session_ended) == (3, False)
        assert ran.result.cwd == str(s.home)
        assert ran.result.took_ms > 0

    with_sessions(tmp_path, story)


def test_the_session_remembers_directories_variables_functions_and_aliases(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("mkdir -p 'a b'; cd 'a b'; export X='1 2'; arr=(p q); f() { echo f $1; }")
        await s.run("alias hello='echo hello'; shopt -s nullglob")
        ran = await s.run("pwd; echo \"$X ${arr[1]}\"; f z; hello; sh -c 'echo $X'")
        assert ran.text == f"{s.home}/a b\n1 2 q\nf z\nhello\n1 2\n"
        assert s.shell.state(TALK, "/").cwd == f"{s.home}/a b"

    with_sessions(tmp_path, story)


def test_state_counts_commands_and_starts_nothing(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        before = s.shell.state(TALK, "/somewhere")
        assert (before.incarnation, before.commands_run, before.cwd) == ("new", 0, "/somewhere")
        assert not s.shell._sessions
        await s.run("true")
        await s.run("cd /")
        after = s.shell.state(TALK, "/somewhere")
        assert after.incarnation not in ("", "new")
        assert (after.commands_run, after.cwd) == (2, "/")
        assert after.environment == before.environment

    with_sessions(tmp_path, story)


def test_conversations_have_sessions_of_their_own(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        other = ConversationId("other")
        await s.run("x=1; cd /")
        both = await asyncio.gather(s.run("echo [$x] $PWD"), s.run("echo [$x]", conversation=other))
        assert [ran.text for ran in both] == ["[1] /\n", "[]\n"]

    with_sessions(tmp_path, story)


@pytest.mark.parametrize(
    ("script", "status", "output"),
    [
        ("cat <<E\nhé $((1+1))\nE", 0, "hé 2\n"),
        ("cat <<'E'\nno end", 0, "no end"),
        ("return 7; echo no", 7, ""),
        ("false", 1, ""),
        ("", 0, ""),
        ("# only a comment", 0, ""),
        ("echo a\\\nb", 0, "ab\n"),
        ("yes | head -1; echo ${PIPESTATUS[@]}", 0, "y\n141 0\n"),
        ("echo ç | tr a b", 0, "ç\n"),
        ("echo $#", 0, "0\n"),
        ("trap", 0, None),
    ],
)
def test_scripts_of_many_shapes_run_to_their_end(
    tmp_path: Path, script: str, status: int, output: str | None
) -> None:
    async def story(s: Sessions) -> None:
        ran = await s.run(script)
        assert ran.status == status
        if output is not None:
            assert ran.text.replace("\r", "") in (output, output + "\n") or output in ran.text
        assert (await s.run("echo fine")).text == "fine\n"

    with_sessions(tmp_path, story)


@pytest.mark.parametrize(
    "script",
    ["echo 'unclosed", 'echo "a', "if true", "x() {", "echo $(", "((", ")", "a=(1 2", "echo <("],
)
def test_a_broken_script_gives_a_status_and_no_hang(tmp_path: Path, script: str) -> None:
    async def story(s: Sessions) -> None:
        await s.run("x=kept")
        ran = await s.run(script)
        assert ran.status == 2
        assert "bash: line" in ran.text
        assert not ran.result.session_ended
        assert (await s.run("echo $x")).text == "kept\n"

    with_sessions(tmp_path, story)


def test_all_output_is_there_when_the_result_is(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        for n in range(300):
            size = (n * 137) % 20000
            ran = await s.run(f"printf '%*s' {size} x; echo end{n}")
            assert ran.output.endswith(f"end{n}\n".encode())
            assert len(ran.output) == max(size, 1) + len(f"end{n}\n")

    with_sessions(tmp_path, story)


def test_binary_output_arrives_whole(tmp_path: Path) -> None:
    content = os.urandom(300_000)
    (tmp_path / "random").write_bytes(content)

    async def story(s: Sessions) -> None:
        ran = await s.run(f"cat {tmp_path}/random")
        assert hashlib.sha256(ran.output).digest() == hashlib.sha256(content).digest()

    with_sessions(tmp_path, story)


def test_the_script_is_in_a_private_file_that_is_gone_afterwards(tmp_path: Path) -> None:
    scripts = tmp_path / "runtime/scripts"

    async def story(s: Sessions) -> None:
        async with s.running("echo on; read x", b"on"):
            (file,) = scripts.iterdir()
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert stat.S_IMODE(scripts.stat().st_mode) == 0o700
            assert file.read_text() == "echo on; read x"
            await s.shell.send(TALK, b"\n")
        assert list(scripts.iterdir()) == []

    with_sessions(tmp_path, story)


def test_scripts_that_a_crash_left_are_removed(tmp_path: Path) -> None:
    stale = tmp_path / "runtime/scripts/stale"
    stale.parent.mkdir(parents=True)
    stale.write_text("echo old")

    async def story(s: Sessions) -> None:
        await s.run("true")
        assert not stale.exists()

    with_sessions(tmp_path, story)


# What does not.


def test_an_approval_runs_each_of_its_scripts_once(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        plan = approval("echo a", "echo b", cwd=str(s.home))
        await s.shell.run(plan, 0, _nothing)
        await _refused(s.shell, errors.APPROVAL_MISMATCH, plan, 0, _nothing)
        await s.shell.run(plan, 1, _nothing)
        for n in (0, 1, 2, -1):
            await _refused(s.shell, errors.APPROVAL_MISMATCH, plan, n, _nothing)
        assert s.shell.state(TALK, "/").commands_run == 2

    with_sessions(tmp_path, story)


def test_what_was_used_of_an_approval_is_forgotten_with_it(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        for _ in range(20):
            await s.run("true")
        assert len(s.shell._uses) == 0
        held = approval("true", cwd=str(s.home))
        await s.shell.run(held, 0, _nothing)
        assert len(s.shell._uses) == 1
        await _refused(s.shell, errors.APPROVAL_MISMATCH, replace(held), 0, _nothing)

    with_sessions(tmp_path, story)


def test_two_calls_at_the_same_moment_run_one_command(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        plan = approval("echo x >> ran", cwd=str(s.home))
        outcomes = await asyncio.gather(
            *(s.shell.run(plan, 0, _nothing) for _ in range(5)), return_exceptions=True
        )
        assert sum(isinstance(outcome, AlvoError) for outcome in outcomes) == 4
        assert (s.home / "ran").read_text() == "x\n"

    with_sessions(tmp_path, story)


def test_a_second_command_of_a_busy_conversation_is_refused(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        async with s.running("echo on; sleep 30", b"on"):
            other = approval("echo b", cwd=str(s.home))
            await _refused(s.shell, errors.SESSION_BUSY, other, 0, _nothing)

    with_sessions(tmp_path, story)


def test_a_plan_whose_session_has_ended_does_not_go_on_in_another(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        plan = approval("cd /tmp; exit 0", "touch ran", cwd=str(s.home))
        assert (await s.shell.run(plan, 0, _nothing)).session_ended
        await _refused(s.shell, errors.APPROVAL_MISMATCH, plan, 1, _nothing)
        assert not (s.home / "ran").exists()

    with_sessions(tmp_path, story)


def test_a_command_approved_for_another_directory_is_refused(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("cd /")
        plan = approval("touch ran", cwd=str(s.home))
        await _refused(s.shell, errors.APPROVAL_MISMATCH, plan, 0, _nothing)

    with_sessions(tmp_path, story)


def test_a_missing_directory_is_said_and_nothing_starts(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        plan = approval("touch ran", cwd=str(s.home / "gone"))
        error = await _refused(s.shell, errors.DIRECTORY_MISSING, plan, 0, _nothing)
        assert error.blanks["path"] == str(s.home / "gone")
        assert s.shell.state(TALK, "/").incarnation == "new"

    with_sessions(tmp_path, story)


def test_a_directory_with_odd_letters_is_entered(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        odd = s.home / 'it\'s $HOME; \n "x" é'
        odd.mkdir()
        ran = await s.shell.run(approval("touch here", cwd=str(odd)), 0, _nothing)
        assert (ran.exit_status, ran.cwd) == (0, str(odd))
        assert (odd / "here").exists()

    with_sessions(tmp_path, story)


def test_a_directory_removed_under_the_session_is_noticed(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("mkdir d; cd d; rmdir ../d")
        state = s.shell.state(TALK, "/")
        await _refused(
            s.shell, errors.DIRECTORY_MISSING, approval("pwd", cwd=state.cwd), 0, _nothing
        )

    with_sessions(tmp_path, story)


def test_a_nul_or_a_lone_surrogate_is_refused(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        for script in ("echo a\0b", "echo \ud800"):
            plan = approval(script, cwd=str(s.home))
            await _refused(s.shell, errors.COMMAND_INVALID, plan, 0, _nothing)
        assert s.shell.state(TALK, "/").incarnation == "new"

    with_sessions(tmp_path, story)


@pytest.mark.parametrize("program", ["/nowhere/bash", "/etc/passwd", "/bin/false"])
def test_a_bash_that_cannot_be_started_is_said(tmp_path: Path, program: str) -> None:
    async def story(s: Sessions) -> None:
        before = _descriptors()
        for _ in range(3):
            plan = approval("true", cwd=str(s.home))
            error = await _refused(s.shell, errors.SHELL_FAILED, plan, 0, _nothing)
            assert error.blanks["reason"]
        assert _descriptors() <= before + 1

    with_sessions(tmp_path, story, program=program)


def test_the_marker_is_durable_before_bash_gets_a_byte(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        seen: list[SessionMarker] = []

        async def on_start(marker: SessionMarker) -> None:
            assert read_process(marker.pid) is not None
            assert not (s.home / "ran").exists()
            seen.append(marker)

        s.shell.on_start = on_start
        await s.run("touch ran")
        await s.run("true")
        assert len(seen) == 1
        assert seen[0].incarnation == s.shell.state(TALK, "/").incarnation

    with_sessions(tmp_path, story)


def test_a_store_that_cannot_keep_the_marker_stops_the_command(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        async def on_start(_: SessionMarker) -> None:
            raise AlvoError(errors.STORE_FULL)

        s.shell.on_start = on_start
        await _refused(
            s.shell, errors.STORE_FULL, approval("touch ran", cwd=str(s.home)), 0, _nothing
        )
        assert not (s.home / "ran").exists()
        assert s.shell.state(TALK, "/").incarnation == "new"

    with_sessions(tmp_path, story)


# The ends of a session.


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 5", 5),
        ("exec true", 0),
        ("exec /bin/sh -c 'exit 9'", 9),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
        ("set -e; false; echo no", 1),
        ("exec 10>&- 11>&- 12>&- 13>&- 14>&- 15>&- 16>&- 17>&-", 125),
    ],
)
def test_an_ended_session_is_reported_and_a_new_one_comes_up(
    tmp_path: Path, script: str, status: int
) -> None:
    async def story(s: Sessions) -> None:
        await s.run("x=1")
        old = s.shell.state(TALK, "/").incarnation
        ran = await s.run(f"echo before; {script}")
        assert ran.output.startswith(b"before\n")
        assert (ran.status, ran.result.session_ended) == (status, True)
        assert s.shell.state(TALK, "/").incarnation == "new"
        assert (await s.run("echo [$x]")).text == "[]\n"
        assert s.shell.state(TALK, "/").incarnation not in ("new", old)

    with_sessions(tmp_path, story)


def test_a_session_that_dies_between_commands_is_replaced(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("(sleep 0.05; kill -9 $$) &")
        await until(lambda: s.shell.state(TALK, "/").incarnation == "new")
        assert (await s.run("echo again")).text == "again\n"

    with_sessions(tmp_path, story)


def test_an_unused_session_ends_but_not_one_that_still_works(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("sleep 0.6 &")
        await asyncio.sleep(0.3)
        assert s.shell.state(TALK, "/").commands_run == 1
        await until(lambda: s.shell.state(TALK, "/").incarnation == "new")

    with_sessions(tmp_path, story, idle_s=0.1)


def test_a_closed_shell_starts_nothing(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.shell.close()
        plan = approval("true", cwd=str(s.home))
        await _refused(s.shell, errors.DAEMON_STOPPING, plan, 0, _nothing)

    with_sessions(tmp_path, story)


def test_sessions_leave_no_descriptor_behind(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        await s.run("exit")
        before = _descriptors()
        for _ in range(5):
            await s.run("exit")
        assert _descriptors() == before

    with_sessions(tmp_path, story)


def test_bash_is_started_without_a_fork_of_a_threaded_process(tmp_path: Path) -> None:
    async def story(s: Sessions) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            await asyncio.to_thread(lambda: None)  # now there is a thread
            assert (await s.run("echo a")).text == "a\n"

    with_sessions(tmp_path, story)


def test_a_shell_needs_no_subreaper_but_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(s: Sessions) -> None:
        await s.run("true")

    with_sessions(tmp_path, story)
    assert "subreaper" in caplog.text
