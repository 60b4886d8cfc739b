"""What the child can still do once it has confined itself, whatever SQLite is made to do."""

import subprocess
import sys
from pathlib import Path

import pytest

_CONFINED = """
import os, socket, sys, threading, ctypes
from daemon.sources.database.child.confinement import confine
own, other, folder = sys.argv[1:4]
attempt = sys.argv[4]
confine(64 << 20, 2.0, [os.fsencode(own)])
try:
    exec(attempt)
except BaseException as error:
    print(type(error).__name__)
else:
    print("done")
sys.stdout.flush()
os._exit(0)
"""


def confined(tmp_path: Path, attempt: str) -> str:
    own, other = tmp_path / "own.db", tmp_path / "other.db"
    own.write_bytes(b"own")
    other.write_bytes(b"other")
    arguments = [str(own), str(other), str(tmp_path), attempt]
    run = subprocess.run(
        [sys.executable, "-I", "-c", _CONFINED, *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert own.read_bytes() == b"own"
    assert other.read_bytes() == b"other"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.db", "own.db"]
    return run.stdout.strip() or f"ended {run.returncode}"


@pytest.mark.parametrize("attempt", ["open(own).read()", "os.stat(own)", "print(1 + 1)"])
def test_it_can_read_its_own_file(tmp_path, attempt):
    assert confined(tmp_path, attempt).endswith("done")


@pytest.mark.parametrize(
    "attempt",
    [
        "open(other).read()",
        "open('/etc/passwd').read()",
        "os.listdir(folder)",
        "open(own, 'w')",
        "open(own, 'r+b').write(b'x')",
        "open(own, 'ab').write(b'x')",
        "os.open(own, os.O_RDONLY | os.O_TRUNC)",
        "open(folder + '/new', 'x')",
        "os.unlink(other)",
        "os.rename(other, folder + '/x')",
        "os.link(other, folder + '/x')",
        "os.symlink(other, folder + '/x')",
        "os.mkdir(folder + '/x')",
        "os.truncate(own, 0)",
        "os.chmod(own, 0o777)",
        "os.utime(own, (1, 1))",
        "os.mkfifo(folder + '/x')",
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "socket.create_connection(('127.0.0.1', 80))",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "threading.Thread(target=print).start()",
        "os.kill(os.getppid(), 15)",
        "bytearray(1 << 30)",
    ],
)
def test_it_can_do_nothing_else(tmp_path, attempt):
    assert confined(tmp_path, attempt) in {
        "PermissionError",
        "OSError",
        "RuntimeError",
        "MemoryError",
    }


def test_it_ends_when_its_time_is_up_even_in_the_middle_of_one_step(tmp_path):
    assert confined(tmp_path, "sum(range(10 ** 12))") == "ended -14"
