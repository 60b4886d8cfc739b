"""Who is at the other end of a TCP connection: told by the kernel, in two ways that must agree."""

import os
import socket
import subprocess
import sys

import pytest

from tests.support.waiting import wait_until
from webui import peers


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
def connected(request):
    host = "127.0.0.1" if request.param == socket.AF_INET else "::1"
    try:
        listening = socket.create_server((host, 0), family=request.param)
    except OSError:
        pytest.skip("no IPv6 here")
    with listening, socket.create_connection(listening.getsockname()[:2]) as theirs:
        ours, _ = listening.accept()
        with ours:
            yield theirs, ours


def test_the_owner_and_the_holder_of_the_other_end_are_found(connected) -> None:
    theirs, ours = connected
    found = peers.owner(ours.getpeername()[:2], ours.getsockname()[:2])
    assert found == peers.Owner(os.geteuid(), os.fstat(theirs.fileno()).st_ino)
    assert peers.holders(found.inode) == {os.getpid()}


def test_the_table_in_proc_says_the_same_as_the_kernel(connected) -> None:
    _, ours = connected
    there, here = ours.getpeername()[:2], ours.getsockname()[:2]
    assert peers._read(ours.family, there, here) == peers._asked(ours.family, there, here)


def test_a_child_that_shares_it_is_a_holder_too(connected) -> None:
    theirs, ours = connected
    found = peers.owner(ours.getpeername()[:2], ours.getsockname()[:2])
    assert found is not None
    script = "import sys; print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[theirs.fileno()],
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert peers.holders(found.inode) == {os.getpid(), child.pid}


def test_an_end_that_is_not_on_this_machine_is_nobodys(connected) -> None:
    _, ours = connected
    there = (ours.getpeername()[0], 1)
    assert peers.owner(there, ours.getsockname()[:2]) is None


def test_an_end_that_is_closed_is_nobodys_though_the_kernel_then_names_the_superuser(
    connected,
) -> None:
    theirs, ours = connected
    there, here = ours.getpeername()[:2], ours.getsockname()[:2]
    theirs.sendall(b"POST /rpc")
    theirs.close()
    assert peers.owner(there, here) is None
    wait_until(lambda: peers._asked(ours.family, there, here) == peers.Owner(0, 0), within=5)
    assert peers._read(ours.family, there, here) in (None, peers.Owner(0, 0))
    assert peers.owner(there, here) is None


def test_every_address_of_this_machine_is_here_and_no_other() -> None:
    for address in ("127.0.0.1", "127.9.9.9", "0.0.0.0"):
        assert peers.is_here((address, 80))
    assert not peers.is_here(("192.0.2.7", 80))
    assert not peers.is_here(("2001:db8::7", 80, 0, 0))
