"""Who may speak, and who may answer for the person."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.protocol import errors
from daemon.protocol.calls import (
    ByFlow,
    Nothing,
)
from daemon.protocol.errors import AlvoError
from daemon.protocol.methods import DAEMON_STOP, FLOW_GET, Method
from daemon.rpc.binding import Bindings, Caller
from daemon.rpc.peer import Peers, started
from tests.support.rpc_peer import Serving, serving
from tests.support.waiting import wait_until

NOBODY = 65534

# Connects, says its number, then sends one line for each line that it is given.
TALKER = """
import os, socket, sys
os.setuid(int(sys.argv[2]))
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
lines = peer.makefile("rb")
print(os.getpid(), flush=True)
for line in sys.stdin.buffer:
    peer.sendall(line)
    sys.stdout.buffer.write(lines.readline())
    sys.stdout.flush()
"""
STOP = b'{"jsonrpc":"2.0","method":"daemon.stop","id":1}\n'


class Table:
    """A guarded method and an open one; what the guarded one saw."""

    def __init__(self) -> None:
        self.bindings = Bindings()
        self.bindings.bind(DAEMON_STOP, self.stop)
        self.bindings.bind(Method("test.whoami", Nothing, dict, "The caller."), self.whoami)
        self.stopped: list[Caller] = []
        self.sessions: set[int] = set()

    async def stop(self, caller: Caller, _params: Nothing) -> Nothing:
        self.stopped.append(caller)
        return Nothing()

    async def whoami(self, caller: Caller, _params: Nothing) -> dict[str, Any]:
        return {"pid": caller.pid, "uid": caller.uid, "from_session": caller.from_session}

    def descends(self, pid: int) -> bool:
        return pid in self.sessions


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def server(tmp_path: Path, table: Table) -> Iterator[Serving]:
    with serving(tmp_path / "alvo.sock", table.bindings, descends=table.descends) as running:
        yield running


def test_a_caller_is_known_by_process_and_user(server: Serving) -> None:
    with server.peer() as peer:
        assert peer.ask("test.whoami")["result"] == {
            "pid": os.getpid(),
            "uid": os.geteuid(),
            "from_session": False,
        }


def test_a_guarded_method_is_done_for_a_person_and_refused_to_a_session(
    server: Serving, table: Table
) -> None:
    with server.peer() as person:
        assert person.ask("daemon.stop")["result"] == {}
    table.sessions.add(os.getpid())
    with server.peer() as session:
        assert session.ask("daemon.stop")["error"]["code"] == errors.ANSWER_FROM_SESSION.code
        assert session.ask("daemon.ping")["result"] == "pong"
    assert len(table.stopped) == 1


def test_what_became_a_session_after_it_connected_is_refused_and_stays_so(
    server: Serving, table: Table
) -> None:
    with server.peer() as peer:
        assert "result" in peer.ask("daemon.stop")
        table.sessions.add(os.getpid())
        assert "error" in peer.ask("daemon.stop")
        table.sessions.clear()
        assert "error" in peer.ask("daemon.stop")
    assert len(table.stopped) == 1


def test_neither_batch_nor_notification_gets_round_the_guard(server: Serving, table: Table) -> None:
    table.sessions.add(os.getpid())
    with server.peer() as peer:
        peer.send(b'{"jsonrpc":"2.0","method":"daemon.stop"}\n')
        peer.send(b"[" + STOP.strip() + b',{"jsonrpc":"2.0","method":"daemon.stop"}]\n')
        assert [one["error"]["data"]["name"] for one in peer.line()] == ["ANSWER_FROM_SESSION"]
    assert table.stopped == []


def test_a_connection_whose_process_is_gone_counts_as_a_session(
    server: Serving, table: Table
) -> None:
    """A command could connect, hand the socket on, and end: its ancestry is lost with it."""
    ours, theirs = socket.socketpair()
    code = (
        "import socket, sys; up = socket.socket(fileno=int(sys.argv[2]));"
        "peer = socket.socket(socket.AF_UNIX); peer.connect(sys.argv[1]);"
        "socket.send_fds(up, [b'x'], [peer.fileno()])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(server.path), str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
    ) as child:
        _, (fd,), *_ = socket.recv_fds(ours, 1, 1)
        child.wait()
        wait_until(lambda: started(child.pid) is None)
    ours.close()
    theirs.close()
    with socket.socket(fileno=fd) as handed_on, handed_on.makefile("rb") as lines:
        handed_on.sendall(b'{"jsonrpc":"2.0","method":"daemon.ping","id":1}\n' + STOP)
        assert b"pong" in lines.readline()
        assert b"ANSWER_FROM_SESSION" in lines.readline()
    assert table.stopped == []


def test_a_number_taken_over_while_the_connection_waited_counts_as_a_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command stops the daemon, connects, ends, waits until its number is another's, goes on."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        code = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
        subprocess.run([sys.executable, "-c", code, str(path)], check=True)
        accepted, _ = listening.accept()
    with accepted:
        # What would be found under its number is a process of the person's own.
        monkeypatch.setattr("daemon.rpc.peer.started", lambda _pid: 4711)
        caller = Peers(lambda _pid: False).caller(accepted, "en")
        if (kernel := os.uname().release) and tuple(map(int, kernel.split(".")[:2])) < (6, 5):
            pytest.skip("the kernel gives no handle of the peer")
        assert caller.from_session


def test_a_process_number_taken_over_by_another_counts_as_a_session() -> None:
    caller = Caller(os.getpid(), os.geteuid(), started=1)

    assert Peers(lambda _pid: False).from_session(caller)


def test_the_dead_have_no_beginning() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        wait_until(lambda: started(child.pid) is None)  # a zombie until it is waited for
    assert started(child.pid) is None
    assert started(os.getpid()) is not None


def test_another_user_is_told_so_and_closed(table: Table) -> None:
    """As root with a real second user; otherwise the daemon is told that it is somebody else."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "alvo.sock"
        with serving(path, table.bindings, uid=None if root else os.geteuid() + 1):
            # Modes alone would keep the other user out: let it come as far as our own check.
            path.parent.chmod(0o711)
            path.chmod(0o666)
            with subprocess.Popen(
                [sys.executable, "-c", TALKER, str(path), str(NOBODY if root else os.geteuid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            ) as talker:
                said, _ = talker.communicate(STOP)
    assert b"PEER_REFUSED" in said
    assert table.stopped == []


def test_a_foreign_user_has_no_place() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert Peers(lambda _pid: False).caller(ours, "en").uid == os.geteuid()
        with pytest.raises(AlvoError) as caught:
            Peers(lambda _pid: False, uid=os.geteuid() + 1).caller(ours, "en")
    assert caught.value.type == errors.PEER_REFUSED


def test_mypy_refuses_a_handler_of_another_type(tmp_path: Path) -> None:
    code = """
from daemon.protocol.methods import FLOW_GET
from daemon.protocol.calls import (
    ByFlow,
    ByInquiry,
)
from daemon.protocol.values import Flow
from daemon.rpc.binding import Bindings, Caller

async def right(caller: Caller, params: ByFlow) -> Flow: ...
async def wrong_params(caller: Caller, params: ByInquiry) -> Flow: ...
async def wrong_result(caller: Caller, params: ByFlow) -> int: ...

table = Bindings()
table.bind(FLOW_GET, right)
table.bind(FLOW_GET, wrong_params)
table.bind(FLOW_GET, wrong_result)
"""
    file = tmp_path / "handlers.py"
    file.write_text(code)
    root = Path(__file__).parents[3]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--disable-error-code=empty-body", file],
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
    )
    wrong = {line.split(":")[1] for line in checked.stdout.splitlines() if ": error:" in line}
    lines = code.splitlines()
    assert {lines[int(n) - 1] for n in wrong if n.isdigit()} == {
        "table.bind(FLOW_GET, wrong_params)",
        "table.bind(FLOW_GET, wrong_result)",
    }, checked.stdout


def test_every_method_takes_a_dataclass_and_its_fields_are_named_once() -> None:
    from dataclasses import is_dataclass

    from daemon.protocol import methods

    assert all(is_dataclass(method.params) for method in methods.ALL.values())
    assert FLOW_GET.params is ByFlow
