"""What the program in front waits for, as the terminal's mode and `/proc` tell it."""

import os
import platform
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from daemon.protocol.values import Terminal
from daemon.shell.processes import PROC, Process, every_process, read_process
from daemon.shell.pty import BashPty, Mode

_ASLEEP: Final = frozenset("SD")
_PATIENCE_S: Final = 1.0
"""How long a program that cannot be looked into must have been silent to be taken for one that
waits."""
_THREADS_MAX: Final = 64
_POLLED_MAX: Final = 256
_POLLIN: Final = 1
_CONTROLLING: Final = os.makedev(5, 0)  # /dev/tty, whichever that is for the process


@dataclass(frozen=True, slots=True)
class _Calls:
    """The numbers of the system calls in which a program waits for input."""

    read: frozenset[int]
    poll: frozenset[int]
    select: frozenset[int]
    epoll: frozenset[int]


_GENERIC: Final = _Calls(
    read=frozenset({63, 65}),
    poll=frozenset({73}),
    select=frozenset({72}),
    epoll=frozenset({22, 441}),
)
_CALLS: Final = {
    "x86_64": _Calls(
        read=frozenset({0, 19}),
        poll=frozenset({7, 271}),
        select=frozenset({23, 270}),
        epoll=frozenset({232, 281, 441}),
    ),
    "aarch64": _GENERIC,
    "riscv64": _GENERIC,
}.get(platform.machine())


class _Sign(IntEnum):
    """What a process shows of itself, the surest last."""

    NOTHING = 0
    HIDDEN = 1
    LISTENS = 2
    READS = 3


def look(pty: BashPty, silent_s: float) -> Terminal | None:
    """Some 0.1 ms. `silent_s`: since when there was neither output nor input."""
    mode = pty.mode()
    if mode is None:
        return None
    if not mode.canonical:
        return Terminal.SCREEN
    if mode.pending:  # it has a line that it has not read yet
        return None
    device = os.fstat(pty.slave).st_rdev
    bash = pty.process_id
    in_front = _in_front(bash, pty.front())
    signs = (_sign(process, leaf, device, bash) for process, leaf in in_front)
    return _meaning(max(signs, default=_Sign.NOTHING), mode, silent_s)


def _meaning(sign: _Sign, mode: Mode, silent_s: float) -> Terminal | None:
    if sign is _Sign.NOTHING:
        return None
    if not mode.echo:
        return Terminal.PASSWORD
    if sign is _Sign.READS:
        return Terminal.LINE
    if sign is _Sign.HIDDEN and silent_s < _PATIENCE_S:
        return None
    return Terminal.PERHAPS


def _in_front(bash: int, group: int) -> Iterator[tuple[Process, bool]]:
    """The processes that the terminal's input is for, each with whether it has no children.

    Those of the foreground group; and what they started in a session of its own (`su` does), where
    no foreground counts.
    """
    waiting = [(bash, False)]
    while waiting:
        pid, inherits = waiting.pop()
        process = read_process(pid)
        if process is None or not process.alive:
            continue
        children = _children(pid)
        belongs = process.group == group or (inherits and process.session != bash)
        if belongs:
            yield process, not children
        waiting += [(child, belongs and pid != bash) for child in children]


def _children(pid: int) -> list[int]:
    """Of every thread; where the kernel does not list them, by looking at all processes."""
    found: list[int] = []
    try:
        for thread in os.listdir(PROC / str(pid) / "task")[:_THREADS_MAX]:  # noqa: PTH208
            found += map(int, (PROC / f"{pid}/task/{thread}/children").read_bytes().split())
    except FileNotFoundError:
        if (PROC / "self/task" / str(os.getpid()) / "children").exists():
            return found  # it has just ended
        return [process.pid for process in every_process() if process.parent == pid]
    except OSError:
        return found
    return found


def _sign(process: Process, leaf: bool, device: int, bash: int) -> _Sign:
    try:
        threads = os.listdir(PROC / str(process.pid) / "task")[:_THREADS_MAX]  # noqa: PTH208
        if _CALLS is not None:
            own = process.session == bash
            here = _Place(process.pid, device, own_terminal=own)
            return max((here.sign(thread, _CALLS) for thread in threads), default=_Sign.NOTHING)
    except FileNotFoundError:
        return _Sign.NOTHING
    except OSError:
        # Another user's, as under sudo. Its parent, which waits for it, must not stand for it.
        pass
    return _Sign.HIDDEN if leaf and process.state in _ASLEEP else _Sign.NOTHING


@dataclass(frozen=True, slots=True)
class _Place:
    """A process and the terminal. `own_terminal`: whether /dev/tty is that terminal for it."""

    pid: int
    device: int
    own_terminal: bool

    def sign(self, thread: str, calls: _Calls) -> _Sign:
        """OSError where the process may not be looked into."""
        words = (PROC / f"{self.pid}/task/{thread}/syscall").read_bytes().split()
        if len(words) < 7:  # "running", or in no call
            return _Sign.NOTHING
        number = int(words[0])
        first, second = (int(word, 16) for word in words[1:3])
        if number in calls.read:
            return _Sign.READS if self._is_terminal(first) else _Sign.NOTHING
        if number in calls.poll:
            polled = self._polled(first, second)
        elif number in calls.select:
            polled = self._selected(first, second)
        elif number in calls.epoll:
            polled = self._registered(first)
        else:
            return _Sign.NOTHING
        return _Sign.LISTENS if any(map(self._is_terminal, polled)) else _Sign.NOTHING

    def _is_terminal(self, descriptor: int) -> bool:
        try:
            device = os.stat(f"/proc/{self.pid}/fd/{descriptor}").st_rdev  # noqa: PTH116
        except FileNotFoundError:
            return False
        return device == self.device or (self.own_terminal and device == _CONTROLLING)

    def _polled(self, address: int, count: int) -> list[int]:
        """The descriptors of an array of `struct pollfd` that are asked about for input."""
        memory = self._memory(address, min(count, _POLLED_MAX) * 8)
        entries = struct.iter_unpack("=ihh", memory[: len(memory) // 8 * 8])
        return [descriptor for descriptor, events, _ in entries if events & _POLLIN]

    def _selected(self, count: int, address: int) -> list[int]:
        if not address:
            return []
        bits = int.from_bytes(
            self._memory(address, min(count, _POLLED_MAX) // 8 + 1), sys.byteorder
        )
        return [n for n in range(min(count, _POLLED_MAX)) if bits >> n & 1]

    def _registered(self, descriptor: int) -> list[int]:
        text = (PROC / f"{self.pid}/fdinfo/{descriptor}").read_text(errors="replace")
        lines = (line.split() for line in text.splitlines() if line.startswith("tfd:"))
        return [int(words[1]) for words in lines]

    def _memory(self, address: int, size: int) -> bytes:
        memory = os.open(f"/proc/{self.pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(memory, size, address)
        finally:
            os.close(memory)
