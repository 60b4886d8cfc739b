"""A real `systemd --user` for one test, in control groups of its own that go with it."""

import contextlib
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

_PROGRAM = Path("/lib/systemd/systemd")
# It wants to see a system that systemd has booted, and version 2 of control groups.
_INSIDE = """
mount --make-rprivate / && mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd &&
mkdir /run/systemd/system && mount -t tmpfs tmpfs /sys/fs/cgroup &&
mount -t cgroup2 cgroup2 /sys/fs/cgroup && echo $$ > "$1/cgroup.procs" && exec "$2" --user
"""


def why_not() -> str:
    """Why none can run here; empty: one can."""
    if os.geteuid() != 0:
        return "only root can give a test control groups of its own"
    if not _PROGRAM.exists():
        return "systemd is not installed here"
    if _mount() is None:
        return "version 2 of control groups is not mounted here, or not to be written"
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "no mount namespaces here" if tried.returncode != 0 else ""


def _mount() -> Path | None:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        writable = options.split(",")[0] == "rw" and (Path(place) / "cgroup.procs").exists()
        if kind == "cgroup2" and writable:
            return Path(place)
    return None


def _answers(environ: dict[str, str]) -> bool:
    asked = ["systemctl", "--user", "show", "--property=Version"]
    return subprocess.run(asked, env=environ, capture_output=True, check=False).returncode == 0


class UserManager:
    """`environ`: what its person's programs know it by."""

    def __init__(self, runtime: Path, group: Path, process: "subprocess.Popen[bytes]") -> None:
        self.environ = {"XDG_RUNTIME_DIR": str(runtime)}
        self._group = group
        self._process = process

    def hang(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def show(self, unit: Path, properties: str) -> str:
        """What `systemctl` says of a unit."""
        asked = ["systemctl", "--user", "show", unit.name, "--property", properties]
        environ = {**os.environ, **self.environ}
        return subprocess.run(asked, env=environ, capture_output=True, text=True, check=True).stdout

    def scopes(self) -> list[Path]:
        """Those of sessions that there are."""
        return sorted(self._group.rglob("alvo-session-*.scope"))


@contextlib.contextmanager
def a_user_manager(runtime: Path) -> Iterator[UserManager]:
    """Answers when this is entered; `runtime`: what is to be its XDG_RUNTIME_DIR."""
    if reason := why_not():
        pytest.skip(reason)
    mount = _mount()
    assert mount is not None
    name = f"alvo-test-{secrets.token_hex(4)}"
    group = mount / name
    (group / "manager").mkdir(parents=True)
    environ = {"XDG_RUNTIME_DIR": str(runtime), "HOME": str(runtime), "PATH": os.environ["PATH"]}
    inside = ["sh", "-c", _INSIDE, "sh", f"/sys/fs/cgroup/{name}/manager", str(_PROGRAM)]
    with (runtime.parent / "systemd.err").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--mount", *inside], env=environ, stdout=log, stderr=log
        )
    try:
        wait_until(lambda: _answers(environ), within=20)
        yield UserManager(runtime, group, process)
    finally:
        (group / "cgroup.kill").write_text("1")
        process.kill()
        process.wait(10)
        wait_until(lambda: "populated 0" in (group / "cgroup.events").read_text())
        for place in sorted(group.rglob("*"), reverse=True):
            if place.is_dir():
                place.rmdir()
        group.rmdir()
