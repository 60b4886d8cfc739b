"""What the daemon costs: start, memory, and the way from a yes to the first byte of output."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.table import Row
from tests.support.daemon import Home, Rpc, a_home

STARTS = 5
ANSWERS = 40
SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "handbook"


def rows() -> list[Row]:
    return [*_start(), *_first_byte(), *_memory()]


def _start() -> list[Row]:
    took = list[float]()
    bare = list[float]()
    for _ in range(STARTS):
        bare.append(_bare())
        with a_home() as home:
            begun = time.perf_counter()
            home.start()
            took.append((time.perf_counter() - begun) * 1000)
    middle, reference = statistics.median(took), statistics.median(bare)
    return [
        Row(
            "alvod: start to first reply",
            f"{middle:.0f} ms",
            "≤ 400 ms",
            f"{middle / reference:.1f} × python -c pass",
            middle <= 400,
        )
    ]


def _bare() -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return (time.perf_counter() - begun) * 1000


def _memory() -> list[Row]:
    with a_home() as home:
        home.run("alvo-embed", "add", str(SAMPLE))
        daemon = home.start(ALVO_EMBEDDER_KIND="auto")
        before = _resident_mb(daemon.pid)
        with home.rpc() as rpc:
            flow = rpc("flow.start", question="How many days of leave are there?")
            rpc.follow(flow["id"], {"answered", "waiting", "failed"})
        after = _resident_mb(daemon.pid)
    return [
        Row(
            "alvod: resident before the first question",
            f"{before:.0f} MB",
            "≤ 55 MB",
            "",
            before <= 55,
        ),
        Row("alvod: resident after it", f"{after:.0f} MB", "≤ 300 MB", "", after <= 300),
    ]


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _first_byte() -> list[Row]:
    with a_home() as home:
        home.start()
        with home.rpc() as rpc:
            _until_output(rpc, home)
            took = statistics.median(_until_output(rpc, home) for _ in range(ANSWERS))
        fsync = _fsync_ms(home.place)
    # Between the yes and the byte there are three commits, and one before it can be read.
    commits = 4
    net = took - commits * fsync
    return [
        Row(
            "yes to first byte of output, warm session",
            f"{net:.1f} ms",
            "≤ 5 ms",
            f"+ {commits} × {fsync:.2f} ms of fsync",
            net <= 5,
        )
    ]


def _until_output(rpc: Rpc, home: Home) -> float:
    flow = rpc("flow.start", question="!echo x", cwd=str(home.home), conversation="bench")
    inquiry = rpc.inquiry(flow["id"])
    after = rpc.events(flow["id"])[-1]["seq"]
    begun = time.perf_counter()
    rpc.allow(inquiry)
    while True:
        events = rpc("flow.wait", flow_id=flow["id"], after=after, timeout_s=5)["events"]
        if any(event["kind"] == "output" for event in events):
            took = (time.perf_counter() - begun) * 1000
            break
        after = events[-1]["seq"]
    rpc.follow(flow["id"], {"executed"})
    return took


def _fsync_ms(place: Path) -> float:
    """What the disk itself asks for one small durable write."""
    took = list[float]()
    with (place / "fsync").open("wb") as file:
        for _ in range(30):
            file.write(json.dumps({"a": 1}).encode() * 200)
            file.flush()
            begun = time.perf_counter()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)
