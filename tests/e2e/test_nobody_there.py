"""Story: an inquiry opens while nobody is there: the desktop says so once, the next prompt too."""

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.daemon import Home
from tests.support.waiting import wait_until

SECRET = "echo hunter2-is-the-password"
BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}


def recording(home: Home, then: str = "") -> Path:
    """A `notify-send` that writes down what it was called with."""
    told = home.place / "told"
    program = home.place / "bin" / "notify-send"
    program.parent.mkdir()
    lines = ["#!/bin/bash", "{ printf '%s\\0' \"$@\"; echo; env; echo end; } >> " + str(told), then]
    program.write_text("\n".join(lines))
    program.chmod(0o755)
    home.environ["PATH"] = f"{program.parent}:{home.environ['PATH']}"
    return told


def started(home: Home, question: str = f"!{SECRET}") -> str:
    """The inquiry of a flow that was begun by somebody who went away at once."""
    with home.rpc() as rpc:
        rpc("flow.start", question=question, flow_id="mine", cwd=str(home.home))
    with home.rpc() as rpc:
        return str(rpc.inquiry("mine")["id"])


def test_the_desktop_is_told_once_and_nothing_of_what_it_is_about(home: Home) -> None:
    told = recording(home)
    home.start(**BUS, GEMINI_API_KEY="not-for-a-desktop")
    inquiry = started(home)
    wait_until(lambda: told.exists() and "end\n" in told.read_text())
    words, _, environ = told.read_text().partition("\n")
    assert words.split("\0")[:3] == ["--app-name=Alvo", "--", "Alvo waits for you"]
    assert f"alvo allow {inquiry[:6]}" in words
    assert "hunter2" not in told.read_text()
    assert "not-for-a-desktop" not in environ
    home.stop()
    home.start(**BUS)
    time.sleep(0.1)
    assert told.read_text().count("end\n") == 1


def test_who_follows_the_flow_is_not_called(home: Home) -> None:
    told = recording(home)
    home.start(**BUS)
    with home.rpc() as rpc, home.rpc() as other:
        away = threading.Event()

        def follow() -> None:
            after = 0
            while not away.is_set():
                events = other("flow.wait", after=after, timeout_s=1)["events"]
                after = events[-1]["seq"] if events else after

        following = threading.Thread(target=follow)
        following.start()
        rpc("flow.start", question=f"!{SECRET}", flow_id="mine", cwd=str(home.home))
        inquiry = rpc.inquiry("mine")
        time.sleep(3.5)
        away.set()
        following.join()
        assert not told.exists()
        assert rpc("inquiry.get", inquiry_id=inquiry["id"])["status"] == "waiting"


def test_a_script_that_waits_is_nobody(home: Home) -> None:
    told = recording(home)
    home.start(**BUS)
    done = home.run("alvo", "run", "--", "true")
    assert done.returncode == 4
    wait_until(told.exists)


def test_a_desktop_that_hangs_or_fails_holds_no_flow_up(home: Home) -> None:
    told = recording(home, "trap '' TERM; sleep 30")
    home.start(**BUS)
    inquiry = started(home)
    wait_until(told.exists)
    with home.rpc() as rpc:
        rpc.allow(rpc("inquiry.get", inquiry_id=inquiry))
        assert rpc.follow("mine", {"executed"})
    began = time.monotonic()
    home.stop()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("environ", [{}, {**BUS, "ALVO_FLOW_NOTIFY": "false"}])
def test_without_a_desktop_or_switched_off_nobody_is_called(
    home: Home, environ: dict[str, str]
) -> None:
    told = recording(home)
    home.start(**environ)
    started(home)
    time.sleep(3.5)
    assert not told.exists()


def test_the_prompt_says_in_one_line_that_something_waits(home: Home) -> None:
    home.start()
    assert home.run("alvo", "prompt").stdout == ""
    started(home)

    def says(line: str, **environ: str) -> bool:
        done = home.run("alvo", "prompt", environ=environ)
        assert (done.stderr, done.returncode) == ("", 0)
        # On a machine that is busy it does not wait for the daemon, and says nothing.
        assert done.stdout in ("", line)
        return bool(done.stdout)

    wait_until(lambda: says("alvo: 1 waiting (alvo inquiries)\n"))
    wait_until(lambda: says("alvo: 1 à espera (alvo inquiries)\n", LANG="pt_BR.UTF-8"))


def test_the_prompt_starts_nothing_and_wakes_nothing(home: Home) -> None:
    home.socket.parent.mkdir(mode=0o700)
    # As systemd's socket activation: it listens, and a connection would start the daemon.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(home.socket))
        listening.listen()
        Path(f"{home.socket}.lock").write_text("1\n")
        asked = home.run("alvo", "prompt")
        assert (asked.stdout, asked.stderr, asked.returncode) == ("", "", 0)
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_the_prompt_does_not_wait_for_a_daemon_that_hangs(home: Home) -> None:
    daemon = home.start()
    started(home)
    daemon.send_signal(19)
    try:
        began = time.monotonic()
        asked = home.run("alvo", "prompt")
        took = time.monotonic() - began
    finally:
        daemon.send_signal(18)
    assert (asked.stdout, asked.stderr, asked.returncode) == ("", "", 0)
    assert took < 1.0


def test_the_prompt_imports_nothing_heavy(home: Home) -> None:
    home.start()
    started(home)
    listing = "import sys, json; from client.__main__ import main; main(['prompt'])"
    done = subprocess.run(
        [sys.executable, "-c", f"{listing}; print(json.dumps(sorted(sys.modules)))"],
        env=home.environ,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    *_, modules = done.stdout.splitlines()
    assert not {"asyncio", "msgspec", "prompt_toolkit", "typing", "pathlib"} & set(
        json.loads(modules)
    )
