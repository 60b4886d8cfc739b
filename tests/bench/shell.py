"""What a command costs in a session, against bash started anew."""

import asyncio
import logging
import os
import pty
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from daemon.shell.preview import tried
from daemon.shell.session import Shell
from tests.bench.table import Row
from tests.support.bash_sessions import SETTINGS, TALK, approval
from tests.support.preview import LIMITS, around, is_possible

ROUNDS = 300
FLOOD = 200_000_000


def rows() -> list[Row]:
    # That this process is no child subreaper, as the daemon is, changes no figure.
    logging.getLogger("daemon.shell").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_measure(Path(directory)))


async def _measure(directory: Path) -> list[Row]:
    shell = Shell(SETTINGS, directory / "runtime", directory)
    try:
        return [
            await _start(shell, directory),
            await _command(shell, directory, ":", "builtin in a warm session, p50", 0.5),
            await _command(shell, directory, "/bin/true", "program in a warm session, p50", 3.0),
            await _first_byte(shell, directory),
            *await _flood(shell, directory),
            *await _preview(directory),
        ]
    finally:
        await shell.close()


async def _run(
    shell: Shell, directory: Path, script: str, on_output: Callable[[bytes], Awaitable[None]]
) -> None:
    cwd = shell.state(TALK, str(directory)).cwd
    await shell.run(approval(script, cwd=cwd), 0, on_output)


async def _preview(directory: Path) -> list[Row]:
    if not is_possible():
        return []
    home = directory / "home"
    home.mkdir()
    times = []
    for _ in range(20):
        began = time.perf_counter()
        async with tried(["true"], str(home), around(home), LIMITS):
            times.append(time.perf_counter() - began)
    alone = _bare_namespace()
    took = statistics.median(times) * 1000
    ratio = f"{took / alone:.2f} × the bare namespace ({alone:.2f} ms)"
    met = took <= 60.0 and took <= 3 * alone
    return [Row("preview of true, p50", f"{took:.2f} ms", "≤ 60 ms, ≤ 3 ×", ratio, met=met)]


def _bare_namespace() -> float:
    """Milliseconds of the same namespaces around the same bash, without an overlay or a list."""
    command = [
        "unshare",
        "-Urm",
        "bwrap",
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
    ]
    times = []
    for _ in range(20):
        began = time.perf_counter()
        subprocess.run([*command, "--unshare-all", "/bin/bash", "-c", "true"], check=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


async def _ignore(_: bytes) -> None: ...


async def _start(shell: Shell, directory: Path) -> Row:
    times = []
    for _ in range(20):
        began = time.perf_counter()
        await _run(shell, directory, ":", _ignore)
        times.append(time.perf_counter() - began)
        await shell.end(TALK)
    bare = _bare([":"])
    return _row("command in a new session, p50", times, "≤ 20 ms", 20.0, bare)


async def _command(shell: Shell, directory: Path, script: str, what: str, aim_ms: float) -> Row:
    await _run(shell, directory, ":", _ignore)
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await _run(shell, directory, script, _ignore)
        times.append(time.perf_counter() - began)
    return _row(what, times, f"≤ {aim_ms} ms", aim_ms, _bare([script]))


async def _first_byte(shell: Shell, directory: Path) -> Row:
    times = []
    began = 0.0

    async def on_output(_: bytes) -> None:
        times.append(time.perf_counter() - began)

    for _ in range(ROUNDS):
        began = time.perf_counter()
        await _run(shell, directory, "echo x", on_output)
    what = "yes to first byte, warm session, without the store's fsync, p50"
    return _row(what, times, "≤ 5 ms", 5.0, _bare(["echo x"]))


async def _flood(shell: Shell, directory: Path) -> list[Row]:
    total = 0

    async def count(data: bytes) -> None:
        nonlocal total
        total += len(data)

    before = _resident()
    began = time.perf_counter()
    await _run(shell, directory, f"head -c {FLOOD} /dev/zero", count)
    speed = total / (time.perf_counter() - began) / 1e6
    grown = (_resident() - before) / 1e6
    bare = await asyncio.to_thread(_bare_flood)
    return [
        Row(
            "output through the terminal",
            f"{speed:.0f} MB/s",
            "≥ 30 MB/s",
            f"{speed / bare:.2f} × a bare pty read ({bare:.0f} MB/s)",
            met=speed >= 30,
        ),
        Row(
            f"memory grown by {FLOOD // 1_000_000} MB of output",
            f"{grown:.1f} MB",
            "≤ 4 MB",
            met=grown <= 4,
        ),
    ]


def _row(what: str, times: list[float], aim: str, aim_ms: float, bare_ms: float) -> Row:
    took = statistics.median(times) * 1000
    ratio = f"{took / bare_ms:.2f} × bash -c anew ({bare_ms:.2f} ms)"
    return Row(what, f"{took:.2f} ms", aim, ratio, met=took <= aim_ms)


def _bare(script: list[str]) -> float:
    times = []
    for _ in range(30):
        began = time.perf_counter()
        subprocess.run(["/bin/bash", "--norc", "-c", *script], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def _bare_flood() -> float:
    """The same bytes through a bare pseudo-terminal, read as fast as Python can."""
    master, slave = pty.openpty()
    began = time.perf_counter()
    with subprocess.Popen(["head", "-c", str(FLOOD // 4), "/dev/zero"], stdout=slave):
        os.close(slave)
        total = 0
        while True:
            try:
                total += len(os.read(master, 65536))
            except OSError:
                break
    os.close(master)
    return total / (time.perf_counter() - began) / 1e6


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
