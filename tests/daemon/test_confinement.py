"""A process that trains reaches its own files, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TRIES = """
import json, os, socket, subprocess, sys, threading
from daemon.confinement import keep_to_work
own, others, network = sys.argv[1], sys.argv[2], sys.argv[3] == "network"
readable = [os.fsencode(path) for path in filter(None, sys.path)]
system = [b"/usr", b"/lib", b"/lib64", b"/etc", b"/proc", os.fsencode(sys.base_prefix)]
held = keep_to_work(1 << 30, [*readable, *system], [os.fsencode(own)], network=network)
def tried(work):
    try:
        work()
    except (OSError, MemoryError):
        return False
    return True
def thread():
    ran = []
    one = threading.Thread(target=lambda: ran.append(1))
    one.start()
    one.join()
    assert ran
print(json.dumps({
    "held": held,
    "writes its own": tried(lambda: open(own + "/x", "w").write("x")),
    "renames its own": tried(lambda: os.replace(own + "/x", own + "/y")),
    "starts a thread": tried(thread),
    "reads another's": tried(lambda: open(others + "/secret").read()),
    "writes another's": tried(lambda: open(others + "/x", "w")),
    "removes another's": tried(lambda: os.unlink(others + "/secret")),
    "opens a socket": tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
    "starts a program": tried(lambda: subprocess.run(["/bin/true"])),
    "forks": tried(lambda: os.fork() or os._exit(0)),
    "signals its parent": tried(lambda: os.kill(os.getppid(), 0)),
    "takes all memory": tried(lambda: bytearray(2 << 30)),
}))
"""


@pytest.fixture
def tries(tmp_path):
    own, others = tmp_path / "own", tmp_path / "others"
    own.mkdir()
    others.mkdir()
    (others / "secret").write_text("secret")

    def run(network: str = "") -> dict[str, object]:
        ran = subprocess.run(
            [sys.executable, "-c", TRIES, str(own), str(others), network],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, object] = json.loads(ran.stdout)
        return found

    return run


def test_it_works_on_its_own_files_and_with_threads(tries):
    found = tries()
    assert all(found[name] for name in ("writes its own", "renames its own", "starts a thread"))


def test_it_reaches_no_network_no_program_and_no_other_process(tries):
    found = tries()
    if not found["held"][1]:
        pytest.skip("no seccomp here")
    names = ("opens a socket", "starts a program", "forks", "signals its parent")
    assert not [name for name in names if found[name]]


def test_it_reads_and_changes_no_file_of_anybody_elses(tries):
    found = tries()
    if not found["held"][0]:
        pytest.skip("no Landlock here")
    assert not [name for name in found if name.endswith("another's") and found[name]]


def test_its_memory_is_bounded(tries):
    assert not tries()["takes all memory"]


def test_where_a_server_embeds_it_reaches_that_and_still_starts_nothing(tries):
    found = tries("network")
    if not found["held"][1]:
        pytest.skip("no seccomp here")
    assert found["opens a socket"]
    assert not found["starts a program"]
