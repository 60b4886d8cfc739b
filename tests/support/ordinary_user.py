"""A user without any privilege, for what the superuser that runs the tests would not notice."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
_USER: Final = 61_234
"""Nobody's number on a usual machine: it needs no entry anywhere, and owns nothing."""

_DROPPED: Final = (
    *("setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"),
    *("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"),
)


def run_as_ordinary_user(
    command: list[str], place: Path, within_s: float = 100.0
) -> "subprocess.CompletedProcess[str]":
    """Runs it with `place`, whose owner that user becomes, as its home; skips where none can be had."""
    if os.geteuid() != 0:
        pytest.skip("the tests run as an ordinary user already")
    if not all(map(shutil.which, ("setpriv", "unshare", "mount"))):
        pytest.skip("util-linux is missing")
    os.chown(place, _USER, _USER)
    environ = {
        "HOME": str(place),
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    inside = shlex.join([*_DROPPED, *command])
    done = subprocess.run(
        ["unshare", "--mount", "/bin/sh", "-euc", f"{_opened(place)}\nexec {inside}"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    if "Operation not permitted" in done.stderr and not done.stdout:
        pytest.skip(f"no ordinary user can be had here: {done.stderr.strip()}")
    return done


def _opened(place: Path) -> str:
    """Shell lines that let everyone reach Python and the tests, below a superuser's private home too.

    In a mount namespace of its own: nothing of it is seen outside.
    """
    lines = list[str]()
    stash = place / "stash"
    needed = {Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), ROOT.resolve()}
    closed = {path: first for path in needed if (first := _closed(path)) is not None}
    for n, path in enumerate(closed):
        lines += [f"mkdir -p {stash}/{n}", f"mount --rbind {shlex.quote(str(path))} {stash}/{n}"]
    for folder in {*closed.values()}:
        lines.append(f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(folder))}")
    for n, path in enumerate(closed):
        lines += [f"mkdir -p {shlex.quote(str(path))}"]
        lines += [f"mount --rbind {stash}/{n} {shlex.quote(str(path))}"]
    return "\n".join(lines)


def _closed(path: Path) -> Path | None:
    """The first folder on the way that others may not pass."""
    ways = [*reversed(path.parents), path]
    return next((way for way in ways if not way.stat().st_mode & 0o001), None)
