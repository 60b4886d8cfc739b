"""Story: the terminal of a running command through ssh and in tmux; what left it finds it again."""

import contextlib
import getpass
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.support.daemon import Home
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("vim"), reason="no vim here"),
]
ALVO = Path(sys.executable).parent / "alvo"
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin")
LEAVE = "\x1d"


def editing(home: Home) -> str:
    """A flow whose command, an editor, waits for whoever attaches."""
    with home.rpc() as rpc:
        flow = rpc("flow.start", question="!vim -u NONE -N -n note", cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        rpc.follow(flow["id"], {"executing"})
        wait_until(lambda: rpc("flow.get", flow_id=flow["id"])["terminal"] == "screen", within=60)
    found: str = flow["id"]
    return found


def alvo(home: Home, *words: str) -> str:
    """The line that calls it, in whatever shell it is typed."""
    names = [name for name in home.environ if name.startswith("XDG_")] + ["HOME"]
    given = (f"{name}={home.environ[name]}" for name in names)
    return f"cd {home.home}; {shlex.join(['env', *given, 'NO_COLOR=1', str(ALVO), *words])}"


@contextlib.contextmanager
def a_server(place: Path) -> Iterator[list[str]]:
    """sshd on a port of its own for this account alone; how it is called."""
    place.mkdir(mode=0o700)
    for name in ("host", "person"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)]
        subprocess.run(words, check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": place / "host",
        "AuthorizedKeysFile": place / "person.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PermitRootLogin": "prohibit-password",
    }
    config = place / "config"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    with (place / "log").open("wb") as log:
        server = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(config)], stderr=log)
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
    call = ["ssh", "-tt", "-F", "/dev/null", "-i", str(place / "person"), "-p", str(port)]
    call += [word for option in options for word in ("-o", option)]
    call.append(f"{getpass.getuser()}@127.0.0.1")
    try:
        if not wait_until(lambda: server.poll() is not None or _answers(port)) or server.poll():
            pytest.skip(f"sshd does not run here: {(place / 'log').read_text()[-200:]}")
        yield call
    finally:
        server.terminate()
        server.wait(10)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.mark.skipif(not SSHD or not shutil.which("ssh-keygen"), reason="no sshd here")
@pytest.mark.skipif(
    os.geteuid() == 0 and not Path("/run/sshd").is_dir(), reason="sshd wants /run/sshd"
)
def test_through_ssh_it_is_left_taken_up_again_and_has_the_window_of_whoever_looks(
    home: Home, tmp_path: Path
) -> None:
    home.start()
    flow = editing(home)
    with a_server(tmp_path / "ssh") as call:

        def over(rows: int, columns: int) -> "pexpect.spawn[str]":
            words = [*call[1:], alvo(home, "attach", flow)]
            return pexpect.spawn(
                call[0],
                words,
                env={**os.environ, "TERM": "xterm"},
                encoding="utf-8",
                timeout=20,
                dimensions=(rows, columns),
            )

        first = over(30, 100)
        first.expect_exact("Ctrl-]")
        first.send("ifrom afar\x1b")
        first.expect_exact("from afar")
        first.send(LEAVE)
        first.expect_exact(f"alvo attach {flow[:6]}")
        first.expect(pexpect.EOF)
        first.close()
        second = over(40, 120)
        second.expect_exact("from afar")
        second.send(":set lines? columns?\r")
        second.expect(r"lines=40\s+columns=120")
        second.setwinsize(20, 60)

        def small() -> bool:
            second.send("\r:set lines? columns?\r")
            return second.expect([r"lines=20\s+columns=60", pexpect.TIMEOUT], timeout=1) == 0

        wait_until(small, within=60)
        second.send("\r:wq\r")
        second.expect_exact("exit status 0")
        second.expect(pexpect.EOF)
        second.close()
        assert (first.exitstatus, second.exitstatus) == (4, 0)
    assert (home.home / "note").read_text() == "from afar\n"


@pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux here")
def test_in_tmux_the_screen_is_drawn_given_back_and_drawn_again(home: Home, tmp_path: Path) -> None:
    home.start()

    def tmux(*words: str) -> str:
        called = ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null", *words]
        return subprocess.run(called, capture_output=True, text=True, check=True).stdout

    def screen() -> str:
        return tmux("capture-pane", "-p", "-t", "it").rstrip()

    def keys(*given: str) -> None:
        tmux("send-keys", "-t", "it", *given)

    def line(text: str) -> None:
        # What is typed before the terminal has been given back is dropped.
        wait_until(lambda: screen().endswith("ready>"), within=60)
        keys("-l", f"clear; {text}")
        keys("Enter")

    def drawn(*texts: str) -> None:
        wait_until(lambda: "\n~\n~" in screen() and all(t in screen() for t in texts), within=60)

    tmux("new-session", "-d", "-s", "it", "-x", "80", "-y", "24", "PS1='ready> ' sh")
    try:
        line(alvo(home, "run", "--", "vim -u NONE -N -n note"))
        wait_until(lambda: screen().endswith("previews]"), within=60)
        keys("y", "Enter")
        drawn()
        keys("iin tmux", "Escape")
        drawn("in tmux")
        keys("C-]")
        wait_until(lambda: "Still there" in screen(), within=60)
        assert "~\n~" not in screen()  # what was there before is there again
        with home.rpc() as rpc:
            (flow,) = rpc("flow.list", status="executing")["flows"]
        line(alvo(home, "attach", flow["id"]))
        drawn("in tmux")
        tmux("resize-window", "-t", "it", "-x", "60", "-y", "12")
        wait_until(lambda: screen().count("\n~") < 11, within=60)
        keys("-l", ":set lines? columns?")
        keys("Enter")
        wait_until(lambda: "lines=12" in screen() and "columns=60" in screen(), within=60)
        keys("Enter", ":wq", "Enter")
        wait_until(lambda: "exit status 0" in screen(), within=60)
    finally:
        tmux("kill-server")
    assert (home.home / "note").read_text() == "in tmux\n"
