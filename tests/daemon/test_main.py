"""The daemon's process: how it starts, what it does to itself, how it ends."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemon import Home
from tests.support.waiting import wait_until


def ended(home: Home, **environ: str) -> tuple[int, str]:
    """The exit status of a daemon that is not to start, and what it said."""
    done = home.run("alvod", environ=environ)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(home: Home, number: signal.Signals) -> None:
    daemon = home.start()

    daemon.send_signal(number)

    assert daemon.wait(10) == 0
    assert not home.socket.exists()


def test_daemon_stop_ends_it_after_its_reply(home: Home) -> None:
    daemon = home.start()

    with home.rpc() as rpc:
        assert rpc("daemon.stop") == {}

    assert daemon.wait(10) == 0


def test_a_second_one_is_refused_and_names_the_first(home: Home) -> None:
    first = home.start()

    status, said = ended(home)

    assert status == 1
    assert str(first.pid) in said
    assert str(home.socket) in said
    assert home.answers()


def test_a_second_one_at_another_socket_cannot_have_the_same_state(home: Home) -> None:
    first = home.start()

    status, said = ended(home, ALVO_SOCKET=str(home.place / "other.sock"))

    assert status == 1
    assert str(first.pid) in said
    assert str(home.socket) in said


def test_after_a_kill_the_next_one_starts(home: Home) -> None:
    home.start()
    home.kill()
    assert home.socket.exists()

    home.start()

    assert home.answers()


def test_a_wrong_configuration_is_a_sentence(home: Home) -> None:
    status, said = ended(home, ALVO_DAEMON_MAX_CONNECTIONS="many")
    assert status == 1
    assert "ALVO_DAEMON_MAX_CONNECTIONS" in said

    status, said = ended(home, ALVO_DAEMON_MAX_CONNECTIONS="many", LANG="pt_BR.UTF-8")
    assert "configuração" in said


def test_its_files_are_for_one_user_and_its_memory_for_nobody(home: Home) -> None:
    pid = home.start().pid

    for name in ("alvod.log", "alvod.lock", "state.db"):
        file = Path(home.environ["XDG_STATE_HOME"]) / "alvo" / name
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, name
    assert "Umask:\t0077" in Path(f"/proc/{pid}/status").read_text()
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    assert next(line for line in limits if "core" in line).split()[4] == "0"
    # What cannot be dumped belongs to root, whoever runs it.
    assert Path(f"/proc/{pid}/environ").stat().st_uid == 0


LOOK = """
import ctypes, os, signal, sys
from daemon import process

if os.geteuid() == 0:
    os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # a change of user has taken it away
up, told = os.pipe()
child = os.fork()
if child == 0:
    signal.signal(signal.SIGUSR1, lambda *_: (process.harden(8), os.write(told, b"x")))
    os.write(told, b"x")
    while True:
        signal.pause()

def look():
    os.read(up, 1)
    try:
        return "CANARY" in open(f"/proc/{child}/environ").read()
    except PermissionError:
        return "refused"

print(look())
os.kill(child, signal.SIGUSR1)
print(look())
os.kill(child, signal.SIGKILL)
os.wait()
"""


def test_a_process_of_the_same_user_cannot_read_its_environment() -> None:
    """As root, both become nobody: root may read everything."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        env={**os.environ, "CANARY": "canary-key", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.split() == ["True", "refused"], done.stderr


def test_what_systemd_said_to_it_is_not_said_to_its_children(home: Home) -> None:
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(home.place / "notify"))
        notified.settimeout(20)
        daemon = home.spawn(NOTIFY_SOCKET=str(home.place / "notify"), WATCHDOG_USEC="200000")
        heard = {notified.recv(100) for _ in range(3)}
        assert {b"READY=1", b"WATCHDOG=1"} <= heard
        daemon.terminate()
        while b"STOPPING=1" not in heard:
            heard.add(notified.recv(100))
    assert daemon.wait(10) == 0


def test_it_starts_within_its_aim_and_stays_small(home: Home) -> None:
    """Generous here, exact in `make bench`: this is to notice an import that came in by mistake."""
    daemon = home.start()
    lines = Path(f"/proc/{daemon.pid}/status").read_text().splitlines()
    resident = int(next(line for line in lines if line.startswith("VmRSS")).split()[1])
    assert resident < 65 * 1024
    maps = wait_until(lambda: Path(f"/proc/{daemon.pid}/maps").read_text())
    assert "onnxruntime" not in maps


def test_version_and_help_need_no_daemon(home: Home) -> None:
    assert home.run("alvod", "--version").stdout.startswith("alvod ")
    assert "--check" in home.run("alvod", "--help").stdout
    assert home.run("alvod", "--nonsense").returncode == 2
