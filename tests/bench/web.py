"""The bridge: what it adds to a call over the socket, how many it serves, fifty pages on one flow."""

import selectors
import socket
import statistics
import threading
import time

import psutil

from tests.bench.table import Row
from tests.support.daemon import Home, a_home
from tests.support.web import Web, a_bridge

TRIPS = 2_000
CALLS = 15_000
ROUNDS = 5
OUTSTANDING = 32
PAGES = 50
LINES = 400
WARM_UP = 300
PING = b'{"jsonrpc":"2.0","method":"daemon.ping","id":1}'
AIM_OVERHEAD_US = 1_000
AIM_RATE = 3_000
AIM_PAGES_BYTES = 24 * 1024 * 1024


def rows() -> list[Row]:
    with a_home() as home:
        home.start()
        with a_bridge(home) as web:
            socket_us, bridge_us = _socket_trip(home), _trip(web)
            rate = _rate(web)
            lost, grown, took_s = _pages(web)
    overhead = bridge_us - socket_us
    return [
        Row(
            "POST /rpc beyond the same call over the socket, p50",
            f"{overhead:.0f} µs",
            f"≤ {AIM_OVERHEAD_US} µs",
            f"{bridge_us / socket_us:.1f} × {socket_us:.0f} µs",
            overhead <= AIM_OVERHEAD_US,
        ),
        Row(
            f"POST /rpc, {OUTSTANDING} connections",
            f"{rate:,.0f}/s",
            f"≥ {AIM_RATE:,}/s",
            f"{rate * bridge_us / 1e6:.1f} × one at a time",
            rate >= AIM_RATE,
        ),
        Row(
            f"{PAGES} pages on one streaming flow: events lost",
            f"{lost}",
            "0",
            f"{took_s:.1f} s, {grown / 2**20:.1f} MB more memory",
            lost == 0 and grown <= AIM_PAGES_BYTES,
        ),
    ]


def _socket_trip(home: Home) -> float:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(home.socket))
        return _median(peer, PING + b"\n", b"\n")


def _trip(web: Web) -> float:
    with _connected(web) as peer:
        return _median(peer, _request(web), b"}")


def _median(peer: socket.socket, request: bytes, end: bytes) -> float:
    """Microseconds; the first trips are not counted."""
    took = []
    for _ in range(WARM_UP + TRIPS):
        begun = time.perf_counter_ns()
        peer.sendall(request)
        while not peer.recv(65536).endswith(end):
            pass
        took.append(time.perf_counter_ns() - begun)
    return statistics.median(took[WARM_UP:]) / 1000


def _rate(web: Web) -> float:
    """Requests a second over connections that each have one under way."""
    request = _request(web)
    peers = [_connected(web) for _ in range(OUTSTANDING)]
    waiting = selectors.DefaultSelector()
    for peer in peers:
        waiting.register(peer, selectors.EVENT_READ)
        peer.sendall(request)
    begun = time.perf_counter()
    done, rates = 0, list[float]()
    while done < CALLS:
        for key, _ in waiting.select():
            peer = key.fileobj
            assert isinstance(peer, socket.socket)
            if peer.recv(65536).endswith(b"}"):
                done += 1
                peer.sendall(request)
        if done >= CALLS * (len(rates) + 1) // ROUNDS:
            rates.append(CALLS / ROUNDS / (time.perf_counter() - begun))
            begun = time.perf_counter()
    waiting.close()
    for peer in peers:
        peer.close()
    # The quietest round: a neighbour on the machine only ever adds.
    return max(rates)


def _pages(web: Web) -> tuple[int, int, float]:
    """Events lost, memory grown by, seconds from the yes to the last page's last event."""
    with web.home.rpc() as rpc:
        script = f"!for i in $(seq {LINES}); do echo line $i; sleep 0.005; done"
        flow = rpc("flow.start", question=script, cwd=str(web.home.home))
        inquiry = rpc.inquiry(flow["id"])
        bridge = psutil.Process(web.process.pid)
        before = bridge.memory_info().rss
        found: list[list[int]] = [[] for _ in range(PAGES)]
        threads = [
            threading.Thread(target=_follow, args=(web, flow["id"], seqs), daemon=True)
            for seqs in found
        ]
        for thread in threads:
            thread.start()
        begun = time.perf_counter()
        rpc.allow(inquiry)
        for thread in threads:
            thread.join(60)
        took = time.perf_counter() - begun
        grown = bridge.memory_info().rss - before
        expected = [event["seq"] for event in rpc.events(flow["id"])]
    return sum(len(set(expected) ^ set(seqs)) for seqs in found), grown, took


def _follow(web: Web, flow_id: str, seqs: list[int]) -> None:
    request = f"GET /api/v1/events?flow_id={flow_id} HTTP/1.1\r\n{_head(web)}\r\n"
    with _connected(web) as peer, peer.makefile("rb") as lines:
        peer.sendall(request.encode())
        for line in lines:
            if line.startswith(b"id: "):
                seqs.append(int(line[4:]))
            if b'"status":"executed"' in line and b'"kind":"flow"' in line:
                return


def _connected(web: Web) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", web.port), timeout=60)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def _head(web: Web) -> str:
    return f"Host: {web.host}\r\nAuthorization: Bearer {web.token}\r\n"


def _request(web: Web) -> bytes:
    head = f"POST /rpc HTTP/1.1\r\n{_head(web)}Content-Type: application/json\r\n"
    return f"{head}Content-Length: {len(PING)}\r\n\r\n".encode() + PING
