"""Story: an ordinary user's command needs sudo; its password is typed in Alvo and kept nowhere."""

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Home
from tests.support.terminal import Terminal
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
PASSWORD = f"canary-{secrets.token_hex(6)}"
PROGRAMS = ("sudo", "useradd", "userdel", "chpasswd", "setpriv")


def why_not() -> str:
    if os.geteuid() != 0:
        return "only root can make a user for a test"
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    return f"not installed: {', '.join(missing)}" if missing else ""


@contextlib.contextmanager
def a_user() -> Iterator[pwd.struct_passwd]:
    """One who may sudo with a password; gone afterwards, whatever happens."""
    name = f"alvo-{secrets.token_hex(3)}"
    rule = Path(f"/etc/sudoers.d/{name}")
    try:
        subprocess.run(["useradd", "--no-create-home", name], check=True, capture_output=True)
        subprocess.run(["chpasswd"], input=f"{name}:{PASSWORD}", text=True, check=True)
        rule.write_text(f"{name} ALL=(ALL) ALL\nDefaults:{name} !lecture\n")
        rule.chmod(0o440)
        yield pwd.getpwnam(name)
    finally:
        rule.unlink(missing_ok=True)
        subprocess.run(["userdel", name], check=False, capture_output=True)


def as_user(user: pwd.struct_passwd) -> list[str]:
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
    return [str(shutil.which("setpriv")), *ids]


@pytest.fixture
def user(home: Home) -> Iterator[pwd.struct_passwd]:
    """With a daemon of their own."""
    if reason := why_not():
        pytest.skip(reason)
    with a_user() as found:
        able = [*as_user(found), sys.executable, "-c", "import daemon"]
        if subprocess.run(able, cwd=ROOT, capture_output=True, check=False).returncode != 0:
            pytest.skip("an ordinary user cannot read where this is tested")
        home.place.chmod(0o711)
        for place in home.place.iterdir():
            os.chown(place, found.pw_uid, found.pw_gid)
        with (home.place / "alvod.err").open("ab") as log:
            home.daemon = subprocess.Popen(
                [*as_user(found), sys.executable, "-m", "daemon"],
                env=home.environ,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(home.socket.exists, within=20)
        try:
            yield found
        finally:
            home.stop()


def run(home: Home, user: pwd.struct_passwd, script: str) -> Terminal:
    alvo = str(Path(sys.executable).parent / "alvo")
    terminal = Terminal(home, *as_user(user), alvo, "run", "--", script)
    terminal.asked("Run it?")
    terminal.line("y")
    return terminal


def test_sudo_asks_for_the_password_and_gets_it(home: Home, user: pwd.struct_passwd) -> None:
    with run(home, user, "id -u; sudo -k; sudo id -u; echo over") as terminal:
        terminal.see(str(user.pw_uid), "[sudo] password for")
        terminal.asked("The command wants a password (not shown, not stored):")
        terminal.line(PASSWORD)
        terminal.see("\n0\r", "over")
        assert terminal.end() == 0
        assert PASSWORD not in terminal.seen
    kept = [file for file in home.place.rglob("*") if file.is_file()]
    assert kept
    assert not [file for file in kept if PASSWORD.encode() in file.read_bytes()]


def test_a_wrong_password_is_asked_for_again(home: Home, user: pwd.struct_passwd) -> None:
    with run(home, user, "sudo -k; sudo id -u") as terminal:
        terminal.asked("The command wants a password")
        terminal.line("wrong")
        terminal.see("try again")
        terminal.asked("The command wants a password")
        terminal.line(PASSWORD)
        terminal.see("\n0\r")
        assert terminal.end() == 0
