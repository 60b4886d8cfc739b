"""The user units: without fault, activated by a client, in and out without root."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.daemon import Home, Rpc
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
UNITS = ("alvo.socket", "alvo.service")

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed here"
)


def script(home: Home, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ROOT / "systemd" / name, *arguments],
        env=home.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def units(home: Home) -> Path:
    return Path(home.environ["XDG_CONFIG_HOME"]) / "systemd" / "user"


def test_install_writes_units_that_name_this_alvod(home: Home) -> None:
    done = script(home, "install", "--no-start")

    assert (done.returncode, done.stderr) == (0, "")
    service = (units(home) / "alvo.service").read_text()
    assert f'ExecStart="{ROOT}/.venv/bin/alvod"' in service
    assert not any("@" in (units(home) / name).read_text() for name in UNITS)


def test_install_twice_is_as_install_once_and_uninstall_leaves_nothing(home: Home) -> None:
    script(home, "install", "--no-start")
    once = {name: (units(home) / name).read_text() for name in UNITS}
    script(home, "install", "--no-start")
    assert {name: (units(home) / name).read_text() for name in UNITS} == once

    assert script(home, "uninstall").returncode == 0
    assert not list(units(home).iterdir())
    assert script(home, "uninstall").returncode == 0


def test_install_from_make_names_the_daemon_by_its_whole_path(home: Home) -> None:
    home.environ["VENV"] = ".venv"
    assert script(home, "install", "--no-start").returncode == 0
    assert f'ExecStart="{ROOT}/.venv/bin/alvod"' in (units(home) / "alvo.service").read_text()


def test_the_commands_are_linked_and_what_is_not_ours_stays(home: Home) -> None:
    commands = Path(home.environ["HOME"]) / ".local" / "bin"
    commands.mkdir(parents=True)
    (commands / "alvo-embed").write_text("of somebody else")

    assert "another program" in script(home, "install", "--no-start").stderr
    assert (commands / "alvo").readlink() == ROOT / ".venv" / "bin" / "alvo"

    script(home, "uninstall")
    assert [path.name for path in commands.iterdir()] == ["alvo-embed"]


def test_install_without_a_user_manager_says_what_to_do(home: Home) -> None:
    done = script(home, "install")

    assert done.returncode == 0
    assert "systemctl --user enable --now alvo.socket" in done.stdout


def test_install_without_a_set_up_says_so(home: Home) -> None:
    home.environ["VENV"] = str(home.place / "nowhere")

    done = script(home, "install")

    assert done.returncode == 1
    assert "make setup" in done.stderr


def test_a_path_with_strange_characters_is_taken_literally(home: Home) -> None:
    venv = home.place / "v %h $HOME ${HOME} & ; # ü"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "alvod").symlink_to("/bin/true")
    home.environ["VENV"] = str(venv)

    assert script(home, "install", "--no-start").returncode == 0

    line = next(
        line
        for line in (units(home) / "alvo.service").read_text().splitlines()
        if line.startswith("ExecStart")
    )
    assert line == f'ExecStart="{home.place}/v %%h $HOME ${{HOME}} & ; # ü/bin/alvod"'
    if shutil.which("systemd-analyze"):
        verified = verify(home)
        assert verified.stderr == ""


def test_a_path_that_systemd_cannot_take_is_refused_with_a_sentence(home: Home) -> None:
    venv = home.place / 'a "quoted" place'
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "alvod").symlink_to("/bin/true")
    home.environ["VENV"] = str(venv)

    done = script(home, "install", "--no-start")

    assert done.returncode == 1
    assert "quote" in done.stderr
    assert not units(home).exists()


@needs_systemd
def test_systemd_finds_no_fault_with_the_units(home: Home) -> None:
    script(home, "install", "--no-start")

    verified = verify(home)

    # It exits with 0 on keys that it does not know, and says so.
    assert (verified.returncode, verified.stderr) == (0, "")


def verify(home: Home) -> "subprocess.CompletedProcess[str]":
    files = [units(home) / name for name in UNITS]
    return subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", *files],
        env=home.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_nothing_in_the_unit_takes_sudo_from_approved_commands() -> None:
    """In a user's unit each of these implies NoNewPrivileges, in every session too."""
    lines = (ROOT / "systemd" / "alvo.service").read_text().splitlines()
    keys = {line.partition("=")[0] for line in lines if "=" in line and line[0] != "#"}
    confining = ("NoNew", "Protect", "Private", "Restrict", "SystemCall", "Lock", "MemoryDeny")
    assert not [key for key in keys if key.startswith(confining)]
    assert {"Type", "WatchdogSec", "Restart", "LoadCredential", "KillMode"} <= keys


@pytest.mark.skipif(
    shutil.which("systemd-socket-activate") is None, reason="systemd is not installed here"
)
def test_the_first_client_starts_the_daemon_at_systemds_socket(home: Home) -> None:
    home.socket.parent.mkdir(mode=0o700)
    alvod = ROOT / ".venv" / "bin" / "alvod"
    variables = [f"--setenv={name}" for name in home.environ]
    with (home.place / "alvod.err").open("ab") as log:
        listening = subprocess.Popen(
            ["systemd-socket-activate", f"--listen={home.socket}", *variables, alvod],
            env=home.environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        with wait_until(lambda: _connected(home)) as rpc:
            status = rpc("daemon.status")
            assert status["pid"] == listening.pid  # it has become the daemon
            environ = Path(f"/proc/{listening.pid}/task").exists()
            assert environ
        second = home.run("alvod")
        assert second.returncode == 1
        assert str(listening.pid) in second.stderr
        listening.send_signal(signal.SIGTERM)
        assert listening.wait(10) == 0
        assert home.socket.is_socket()  # systemd's own, which the daemon must leave
    finally:
        if listening.poll() is None:
            listening.kill()
            listening.wait()


def test_descriptors_meant_for_another_process_are_not_taken(home: Home) -> None:
    daemon = home.start(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")

    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(home.socket))
    assert daemon.poll() is None


def _connected(home: Home) -> Rpc | None:
    """The socket's file is there a moment before somebody listens at it."""
    with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
        return Rpc(home.socket)
    return None
