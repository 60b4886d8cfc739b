"""A command's output on its whole way to a client that follows it, and what others notice of it."""

import contextlib
import os
import pty
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from client.connection import Connection
from client.words import Words
from tests.bench.table import Row
from tests.support.daemon import Home, a_home

KEPT = 8_000_000
FLOOD = 100_000_000
ROUNDS = 5
BUILTINS = 40
OTHERS = ("daemon.ping", "flow.list")
_PAUSE_S = 0.002
_LINES = "yes 'a line of ordinary text, as a program would print it' | head -c {}"


def rows() -> list[Row]:
    with a_home() as home:
        daemon = home.start()
        _followed(home, "true")
        return [_kept(home), *_flood(home, daemon.pid), *_builtin()]


def _kept(home: Home) -> Row:
    """All of it goes through the store; by turns with the bare terminal, as the machine drifts."""
    pairs = [(_bare_mb_s(KEPT), _mb_s(home, KEPT)) for _ in range(ROUNDS)]
    bare, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Row(
        f"output kept whole, {KEPT // 1_000_000} MB: bash, terminal, store, socket, client",
        f"{ours:.0f} MB/s",
        "≥ 30 MB/s",
        f"{ours / bare:.2f} × a bare pty read ({bare:.0f} MB/s)",
        ours >= 30,
    )


def _flood(home: Home, daemon: int) -> list[Row]:
    """Beyond the limit; a second client asks all the while, and once more when all is quiet."""
    quiet = _asking(home, lambda: time.sleep(1))
    before = _resident_mb(daemon)
    speed = list[float]()
    took = _asking(home, lambda: speed.append(_mb_s(home, FLOOD)))
    grown = _resident_mb(daemon) - before
    bare = _bare_mb_s(FLOOD)
    megabytes = f"{FLOOD // 1_000_000} MB"
    return [
        Row(
            f"output beyond the limit, {megabytes}, the same way",
            f"{speed[0]:.0f} MB/s",
            "≥ 30 MB/s",
            f"{speed[0] / bare:.2f} × a bare pty read ({bare:.0f} MB/s)",
            speed[0] >= 30,
        ),
        Row(f"memory of alvod grown by {megabytes}", f"{grown:.0f} MB", "≤ 32 MB", "", grown <= 32),
        *(_others(name, took[name], quiet[name], megabytes) for name in OTHERS),
    ]


def _others(name: str, took: list[float], quiet: list[float], megabytes: str) -> Row:
    slowest, p99, calm = max(took), _p99(took), _p99(quiet)
    return Row(
        f"{name} of another client while {megabytes} pour out, slowest of {len(took)}",
        f"{slowest:.1f} ms",
        "≤ 20 ms",
        f"p99 {p99:.1f} ms; when all is quiet {calm:.1f} ms",
        slowest <= 20,
    )


def _p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98]


def _builtin() -> list[Row]:
    """With the store in memory: what is left is everything but fsync, which is the disk's alone.

    Of the first: bash and its terminal, one commit, and the way to the client's eyes.
    """
    with tempfile.TemporaryDirectory(prefix="alvo-", dir="/dev/shm") as place:
        home = Home(Path(place))
        home.start()
        try:
            _followed(home, ":")
            # The quietest rounds: a neighbour on the machine only ever adds.
            rounds = [[_followed(home, ":") for _ in range(BUILTINS)] for _ in range(ROUNDS)]
        finally:
            home.stop()
    middles = [
        [statistics.median(column) for column in zip(*pairs, strict=True)] for pairs in rounds
    ]
    command, whole = (min(column) * 1000 for column in zip(*middles, strict=True))
    bare = min(_bare_bash_ms() for _ in range(ROUNDS))
    return [
        Row(
            "builtin in a warm session, its start to its end as a client sees them, p50",
            f"{command:.2f} ms",
            "≤ 1 ms",
            f"{command / bare:.2f} × bash -c anew ({bare:.2f} ms); + 1 fsync",
            command <= 1,
        ),
        Row(
            "the same from the yes: looked at again, granted, used up, run, recorded, p50",
            f"{whole:.2f} ms",
            "",
            f"{whole / bare:.2f} × bash -c anew; + 3 fsync",
        ),
    ]


def _mb_s(home: Home, size: int) -> float:
    return size / _followed(home, _LINES.format(size))[1] / 1e6


def _followed(home: Home, script: str) -> tuple[float, float]:
    """Seconds to the command's end, read by the connection of one-shot commands: from its start,
    and from the yes.
    """
    with contextlib.closing(Connection(str(home.socket), Words("en"), "bench")) as client:
        given = {"question": f"!{script}", "cwd": str(home.home), "conversation": "bench"}
        flow_id = client.call("flow.start", given).id
        told, after = client.call("flow.wait", {"flow_id": flow_id}), 0
        while told.flow.status != "waiting":
            after = told.events[-1].seq if told.events else after
            told = client.call("flow.wait", {"flow_id": flow_id, "after": after})
        inquiry = client.call("inquiry.get", {"inquiry_id": told.flow.inquiry})
        after = told.events[-1].seq if told.events else after
        answer = {"inquiry_id": inquiry.id, "decision": "allow", "digest": inquiry.digest}
        said = begun = ended = time.perf_counter()
        client.call("inquiry.answer", answer)
        while told.more or told.flow.status in ("waiting", "executing"):
            before = time.perf_counter()
            wanted = {"flow_id": flow_id, "after": after, "timeout_s": 20}
            told = client.call("flow.wait", wanted, 20)
            after = told.events[-1].seq if told.events else after
            states = [event.data.status for event in told.events if event.kind == "command"]
            if states:
                ended = time.perf_counter()
            if "running" in states:
                # Both in one reply: the client cannot tell, so it is no less than this.
                begun = before if len(states) > 1 else ended
    return ended - begun, ended - said


def _asking(home: Home, meanwhile: Callable[[], object]) -> dict[str, list[float]]:
    """Milliseconds of each round trip of a second client while that is done."""
    took: dict[str, list[float]] = {name: [] for name in OTHERS}
    done = threading.Event()

    def ask() -> None:
        with home.rpc() as rpc:
            while not done.wait(_PAUSE_S):
                for name in OTHERS:
                    begun = time.perf_counter()
                    rpc(name)
                    took[name].append((time.perf_counter() - begun) * 1000)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        meanwhile()
    finally:
        done.set()
        asking.join()
    return took


def _bare_mb_s(size: int) -> float:
    """The same bytes through a bare pseudo-terminal, read as fast as Python can."""
    master, slave = pty.openpty()
    begun = time.perf_counter()
    script = _LINES.format(size)
    with subprocess.Popen(["/bin/bash", "--norc", "-c", script], stdout=slave):
        os.close(slave)
        total = 0
        while True:
            try:
                total += len(os.read(master, 65536))
            except OSError:
                break
    os.close(master)
    return total / (time.perf_counter() - begun) / 1e6


def _bare_bash_ms() -> float:
    took = list[float]()
    for _ in range(20):
        begun = time.perf_counter()
        subprocess.run(["/bin/bash", "--norc", "-c", ":"], check=True)
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
