"""The socket's speed, beside a raw asyncio echo in the same run."""

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.table import Row

ROUNDS = 5
TRIPS = 3_000
PIPELINED = 20_000
OUTSTANDING = 64
ROOT = Path(__file__).parents[2]

PING = b'{"jsonrpc":"2.0","method":"daemon.ping","id":1}\n'
AIM_RATIO = 3.0
AIM_RATE = 10_000


def rows() -> list[Row]:
    """Round trip and pipelined rate; both servers take turns, as the machine drifts."""
    trips = []
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        echo = stack.enter_context(_server("echo", directory))
        rpc = stack.enter_context(_server("rpc", directory))
        stack.enter_context(_on_one_core())
        trips = [(_trip(echo), _trip(rpc)) for _ in range(ROUNDS)]
        rate = statistics.median(_rate(rpc) for _ in range(ROUNDS))
    # The quietest rounds: a neighbour on the machine only ever adds.
    raw, ours = (min(column) for column in zip(*trips, strict=True))
    return [
        Row(
            "round trip over the socket, p50",
            f"{ours:.0f} µs",
            f"≤ {AIM_RATIO:.0f} × a raw asyncio echo",
            f"{ours / raw:.1f} × {raw:.0f} µs",
            ours / raw <= AIM_RATIO,
        ),
        Row(
            f"requests pipelined, {OUTSTANDING} outstanding",
            f"{rate:,.0f}/s",
            f"≥ {AIM_RATE:,}/s",
            f"{rate * ours / 1e6:.1f} × one at a time",
            rate >= AIM_RATE,
        ),
    ]


@contextlib.contextmanager
def _on_one_core() -> Iterator[None]:
    """Client here, servers on another core: whether the two share one is luck, and worth a factor."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _trip(path: Path) -> float:
    """The median microseconds of a request and its reply, one client, one outstanding."""
    took = []
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))
        for _ in range(TRIPS):
            begun = time.perf_counter_ns()
            peer.sendall(PING)
            while not peer.recv(4096).endswith(b"\n"):
                pass
            took.append(time.perf_counter_ns() - begun)
    return statistics.median(took) / 1000


def _rate(path: Path) -> float:
    """Requests a second with a window of them always under way."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))
        sent = done = 0
        begun = time.perf_counter()
        while done < PIPELINED:
            more = min(OUTSTANDING - (sent - done), PIPELINED - sent)
            if more:
                peer.sendall(PING * more)
                sent += more
            done += peer.recv(65536).count(b"\n")
        return PIPELINED / (time.perf_counter() - begun)


@contextlib.contextmanager
def _server(kind: str, directory: Path) -> Iterator[Path]:
    path = directory / f"{kind}.sock"
    command = [sys.executable, "-m", "tests.bench.rpc", kind, str(path)]
    with subprocess.Popen(command, cwd=ROOT) as serving:
        try:
            end = time.monotonic() + 20
            while not path.exists() and time.monotonic() < end:
                time.sleep(0.02)
            time.sleep(0.1)
            yield path
        finally:
            serving.terminate()


class _Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)  # type: ignore[attr-defined]


async def _serve_echo(path: str) -> None:
    server = await asyncio.get_running_loop().create_unix_server(_Echo, path)
    await server.serve_forever()


async def _serve_rpc(path: str) -> None:
    from daemon.rpc.binding import Bindings
    from daemon.rpc.place import Place
    from daemon.rpc.server import RpcServer

    await RpcServer(Bindings(), Place(Path(path)), descends=lambda _pid: False).serve()
    await asyncio.Event().wait()


def _serve(kind: str, path: str) -> None:
    """The echo on asyncio's own loop; ours on the daemon's."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    if kind == "echo":
        asyncio.run(_serve_echo(path))
    else:
        import uvloop

        uvloop.run(_serve_rpc(path))


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2])
