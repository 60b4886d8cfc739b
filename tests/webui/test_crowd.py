"""Who holds a connection is noticed at each call, though few processes are looked into."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.protocol.calls import Descent
from daemon.protocol.errors import AlvoError
from webui.crowd import Crowd, present
from webui.peers import Owner
from webui.person import Persons

WAITS = "import sys; print('up', flush=True); sys.stdin.read()"
TAKES = (
    "import socket, sys; taking = socket.socket(fileno=int(sys.argv[1]));"
    "print('up', flush=True); held = socket.recv_fds(taking, 1, 1);"
    "print('taken', flush=True); sys.stdin.read()"
)


@pytest.fixture
def held() -> Iterator[socket.socket]:
    """An end that this process holds, and nobody else."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield theirs


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a process that lives until the test ends, and knows what it is given."""
    running: list[subprocess.Popen[str]] = []

    def begin(script: str = WAITS, *given: socket.socket) -> subprocess.Popen[str]:
        numbers = [one.fileno() for one in given]
        child = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=numbers,
            text=True,
        )
        running.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
        return child

    yield begin
    for child in running:
        child.kill()
        child.communicate()


def inode(one: socket.socket) -> int:
    return os.fstat(one.fileno()).st_ino


def knowing(*pids: int) -> Crowd:
    """All that are there now are known to be persons'; these have held a connection before."""
    crowd = Crowd()
    crowd.meet(present(), from_session=False)
    crowd.approach(pids)
    return crowd


def test_nobody_is_known_at_first(held: socket.socket) -> None:
    assert not Crowd().holds_alone(inode(held))


def test_who_is_known_holds_it_alone(held: socket.socket) -> None:
    assert knowing(os.getpid()).holds_alone(inode(held))


def test_what_nobody_holds_is_nobodys(held: socket.socket) -> None:
    crowd = knowing(os.getpid())
    number = inode(held)
    held.close()
    assert not crowd.holds_alone(number)


def test_a_process_that_is_new_and_shares_it_is_noticed(held: socket.socket, start) -> None:
    crowd = knowing(os.getpid())
    start()
    assert crowd.holds_alone(inode(held))
    start(WAITS, held)
    assert not crowd.holds_alone(inode(held))


def test_one_of_a_session_that_was_there_before_is_looked_into_each_time(
    held: socket.socket, start
) -> None:
    giving, taking = socket.socketpair()
    with giving, taking:
        child = start(TAKES, taking)
        crowd = Crowd()
        everybody = present()
        crowd.meet({child.pid: everybody.pop(child.pid)}, from_session=True)
        crowd.meet(everybody, from_session=False)
        crowd.approach([os.getpid()])
        assert crowd.holds_alone(inode(held))
        assert child.pid not in crowd.new()
        socket.send_fds(giving, [b"."], [held.fileno()])
        assert child.stdout.readline() == "taken\n"
        assert not crowd.holds_alone(inode(held))


def test_another_process_under_a_known_number_is_not_known(held: socket.socket) -> None:
    crowd = knowing(os.getpid())
    number, when = present([os.getpid()])[os.getpid()]
    for other in ((number + 1, when), (number, when - 1)):
        crowd.meet({os.getpid(): other}, from_session=False)
        assert not crowd.holds_alone(inode(held))


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser chooses numbers")
def test_the_kernel_gives_a_number_anew_and_its_process_another_identity(start) -> None:
    first = start()
    before = present([first.pid])
    first.kill()
    first.communicate()
    for _ in range(50):
        try:
            Path("/proc/sys/kernel/ns_last_pid").write_text(str(first.pid - 1))
        except OSError:
            pytest.skip("not where /proc/sys may not be written")
        second = start()
        if second.pid == first.pid:
            break
    else:
        pytest.skip("others were faster each time")
    assert present([second.pid]).keys() == before.keys()
    assert present([second.pid]) != before


def test_who_has_ended_is_forgotten(start) -> None:
    crowd = Crowd()
    child = start()
    crowd.meet(present([child.pid]), from_session=False)
    assert child.pid not in crowd.new()
    crowd.forget({})
    assert child.pid in crowd.new()


@dataclass
class Told:
    """In place of the daemon: `of_session` are from one; what was asked about is noted."""

    of_session: set[int] = field(default_factory=set)
    asked: list[set[int]] = field(default_factory=list)

    async def call(self, _method: Any, params: Any, _language: str) -> Descent:
        self.asked.append(set(params.pids))
        return Descent(not self.of_session.isdisjoint(params.pids))


def request_over(one: socket.socket) -> Any:
    found = Owner(os.geteuid(), inode(one))
    return SimpleNamespace(protocol=SimpleNamespace(owner=lambda: found, is_local=True))


async def checked(persons: Persons, one: socket.socket) -> bool:
    """Whether it was let pass; by then all there is to be learned is learned."""
    persons._learned = -1e9
    try:
        await persons.check(request_over(one), "en")
    except AlvoError:
        return False
    assert persons._learning is not None
    await persons._learning
    return True


def test_the_daemon_is_asked_once_about_each(held: socket.socket) -> None:
    async def story() -> None:
        told = Told()
        persons = Persons(told)  # type: ignore[arg-type]  # a daemon that counts how often it is asked
        assert await checked(persons, held)
        assert {os.getpid()} in told.asked
        told.asked.clear()
        assert await checked(persons, held)
        assert not any(os.getpid() in some for some in told.asked)
        await persons.close()

    asyncio.run(story())


def test_one_of_a_session_among_many_is_found_out_and_never_taken_for_a_persons(
    held: socket.socket, start
) -> None:
    async def story() -> None:
        giving, taking = socket.socketpair()
        with giving, taking:
            child, other = start(TAKES, taking), start()
            told = Told({child.pid})
            persons = Persons(told)  # type: ignore[arg-type]  # a daemon that counts how often it is asked
            assert await checked(persons, held)
            assert {child.pid} in told.asked
            told.asked.clear()
            assert await checked(persons, held)
            assert not any({child.pid, other.pid} & some for some in told.asked)
            socket.send_fds(giving, [b"."], [held.fileno()])
            assert child.stdout.readline() == "taken\n"
            assert not await checked(persons, held)
            child.kill()
            child.communicate()
            assert await checked(persons, held)
            await persons.close()

    asyncio.run(story())


def test_a_further_process_of_a_persons_is_asked_about_and_let_pass(
    held: socket.socket, start
) -> None:
    async def story() -> None:
        told = Told()
        persons = Persons(told)  # type: ignore[arg-type]  # a daemon that counts how often it is asked
        assert await checked(persons, held)
        child = start(WAITS, held)
        told.asked.clear()
        assert await checked(persons, held)
        assert {os.getpid(), child.pid} in told.asked
        await persons.close()

    asyncio.run(story())
