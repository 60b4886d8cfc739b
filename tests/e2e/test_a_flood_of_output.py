"""A command that prints without end: memory stays flat, others are served, what is kept is told."""

import statistics
import threading
import time
from pathlib import Path

import pytest

from tests.support.daemon import Home

pytestmark = pytest.mark.slow

LINE = "a line of ordinary text, as a program would print it\n"


def peak_mb(pid: int) -> float:
    """The most memory that the process has had at once."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def asked_meanwhile(home: Home, done: threading.Event, took: list[float]) -> None:
    with home.rpc() as rpc:
        while not done.wait(0.005):
            begun = time.perf_counter()
            rpc("flow.list")
            took.append(time.perf_counter() - begun)


@pytest.mark.parametrize(("size", "limit"), [(100_000_000, 8_388_608), (40_000_000, 1_000_000_000)])
def test_a_flood_takes_no_memory_and_nobody_waits_for_it(home: Home, size: int, limit: int) -> None:
    daemon = home.start(ALVO_SHELL_OUTPUT_LIMIT_BYTES=str(limit))
    with home.rpc() as rpc:
        flow = rpc("flow.start", question=f"!yes '{LINE[:-1]}' | head -c {size}", conversation="c")
        inquiry = rpc.inquiry(flow["id"])
        before = peak_mb(daemon.pid)
        done, took = threading.Event(), list[float]()
        other = threading.Thread(target=asked_meanwhile, args=(home, done, took))
        other.start()
        try:
            rpc.allow(inquiry)
            kept = followed(home, flow["id"])
        finally:
            done.set()
            other.join()
        # Twice what the limit lets it keep of the tail, what waits for the disk, and one reply.
        assert peak_mb(daemon.pid) - before < 40
        # The aim is 20 ms for the slowest (`make bench`); here the machine may be busy.
        assert statistics.median(took) < 0.05
        assert max(took) < 1.0
        whole = LINE * (size // len(LINE) + 1)
        if size <= limit:
            assert kept == whole[:size]
        else:
            head, missing, tail = (
                kept.partition("\n… ")[0],
                *kept.partition("\n… ")[2].split(" …\n"),
            )
            assert whole.startswith(head)
            assert whole[:size].endswith(tail)
            assert len(head) + int(missing) + len(tail) == size
            assert len(kept) < limit + 100_000


def followed(home: Home, flow_id: str) -> str:
    """As a client that shows it all."""
    pieces, after = list[str](), 0
    with home.rpc() as rpc:
        while True:
            told = rpc("flow.wait", flow_id=flow_id, after=after, timeout_s=20)
            for event in told["events"]:
                after = event["seq"]
                if event["kind"] == "output":
                    pieces.append(event["data"]["text"])
            if not told["more"] and told["flow"]["status"] not in ("waiting", "executing"):
                assert told["flow"]["status"] == "executed"
                return "".join(pieces)
