"""The limits on what a preview may take, and the watch that ends it there."""

import asyncio
import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PAUSE_S: Final = 0.1
_MAX_PROCESSES: Final = 512
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of all its processes together, but for what one of them alone may take at most."""

    time_s: float = 10.0
    space_bytes: int = 512 * 1024 * 1024
    memory_bytes: int = 1024 * 1024 * 1024

    def own(self) -> list[str]:
        """Of each process, for bash to set first: what the kernel holds needs no watch."""
        space, memory = self.space_bytes // 1024, self.memory_bytes * 4 // 1024
        own = ["ulimit -c 0", f"ulimit -f {space}", f"ulimit -v {memory}"]
        # Before Linux 5.14 this counted all that the person runs, not what the namespace does.
        release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
        return [*own, f"ulimit -u {_MAX_PROCESSES * 2}"] if release >= (5, 14) else own


async def watch(pid: int, folder: Path, limits: Limits) -> str:
    """Returns the name of the limit that was passed; cancelled where none is."""
    loop = asyncio.get_running_loop()
    end = loop.time() + limits.time_s
    while True:
        await asyncio.sleep(min(_PAUSE_S, max(0.0, end - loop.time())))
        if loop.time() >= end:
            return "time"
        if await asyncio.to_thread(_memory, pid, limits.memory_bytes):
            return "memory"
        if await asyncio.to_thread(_space, folder, limits.space_bytes):
            return "space"


def _memory(pid: int, limit: int) -> bool:
    """Whether the tree takes more, or is of more processes than any plan needs."""
    left, seen, total = [pid], 0, 0
    while left:
        one = left.pop()
        seen += 1
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int(Path(f"/proc/{one}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
            for task in Path(f"/proc/{one}/task").iterdir():
                left += map(int, (task / "children").read_text(encoding="ascii").split())
        if total > limit or seen > _MAX_PROCESSES:
            return True
    return False


def _space(folder: Path, limit: int) -> bool:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(place, name).lstat().st_blocks * 512
        if total > limit:
            return True
    return False
