"""The socket: many clients, bad clients, and nobody held up by another."""

import asyncio
import contextlib
import json
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from daemon.protocol import errors
from daemon.protocol.calls import (
    FlowEvents,
    Nothing,
    SearchIndex,
    WaitFlow,
)
from daemon.protocol.framing import MAX_FRAME_BYTES
from daemon.protocol.methods import FLOW_WAIT, INDEX_SEARCH, Method
from daemon.rpc.binding import Bindings, Caller
from daemon.rpc.connection import MAX_OUTSTANDING
from tests.support.rpc_peer import Peer, Serving, serving
from tests.support.waiting import wait_until

PING = b'{"jsonrpc":"2.0","method":"daemon.ping","id":1}\n'
BIG = 512 * 1024


class Answers:
    """Handlers that wait, fill, fail; and what became of them."""

    def __init__(self) -> None:
        self.table = Bindings()
        self.table.bind(FLOW_WAIT, self.wait)
        self.table.bind(Method("test.big", Nothing, str, "Half a megabyte."), self.big)
        self.table.bind(Method("test.slow", Nothing, str, "Takes a moment."), self.slow)
        self.table.bind(Method("test.fail", Nothing, str, "Breaks."), self.fail)
        self.table.bind(Method("test.cancel", Nothing, str, "Is cancelled."), self.cancel)
        self.table.bind(Method("test.odd", Nothing, object, "Gives no JSON."), self.odd)
        self.table.bind(Method("test.name", Nothing, str, "A name that is no UTF-8."), self.name)
        self.waiting = 0
        self.cancelled = 0
        self.slow_done = 0
        self.log: list[str] = []

    async def wait(self, _caller: Caller, params: WaitFlow) -> FlowEvents:
        self.waiting += 1
        try:
            await asyncio.sleep(params.timeout_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.waiting -= 1
        return FlowEvents(None, [])

    async def big(self, _caller: Caller, _params: Nothing) -> str:
        return "x" * BIG

    async def slow(self, _caller: Caller, _params: Nothing) -> str:
        await asyncio.sleep(0.3)
        self.slow_done += 1
        return "done"

    async def fail(self, _caller: Caller, _params: Nothing) -> str:
        raise RuntimeError("a secret of the inside")

    async def cancel(self, _caller: Caller, _params: Nothing) -> str:
        task: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task.cancel()
        await task
        return "never"

    async def odd(self, _caller: Caller, _params: Nothing) -> object:
        return object()

    async def name(self, _caller: Caller, _params: Nothing) -> str:
        return os.fsdecode(b"caf\xe9.md")


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def server(tmp_path: Path, answers: Answers, request: Any) -> Iterator[Serving]:
    path = tmp_path / "alvo" / "alvo.sock"
    with serving(path, answers.table, new_loop=request.param, drain_s=1.0) as running:
        yield running


def test_directory_and_socket_are_for_one_user_alone(server: Serving) -> None:
    assert stat.S_IMODE(server.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.path.with_name("alvo.sock.lock").stat().st_mode) == 0o600


def test_several_requests_of_one_connection_run_at_once(server: Serving) -> None:
    with server.peer() as peer:
        peer.send(b'{"jsonrpc":"2.0","method":"flow.wait","params":{"timeout_s":20},"id":"w"}\n')
        begun = time.monotonic()
        assert peer.ask("daemon.ping")["result"] == "pong"
        assert time.monotonic() - begun < 2


def test_a_wait_ends_with_its_client_and_that_is_no_mishap(
    server: Serving, answers: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    with server.peer() as peer:
        peer.send(b'{"jsonrpc":"2.0","method":"flow.wait","params":{"timeout_s":60},"id":"w"}\n')
        wait_until(lambda: answers.waiting == 1)
    wait_until(lambda: answers.cancelled == 1)
    with server.peer() as peer:
        assert peer.ask("daemon.ping")["result"] == "pong"
    assert "reference" not in caplog.text


def test_what_a_client_began_is_finished_after_it_has_gone(
    server: Serving, answers: Answers
) -> None:
    with server.peer() as peer:
        peer.send(b'{"jsonrpc":"2.0","method":"test.slow"}\n' * 300)
    wait_until(lambda: answers.slow_done == 300)


def test_a_half_closed_client_gets_its_replies_and_is_closed(server: Serving) -> None:
    with server.peer() as peer:
        peer.send(b'{"jsonrpc":"2.0","method":"test.slow","id":1}\n' * 3)
        peer.socket.shutdown(socket.SHUT_WR)
        assert [peer.line()["result"] for _ in range(3)] == ["done"] * 3
        assert peer.line() is None


def test_more_requests_than_may_run_at_once_wait_their_turn(server: Serving) -> None:
    with server.peer() as peer:
        count = MAX_OUTSTANDING * 2 + 10
        request = '{"jsonrpc":"2.0","method":"test.slow","id":%d}\n'
        sender = threading.Thread(
            target=peer.send, args=("".join(request % n for n in range(count)).encode(),)
        )
        sender.start()
        assert {peer.line()["id"] for _ in range(count)} == set(range(count))
        sender.join()


def test_ten_thousand_pipelined_frames_are_all_answered(server: Serving) -> None:
    with server.peer() as peer:
        sender = threading.Thread(target=peer.send, args=(PING * 10_000,))
        sender.start()
        for _ in range(10_000):
            assert peer.line()["result"] == "pong"
        sender.join()


def test_five_hundred_clients_at_once(server: Serving) -> None:
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(server.peer()) for _ in range(500)]
        for peer in peers:
            peer.send(PING)
        assert all(peer.line()["result"] == "pong" for peer in peers)


def test_a_frame_of_the_largest_size_is_taken_and_a_byte_more_ends_the_connection(
    server: Serving,
) -> None:
    with server.peer() as peer:
        frame = PING[:-1].ljust(MAX_FRAME_BYTES - 1) + b"\n"
        peer.send(frame)
        assert peer.line()["result"] == "pong"

        peer.send(frame[:-1] + b" \n")
        reply = peer.line()
        assert reply["error"]["code"] == errors.FRAME_TOO_LARGE.code
        assert reply["error"]["data"]["limit"] == MAX_FRAME_BYTES
        assert reply["id"] is None
        assert peer.line() is None


def test_a_client_that_never_ends_its_line_is_told_and_cut_off(server: Serving) -> None:
    with server.peer() as peer:
        with contextlib.suppress(ConnectionError):
            for _ in range(3 * MAX_FRAME_BYTES // 65536):
                peer.send(b"x" * 65536)
        assert peer.line()["error"]["data"]["name"] == "FRAME_TOO_LARGE"


def _ask_for_much(peer: Peer) -> None:
    """Without ever reading; the server stops reading in its turn."""
    peer.socket.settimeout(0.2)
    with contextlib.suppress(OSError):
        for _ in range(2000):
            peer.send(b'{"jsonrpc":"2.0","method":"test.big","id":1}\n')


def test_a_client_that_never_reads_is_cut_off_and_harms_nobody(server: Serving) -> None:
    with server.peer() as greedy, server.peer() as healthy:
        _ask_for_much(greedy)
        slowest = 0.0
        for _ in range(200):
            begun = time.monotonic()
            assert healthy.ask("daemon.ping")["result"] == "pong"
            slowest = max(slowest, time.monotonic() - begun)
        assert slowest < 1.0
        wait_until(lambda: len(server.server._open) == 1, within=20)


def test_a_slow_client_gets_everything_beside_a_healthy_one(server: Serving) -> None:
    with server.peer() as slow, server.peer() as healthy:
        slow.send(b'{"jsonrpc":"2.0","method":"test.big","id":1}\n' * 8)
        for _ in range(8):
            assert healthy.ask("daemon.ping")["result"] == "pong"
            assert len(slow.line()["result"]) == BIG


def test_a_client_that_sends_a_byte_at_a_time_is_answered(server: Serving) -> None:
    with server.peer() as slow, server.peer() as healthy:
        for byte in PING:
            slow.send(bytes([byte]))
            assert healthy.ask("daemon.ping")["result"] == "pong"
        assert slow.line()["result"] == "pong"


def test_a_large_batch_holds_up_nobody(server: Serving) -> None:
    batch = json.dumps([{"jsonrpc": "2.0", "method": "daemon.hello", "id": n} for n in range(1000)])
    with server.peer() as peer, server.peer() as healthy:
        peer.send(batch.encode() + b"\n")
        begun = time.monotonic()
        assert healthy.ask("daemon.ping")["result"] == "pong"
        assert time.monotonic() - begun < 0.5
        assert len(peer.line()) == 1000


def test_a_batch_whose_reply_no_frame_can_hold_says_so_for_each_that_did_not_fit(
    server: Serving,
) -> None:
    batch = json.dumps([{"jsonrpc": "2.0", "method": "test.big", "id": n} for n in range(20)])
    with server.peer() as peer:
        peer.send(batch.encode() + b"\n")
        line = peer.lines.readline()
        assert len(line) <= MAX_FRAME_BYTES
        replies = json.loads(line)
        assert [reply["id"] for reply in replies] == list(range(20))
        large = [one for one in replies if "error" in one]
        assert 0 < len(large) < 20
        assert {one["error"]["data"]["name"] for one in large} == {"FRAME_TOO_LARGE"}


def test_what_breaks_inside_gives_a_reference_and_nothing_else(
    server: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    with server.peer() as peer:
        for method in ("test.fail", "test.cancel", "test.odd"):
            reply = peer.ask(method, id_=method)
            error = reply["error"]
            assert (error["code"], reply["id"]) == (errors.INTERNAL_ERROR.code, method)
            assert "secret" not in json.dumps(reply)
            assert f"reference {error['data']['reference']} in {method}" in caplog.text
        assert "a secret of the inside" in caplog.text
        assert peer.ask("daemon.ping")["result"] == "pong"


def test_a_file_name_that_is_no_utf8_still_gives_a_result(server: Serving) -> None:
    with server.peer() as peer:
        assert peer.ask("test.name")["result"] == "caf?.md"


def test_too_many_clients_are_told_and_closed_until_one_leaves(tmp_path: Path) -> None:
    with serving(tmp_path / "alvo.sock", max_connections=2) as server:
        first, second = server.peer(), server.peer()
        assert second.ask("daemon.ping")["result"] == first.ask("daemon.ping")["result"]
        with server.peer() as third:
            third.send(PING)
            reply = third.line()
            assert reply["error"]["data"]["name"] == "TOO_MANY_CONNECTIONS"
            assert reply["error"]["data"]["limit"] == 2
            assert third.line() is None
        first.close()

        def admitted() -> bool:
            with server.peer() as peer:
                return "result" in peer.ask("daemon.ping")

        wait_until(admitted)
        second.close()


def test_at_the_end_everyone_who_waits_is_told_and_the_socket_is_gone(
    tmp_path: Path, answers: Answers
) -> None:
    path = tmp_path / "alvo.sock"
    with serving(path, answers.table) as server:
        peer = server.peer()
        peer.send(b'{"jsonrpc":"2.0","method":"flow.wait","params":{"timeout_s":60},"id":"w"}\n')
        peer.send(b'{"jsonrpc":"2.0","method":"test.slow","id":"s"}\n')
        wait_until(lambda: answers.waiting == 1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    replies = {reply["id"]: reply for reply in (peer.line(), peer.line())}
    assert replies["w"]["error"]["data"]["name"] == "DAEMON_STOPPING"
    assert replies["s"]["result"] == "done"
    assert peer.line() is None
    assert not path.exists()
    peer.close()


def test_errors_speak_the_language_of_hello(server: Serving) -> None:
    with server.peer() as peer:
        english = peer.ask("nothing.there")["error"]
        peer.ask("daemon.hello", {"client": "test", "version": "1", "language": "pt_BR.UTF-8"})
        portuguese = peer.ask("nothing.there")["error"]
        peer.ask("daemon.hello", {"client": "test", "version": "1", "language": "xx"})
        other = peer.ask("nothing.there")["error"]

    assert english["message"] == other["message"] == "There is no method nothing.there."
    assert portuguese["message"] == "Não existe o método nothing.there."
    assert english["code"] == portuguese["code"]


@pytest.mark.parametrize(
    ("params", "field", "sentence"),
    [
        ({"client": "a", "version": "1", "x": 1}, "x", "there is no field “x”"),
        ({"client": "a"}, "version", "the field “version” is missing"),
        ({"client": 1, "version": "1"}, "client", "should be str, not int"),
        (["a"], "version", "the field “version” is missing"),
        (["a", "1", "en", 4], "params", "at most 3 parameters"),
        ({"client": "a", "version": "1", "\u202e": 1}, "<U+202E>", "there is no field “<U+202E>”"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_by_name(
    server: Serving, params: Any, field: str, sentence: str
) -> None:
    with server.peer() as peer:
        error = peer.ask("daemon.hello", params)["error"]

    assert error["code"] == errors.INVALID_PARAMS.code
    assert error["data"]["field"] == field
    assert sentence in error["message"]


def test_a_table_with_a_hole_names_it() -> None:
    table = Bindings()
    with pytest.raises(LookupError, match=r"flow\.start"):
        table.check_complete()


def test_a_method_cannot_be_bound_twice() -> None:
    table = Bindings()

    async def search(_caller: Caller, _params: SearchIndex) -> Any: ...

    table.bind(INDEX_SEARCH, search)
    with pytest.raises(ValueError, match="twice"):
        table.bind(INDEX_SEARCH, search)
