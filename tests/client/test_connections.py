"""Both connections against the daemon's own server: results, errors, losses, returns."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from client.connection import Connection
from client.remote import RemoteError
from client.typed import TypedConnection
from client.words import Words
from daemon.protocol import errors
from daemon.protocol.calls import (
    ByFlow,
    FlowEvents,
    Nothing,
    WaitFlow,
)
from daemon.protocol.errors import AlvoError
from daemon.protocol.methods import DAEMON_PING, FLOW_DELETE, FLOW_GET, FLOW_WAIT
from daemon.protocol.values import (
    FlowId,
    Seconds,
)
from daemon.rpc.binding import Bindings, Caller
from tests.support.rpc_peer import serving
from tests.support.values import a_flow

EN, PT = Words("en"), Words("pt")


class Flows:
    """One flow to be had, and who asked for it."""

    def __init__(self) -> None:
        self.table = Bindings()
        self.table.bind(FLOW_GET, self.get)
        self.table.bind(FLOW_WAIT, self.wait)
        self.table.bind(FLOW_DELETE, self.delete)
        self.callers: list[Caller] = []
        self.deleting = threading.Event()

    async def get(self, caller: Caller, params: ByFlow):
        self.callers.append(caller)
        if params.flow_id != "f1":
            raise AlvoError(errors.FLOW_NOT_FOUND, flow=params.flow_id)
        return a_flow(id=FlowId("f1"), question="Olá, “mundo”\u202e")

    async def wait(self, _caller: Caller, params: WaitFlow) -> FlowEvents:
        await asyncio.sleep(params.timeout_s)
        return FlowEvents(None, [])

    async def delete(self, _caller: Caller, _params: ByFlow) -> Nothing:
        self.deleting.set()
        await asyncio.sleep(30)
        return Nothing()


@pytest.fixture
def flows():
    return Flows()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alvo" / "alvo.sock"


def test_a_blocking_call_gives_a_record_that_reads_like_the_value(flows, path):
    with serving(path, flows.table):
        connection = Connection(str(path), EN, "script")
        flow = connection.call("flow.get", {"flow_id": "f1"})
        connection.close()
    assert (flow.id, flow.question, flow.usage.calls) == ("f1", "Olá, “mundo”\u202e", 0)
    assert json.loads(json.dumps(flow)) == flow
    with pytest.raises(AttributeError):
        _ = flow.nonsense


def test_the_daemon_learns_who_calls_and_answers_in_their_language(flows, path):
    with serving(path, flows.table):
        connection = Connection(str(path), PT, "shell")
        with pytest.raises(RemoteError) as raised:
            connection.call("flow.get", {"flow_id": "zz"})
        connection.close()
    error = raised.value
    assert (error.name, error.code, error.exit_status) == ("FLOW_NOT_FOUND", 1100, 1)
    assert error.message == "Não há nenhum fluxo zz."
    assert error.action == "Veja a lista: alvo flows"
    assert error.blanks["flow"] == "zz"
    assert flows.callers[0].client == "shell"


@pytest.mark.parametrize("exists", [True, False])
def test_no_daemon_is_a_sentence_that_names_the_socket(tmp_path, exists):
    path = tmp_path / "alvo.sock"
    if exists:
        path.touch()
    with pytest.raises(RemoteError) as raised:
        Connection(str(path), EN, "script")
    assert raised.value.exit_status == 5
    assert str(path) in raised.value.message


@pytest.mark.parametrize(
    "reply", [b"", b"no json\n", b'{"jsonrpc":"2.0","id":1,"res', b"[]\n", b'"x"\n', b"{}\n"]
)
def test_a_daemon_that_talks_nonsense_is_as_good_as_none(tmp_path, reply):
    path = str(tmp_path / "s")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()

    def answer() -> None:
        taken, _ = listening.accept()
        with taken:
            taken.recv(65536)
            taken.sendall(reply)

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(RemoteError) as raised:
        Connection(path, EN, "script")
    thread.join()
    listening.close()
    assert raised.value.name == "DAEMON_UNREACHABLE"


def typed(path: Path, patience_s: float = 5.0) -> TypedConnection:
    return TypedConnection(str(path), EN, "shell", patience_s)


def test_a_typed_call_gives_the_value_and_many_run_at_once(flows, path):
    async def calls():
        connection = typed(path)
        slow = asyncio.ensure_future(connection.call(FLOW_WAIT, WaitFlow(0, Seconds(0.2))))
        flow = await connection.call(FLOW_GET, ByFlow(FlowId("f1")))
        assert not slow.done()
        assert await slow == FlowEvents(None, [])
        await connection.close()
        return flow

    with serving(path, flows.table):
        assert asyncio.run(calls()) == a_flow(id=FlowId("f1"), question="Olá, “mundo”\u202e")
    assert flows.callers[0].client == "shell"


def test_a_typed_error_has_its_sentence(flows, path):
    async def call():
        connection = typed(path)
        try:
            await connection.call(FLOW_GET, ByFlow(FlowId("zz")))
        finally:
            await connection.close()

    with serving(path, flows.table), pytest.raises(RemoteError) as raised:
        asyncio.run(call())
    assert raised.value.message == "There is no flow zz."


def test_what_may_be_asked_twice_is_asked_again_after_a_restart(flows, path):
    async def calls():
        connection = typed(path)
        with serving(path, flows.table):
            await connection.call(DAEMON_PING, Nothing())
            waiting = asyncio.ensure_future(connection.call(FLOW_WAIT, WaitFlow(0, Seconds(60.0))))
            await asyncio.sleep(0)
        with serving(path, Flows().table):
            assert await connection.call(DAEMON_PING, Nothing()) == "pong"
            waiting.cancel()
            await connection.close()

    asyncio.run(calls())


def test_what_may_not_be_asked_twice_fails_when_the_daemon_goes(flows, path):
    async def calls():
        connection = typed(path)
        with serving(path, flows.table):
            deleting = asyncio.ensure_future(connection.call(FLOW_DELETE, ByFlow(FlowId("f1"))))
            await asyncio.to_thread(flows.deleting.wait, 10)
        with pytest.raises(RemoteError) as raised:
            await deleting
        await connection.close()
        return raised.value.name

    # The server that goes down answers what it cuts off; a killed one does not.
    assert asyncio.run(calls()) in ("DAEMON_STOPPING", "DAEMON_UNREACHABLE")


def test_a_typed_call_without_a_daemon_gives_up(path):
    async def call():
        await typed(path, patience_s=0.0).call(DAEMON_PING, Nothing())

    with pytest.raises(RemoteError) as raised:
        asyncio.run(call())
    assert raised.value.exit_status == 5


def test_a_one_shot_command_imports_the_standard_library_alone():
    code = (
        "import sys; before = set(sys.modules); import client.__main__, client.commands.status,"
        " client.commands.ask, client.commands.inquiries, client.commands.flows, client.usage\n"
        "tops = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(tops - set(sys.stdlib_module_names) - {'client', 'daemon', 'prompts'}))\n"
        "print(*(name for name in sys.modules if name.startswith('daemon.')))\n"
        "print(*({'typing', 'dataclasses', 'asyncio', 'tomllib', 'pathlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.splitlines() == [
        "",
        "daemon.protocol daemon.protocol.escape",
        "",
    ]


def test_nothing_is_told_to_a_daemon_of_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a place that others can write to, someone else may have been first."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
        with pytest.raises(RemoteError) as caught:
            Connection(str(path), EN, "test")
        assert caught.value.name == "PEER_REFUSED"
        typed = TypedConnection(str(path), EN, "test")
        with pytest.raises(RemoteError) as caught:
            asyncio.run(typed.call(DAEMON_PING, Nothing()))
        assert caught.value.name == "PEER_REFUSED"
        for _ in range(2):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.recv(100) == b""
