"""systemd is told when the daemon is ready, alive and about to end."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.notify import READY, STOPPING, Notifier


@pytest.fixture(params=["path", "abstract"])
def listener(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@alvo-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5)
        listening.bind(name if name[0] == "/" else "\0" + name[1:])
        yield listening, name


def test_ready_and_stopping_arrive(listener: tuple[socket.socket, str]) -> None:
    listening, name = listener
    notifier = Notifier({"NOTIFY_SOCKET": name})

    notifier.tell(READY)
    notifier.tell(STOPPING)

    assert [listening.recv(100), listening.recv(100)] == [b"READY=1", b"STOPPING=1"]


def test_the_watchdog_hears_from_a_loop_that_turns(listener: tuple[socket.socket, str]) -> None:
    listening, name = listener
    notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "100000"})

    async def turn() -> None:
        watching = asyncio.create_task(notifier.watch())
        heard = [await asyncio.to_thread(listening.recv, 100) for _ in range(3)]
        watching.cancel()
        assert heard == [b"WATCHDOG=1"] * 3

    asyncio.run(turn())


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "nonsense"},
        {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "/nowhere/at/all"},
    ],
)
def test_without_systemd_nothing_is_told_and_nothing_breaks(environ: dict[str, str]) -> None:
    notifier = Notifier(environ)

    notifier.tell(READY)
    asyncio.run(asyncio.wait_for(notifier.watch(), 5))
