"""How soon a waiting command is told of, what looking costs, and how quick keys are."""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from daemon.protocol.values import Terminal
from daemon.shell.session import Shell
from daemon.shell.waiting import look
from tests.bench.daemon import _fsync_ms
from tests.bench.table import Row
from tests.support.bash_sessions import SETTINGS, TALK, approval
from tests.support.daemon import Home, Rpc, a_home
from tests.support.waiting import until

ROUNDS = 20
KEYS = 100
BUILTINS = 200
_ASK = "import getpass; getpass.getpass('Key: ')"


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        looks = asyncio.run(_look(Path(directory)))
    with a_home() as home:
        home.start()
        with home.rpc() as rpc:
            return [*looks, _prompt(rpc, home), _key(rpc, home), _builtin(rpc, home)]


async def _look(directory: Path) -> list[Row]:
    """At a password prompt three processes deep."""
    told: list[Terminal | None] = []

    async def on_wait(terminal: Terminal | None) -> None:
        told.append(terminal)

    async def ignore(_: bytes) -> None: ...

    shell = Shell(SETTINGS, directory / "runtime", directory)
    try:
        script = f'bash -c "{sys.executable} -c \\"{_ASK}\\"; true"'
        run = shell.run(approval(script, cwd=str(directory)), 0, ignore, on_wait=on_wait)
        task = asyncio.create_task(run)
        await until(lambda: told == [Terminal.PASSWORD])
        pty = shell._sessions[TALK]._pty
        took = [_timed(lambda: look(pty, 0.0)) for _ in range(300)]
        await shell.end(TALK)
        await task
    finally:
        await shell.close()
    middle = statistics.median(took)
    return [
        Row(
            "a look at what a command waits for, p50",
            f"{middle:.2f} ms",
            "≤ 0.5 ms",
            "",
            middle <= 0.5,
        )
    ]


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _allowed(rpc: Rpc, home: Home, script: str) -> tuple[str, int]:
    """A flow whose command was just allowed, and the last event before it."""
    flow = rpc("flow.start", question=f"!{script}", cwd=str(home.home), conversation="bench")
    inquiry = rpc.inquiry(flow["id"])
    after = rpc.events(flow["id"])[-1]["seq"]
    rpc.allow(inquiry)
    return flow["id"], after


def _until(rpc: Rpc, flow_id: str, after: int, kind: str, text: str = "") -> tuple[int, float]:
    while True:
        for event in rpc("flow.wait", flow_id=flow_id, after=after, timeout_s=5)["events"]:
            after = event["seq"]
            if event["kind"] == kind and text in str(event["data"].get("text", "")):
                return after, time.perf_counter()


def _prompt(rpc: Rpc, home: Home) -> Row:
    """From the moment the prompt can be read to the moment it is known to wait."""
    took = []
    for _ in range(ROUNDS):
        flow_id, after = _allowed(rpc, home, "read -s -p 'Key: ' x")
        after, seen = _until(rpc, flow_id, after, "output", "Key: ")
        _, known = _until(rpc, flow_id, after, "terminal")
        took.append((known - seen) * 1000)
        rpc("terminal.send", flow_id=flow_id, text="x\n", secret=True)
        rpc.follow(flow_id, {"executed"})
    middle = statistics.median(took)
    return Row(
        "prompt to its `terminal` event, p50", f"{middle:.0f} ms", "≤ 80 ms", "", middle <= 80
    )


def _key(rpc: Rpc, home: Home) -> Row:
    """A key to a program with the screen, and its echo back: one commit lies between."""
    flow_id, after = _allowed(rpc, home, "stty raw; echo on; cat")
    after, _ = _until(rpc, flow_id, after, "output", "on")
    took = []
    for _ in range(KEYS):
        begun = time.perf_counter()
        rpc("terminal.send", flow_id=flow_id, text="k")
        after, seen = _until(rpc, flow_id, after, "output", "k")
        took.append((seen - begun) * 1000)
    rpc("flow.cancel", flow_id=flow_id)
    fsync = _fsync_ms(home.place)
    middle = statistics.median(took)
    return Row(
        "a key and its echo over the socket, p50",
        f"{middle:.1f} ms",
        "≤ 10 ms",
        f"with {fsync:.2f} ms of fsync",
        middle <= 10,
    )


def _builtin(rpc: Rpc, home: Home) -> Row:
    """What bash and the daemon report of `:`, the way through the terminal included."""
    took = []
    for _ in range(BUILTINS):
        flow_id, _ = _allowed(rpc, home, ":")
        flow = rpc.follow(flow_id, {"executed"})
        took.append(flow["plan"][0]["took_ms"])
    middle = statistics.median(took)
    return Row(
        "builtin in a warm session, as the flow tells, p50",
        f"{middle:.2f} ms",
        "≤ 1 ms",
        "",
        middle <= 1,
    )
