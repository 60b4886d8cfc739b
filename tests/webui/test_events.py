"""Events: every page gets each one once, whatever happens to the page, the bridge's pace, the daemon."""

import contextlib
import http.client
import json
import socket
import threading
import time
from typing import Any

import psutil
import pytest

from tests.support.waiting import wait_until
from tests.support.web import Web


class Page:
    """A page that follows events, on a thread of its own."""

    def __init__(self, web: Web, query: str = "", **headers: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.daemon: list[bool] = []
        self.beats = 0
        self._connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=90)
        given = {"Authorization": f"Bearer {web.token}", **headers}
        self._connection.request("GET", f"/api/v1/events{query}", headers=given)
        self._socket = self._connection.sock
        self._reply = self._connection.getresponse()
        assert self._reply.status == 200
        assert self._reply.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def seqs(self) -> list[int]:
        return [event["seq"] for event in self.events]

    def _read(self) -> None:
        kind = ""
        with contextlib.suppress(OSError, ValueError, AttributeError, http.client.HTTPException):
            while line := self._reply.readline().decode().rstrip("\n"):
                self._take(line, kind)
                kind = line[7:] if line.startswith("event: ") else ""
                while line and (line := self._reply.readline().decode().rstrip("\n")):
                    self._take(line, kind)

    def _take(self, line: str, kind: str) -> None:
        if line.startswith(":"):
            self.beats += 1
        if not line.startswith("data: "):
            return
        told = json.loads(line[6:])
        if kind == "daemon":
            self.daemon.append(told["reachable"])
        else:
            self.events.append(told)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._reply.close()


def task(web: Web, script: str) -> str:
    """A flow whose script was allowed."""
    with web.home.rpc() as rpc:
        flow = rpc("flow.start", question=f"!{script}", cwd=str(web.home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        return str(flow["id"])


def in_the_store(web: Web, flow_id: str) -> list[int]:
    with web.home.rpc() as rpc:
        return [event["seq"] for event in rpc.events(flow_id)]


def ended(page: Page) -> bool:
    return any(
        event["kind"] == "flow" and event["data"]["status"] in ("executed", "failed")
        for event in page.events
    )


def test_a_page_that_comes_late_gets_all_and_one_that_comes_again_the_rest(web: Web) -> None:
    flow_id = task(web, "echo one; echo two")
    page = Page(web, f"?flow_id={flow_id}")
    wait_until(lambda: ended(page))
    page.close()
    assert page.seqs == in_the_store(web, flow_id)
    middle = page.seqs[3]
    for again in (
        Page(web, f"?flow_id={flow_id}&after={middle}"),
        Page(web, f"?flow_id={flow_id}&after=0", **{"Last-Event-ID": str(middle)}),
    ):
        wait_until(lambda again=again: ended(again))
        again.close()
        assert again.seqs == page.seqs[4:]


def test_without_a_flow_a_page_gets_the_news_of_all(web: Web) -> None:
    before = task(web, "true")
    status = lambda: web.call("GET", f"/api/v1/flows/{before}").json["status"]  # noqa: E731
    wait_until(lambda: status() == "executed")
    page = Page(web)
    wait_until(lambda: web.call("GET", "/metrics").body.count(b"alvo_web_pages 1"))
    first, second = task(web, "true"), task(web, "true")
    wait_until(lambda: {e["flow_id"] for e in page.events} == {first, second} and ended(page))
    page.close()
    assert page.seqs == sorted(set(page.seqs))


@pytest.mark.slow
def test_fifty_pages_on_a_streaming_flow_lose_nothing_and_cost_little_memory(web: Web) -> None:
    with web.home.rpc() as rpc:
        flow = rpc("flow.start", question="!for i in $(seq 400); do echo line $i; sleep 0.01; done",
                   cwd=str(web.home.home))  # fmt: skip
        inquiry = rpc.inquiry(flow["id"])
        pages = [Page(web, f"?flow_id={flow['id']}") for _ in range(50)]
        before = psutil.Process(web.process.pid).memory_info().rss
        rpc.allow(inquiry)
        wait_until(lambda: all(ended(page) for page in pages), within=60)
    after = psutil.Process(web.process.pid).memory_info().rss
    expected = in_the_store(web, flow["id"])
    for page in pages:
        page.close()
        assert page.seqs == expected
    assert after - before < 24 * 1024 * 1024


@pytest.mark.slow
def test_a_daemon_that_is_killed_in_the_middle_of_a_stream_is_gone_on_with(web: Web) -> None:
    flow_id = task(web, "for i in $(seq 500); do echo line $i; sleep 0.02; done")
    page = Page(web, f"?flow_id={flow_id}")
    wait_until(lambda: len(page.events) > 10)
    web.home.kill()
    wait_until(lambda: page.daemon == [False])
    web.home.start()
    wait_until(lambda: page.daemon == [False, True])
    statuses = lambda: [e["data"]["status"] for e in page.events if e["kind"] == "flow"]  # noqa: E731
    wait_until(lambda: "interrupted" in statuses())
    page.close()
    assert page.seqs == in_the_store(web, flow_id)


@pytest.mark.slow
def test_a_page_that_does_not_read_is_let_go_and_holds_no_memory(web: Web) -> None:
    flow_id = task(web, "head -c 12000000 /dev/zero | tr '\\0' x | fold -w 1000")
    wait_until(
        lambda: web.call("GET", f"/api/v1/flows/{flow_id}").json["status"] == "executed", within=60
    )
    request = (
        f"GET /api/v1/events?flow_id={flow_id} HTTP/1.1\r\nHost: {web.host}\r\n"
        f"Authorization: Bearer {web.token}\r\n\r\n"
    )
    before = psutil.Process(web.process.pid).memory_info().rss
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(("127.0.0.1", web.port))
        lazy.sendall(request.encode())
        gone = lambda: b"alvo_web_pages 0" in web.call("GET", "/metrics").body  # noqa: E731
        wait_until(lambda: not gone(), within=5)
        begun = time.monotonic()
        wait_until(gone, within=40)
        assert time.monotonic() - begun > 10
    assert psutil.Process(web.process.pid).memory_info().rss - before < 60 * 1024 * 1024
    assert '"level": "error"' not in web.log()


def test_a_page_that_leaves_is_forgotten(web: Web) -> None:
    pages = [Page(web) for _ in range(5)]
    wait_until(lambda: b"alvo_web_pages 5" in web.call("GET", "/metrics").body)
    for page in pages:
        page.close()
    wait_until(lambda: b"alvo_web_pages 0" in web.call("GET", "/metrics").body)


def test_there_is_room_for_many_pages_and_the_next_is_told_so(web: Web) -> None:
    sockets = []
    request = f"GET /api/v1/events HTTP/1.1\r\nHost: {web.host}\r\nAuthorization: Bearer {web.token}\r\n\r\n"  # fmt: skip
    for _ in range(200):
        one = socket.create_connection(("127.0.0.1", web.port), timeout=20)
        one.sendall(request.encode())
        sockets.append(one)
    wait_until(lambda: b"alvo_web_pages 200" in web.call("GET", "/metrics").body)
    reply = web.call("GET", "/api/v1/events")
    assert (reply.status, reply.error) == (503, "WEB_BUSY")
    for one in sockets:
        one.close()
