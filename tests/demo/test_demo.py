"""The demo does what the README says, with nobody at a terminal, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]


def begin(temporary: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.demo"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def daemons(temporary: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if str(temporary) in process.environ().get("XDG_RUNTIME_DIR", ""):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def temporary():
    # Short: a socket's path has 107 bytes.
    with tempfile.TemporaryDirectory(prefix="demo-") as directory:
        yield Path(directory)


@pytest.mark.slow
def test_the_demo_shows_answers_a_refusal_to_guess_a_task_allowed_and_the_same_denied(temporary):
    demo = begin(temporary)
    shown, _ = demo.communicate(timeout=110)

    assert demo.returncode == 0, shown
    for said in ("30 calendar days", "quinto dia útil", "reports/", "a second client answers"):
        assert said in shown
    assert re.search(r"02-working-hours-and-leave\.md", shown)
    assert "03-salario-e-reembolsos.md" in shown
    assert not daemons(temporary)
    assert not list(temporary.iterdir())


@pytest.mark.slow
def test_a_demo_that_is_told_to_end_ends_its_daemon(temporary):
    demo = begin(temporary)
    try:
        wait_until(lambda: daemons(temporary), within=20)
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=30)
    wait_until(lambda: not daemons(temporary), within=30)
