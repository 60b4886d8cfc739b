"""Ends every process of a session, also those that tried to get away."""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final

from daemon.shell.marks import incarnation_of, is_marked, mark_number, mark_of
from daemon.shell.processes import (
    PROC,
    Process,
    boot_id,
    command_line,
    every_process,
    read_process,
    with_descendants,
)
from daemon.shell.scope import directories, kill, scope_named, scope_of
from daemon.shell.values import ProcessLine, SessionMarker, Swept

GRACE_S: Final = 1.0
"""How long a process may take to end by itself after SIGTERM."""
_KILL_S: Final = 2.0
_CALM_LOOKS: Final = 5
_CALM_S: Final = 0.002
_PR_GET_CHILD_SUBREAPER: Final = 37


def is_subreaper() -> bool:
    """Whether orphans of sessions become children of this process, and not of init."""
    value = ctypes.c_int(0)
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(value), 0, 0, 0) == 0 and bool(value)


def members(*markers: SessionMarker) -> list[Process]:
    """The living processes of sessions: by mark, variable, scope, terminal session and ancestry.

    However many the sessions are, every process is looked at once.
    """
    everything = every_process()
    wanted = _Wanted(markers)
    seeds = [process for process in everything if wanted.has(process)]
    own = os.getpid()
    return [p for p in with_descendants(seeds, everything) if p.alive and p.pid != own]


class _Wanted:
    """Sessions, by each of the things that a process of theirs may be known by."""

    def __init__(self, markers: Collection[SessionMarker]) -> None:
        self._bashes = {marker.pid: marker for marker in markers}
        self._incarnations = {marker.incarnation: marker.started for marker in markers}
        self._scopes = {scope_named(m.incarnation): m.started for m in markers}
        self._numbers = {mark_number(m.incarnation): m.started for m in markers}
        self._oldest = min((marker.started for marker in markers), default=0)

    def has(self, process: Process) -> bool:
        if process.started < self._oldest:
            return False
        bash = self._bashes.get(process.pid)
        if bash is not None:
            return process.started == bash.started
        leader = self._bashes.get(process.session)
        if leader is not None and process.started >= leader.started:
            # A number in use as session id is not given to a new process: this is still ours,
            # unless a younger process with our bash's pid leads that session.
            found = read_process(leader.pid)
            return found is None or found.started == leader.started
        since = self._since(process.pid)
        return since is not None and process.started >= since

    def _since(self, pid: int) -> int | None:
        """When the session began whose mark, variable or scope a process has."""
        since = None
        with contextlib.suppress(OSError):
            mark = mark_of(pid)
            if mark is None and is_marked(pid):
                return 0  # who lowered their mark hides whose they are: they end with any session
            since = None if mark is None else self._numbers.get(mark)
            if since is None:
                since = self._incarnations.get(incarnation_of(pid) or "")
        # Also of those whose environment we may not read, because they are the superuser's.
        return self._scopes.get(scope_of(pid) or "") if since is None else since


def end_members(find: Callable[[], list[Process]], leaders: Collection[int]) -> Swept:
    """Blocks until nothing that `find` finds is alive, or it cannot be ended.

    All are frozen first: a shell whose child is ended would else go on to its next command.
    The leaders, our own bashes, are killed at once for the same reason.
    """
    seen: dict[tuple[int, int], ProcessLine] = {}
    rounds = ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, _KILL_S))
    alive = find()
    scopes = directories([process.pid for process in alive])
    for number, patience in rounds:
        if number is signal.SIGKILL:
            # Those too that we may not signal, because they are the superuser's.
            _kill_all(scopes)
        told: set[tuple[int, int]] = set()
        end = time.monotonic() + patience
        pause = 0.002
        while alive:
            new = [p for p in alive if (p.pid, p.started) not in told]
            for process in new:
                told.add((process.pid, process.started))
                seen.setdefault(
                    (process.pid, process.started),
                    ProcessLine(process.pid, command_line(process.pid)),
                )
            _tell(new, number, leaders)
            if time.monotonic() > end:
                break
            time.sleep(pause)
            pause = min(pause * 2, 0.1)
            alive = find()
        if not alive:
            break
    # And whoever was quicker than every look.
    _kill_all(scopes)
    remaining = {(p.pid, p.started) for p in alive}
    return Swept(
        ended=tuple(line for key, line in seen.items() if key not in remaining),
        left=tuple(line for key, line in seen.items() if key in remaining),
    )


def _kill_all(scopes: Collection[Path]) -> None:
    for directory in scopes:
        kill(directory)


def _tell(processes: list[Process], number: signal.Signals, leaders: Collection[int]) -> None:
    # Parents first: a shell with job control goes on when its child is stopped.
    for process in sorted(processes, key=_depth(processes)):
        _send(process, signal.SIGSTOP)
    followers = [p for p in processes if p.pid not in leaders]
    for process in followers:
        _send(process, number)
    for process in processes:
        if process.pid in leaders:
            _send(process, signal.SIGKILL)
    for process in followers:
        _send(process, signal.SIGCONT)


def _depth(processes: list[Process]) -> Callable[[Process], int]:
    """How many of the processes are ancestors of one of them."""
    parents = {process.pid: process.parent for process in processes}

    def depth(process: Process) -> int:
        count, ancestor = 0, process.parent
        while ancestor in parents and count < len(parents):
            count, ancestor = count + 1, parents[ancestor]
        return count

    return depth


def _send(process: Process, number: signal.Signals) -> None:
    """To exactly this process: a pid may have passed to another one meanwhile."""
    with contextlib.suppress(OSError):
        descriptor = os.pidfd_open(process.pid)
        try:
            now = read_process(process.pid)
            if now is not None and now.started == process.started:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def end_session(marker: SessionMarker) -> Swept:
    """Everything of one session of this daemon; blocks as `end_members` does."""
    swept = end_members(lambda: members(marker), {marker.pid})
    known = {marker.pid, *(line.pid for line in (*swept.ended, *swept.left))}
    fled = _chase(marker, known)
    return Swept((*swept.ended, *fled.ended), (*swept.left, *fled.left))


def _chase(marker: SessionMarker, known: Collection[int]) -> Swept:
    """Ends who forks and leaves faster than every process can be looked at.

    Each of its steps becomes a child of ours when the one before it dies: the dead tell of it, and
    our latest child is it. Without a trace of such a one nothing is waited for.
    """
    number = mark_number(marker.incarnation)
    seen = set(known)
    line: ProcessLine | None = None
    end = time.monotonic() + _KILL_S
    calm = 0
    while calm < _CALM_LOOKS:
        fleeing = [pid for pid in _own_children() if pid not in seen and _has_mark(pid, number)]
        if not fleeing and line is None:
            return Swept((), ())
        seen.update(fleeing)
        for pid in fleeing:
            line = ProcessLine(pid, command_line(pid))
            _kill_child(pid, number)
        calm = 0 if fleeing else calm + 1
        if calm:
            time.sleep(_CALM_S)
        elif line is not None and time.monotonic() > end:
            return Swept((), (line,))
    return Swept((line,) if line is not None else (), ())


def _kill_child(pid: int, number: int) -> None:
    """By a handle of its own: once it is buried its number may be another's."""
    with contextlib.suppress(OSError):
        descriptor = os.pidfd_open(pid)
        try:
            if _has_mark(pid, number):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
        finally:
            os.close(descriptor)


def _has_mark(pid: int, number: int) -> bool:
    """Who lowered their mark hides whose they are: they end with any session."""
    try:
        mark = mark_of(pid)
        return mark == number or (mark is None and is_marked(pid))
    except OSError:
        return False


def leaves_traces(marker: SessionMarker) -> bool:
    """Whether anything but its bash may live in a session; cheap, so now and then a false yes."""
    bash, own = _children(marker.pid), _children(os.getpid())
    if bash or bash is None or own is None:
        return True
    number = mark_number(marker.incarnation)
    return any(pid != marker.pid and _has_mark(pid, number) for pid in own)


def _own_children() -> list[int]:
    """Orphans are given to our first thread; empty where the kernel does not list them."""
    return _children(os.getpid()) or []


def _children(pid: int) -> list[int] | None:
    """Of its first thread; None where the kernel does not list them."""
    try:
        return list(map(int, (PROC / f"{pid}/task/{pid}/children").read_bytes().split()))
    except OSError:
        return None


async def sweep(markers: Iterable[SessionMarker]) -> Swept:
    """After a crash: ends what survived of the recorded sessions. What it cannot end, it lists."""
    here = boot_id()
    known = [marker for marker in markers if marker.boot == here]
    if not known:
        return Swept((), ())

    leaders = {
        marker.pid
        for marker in known
        if (bash := read_process(marker.pid)) is not None and bash.started == marker.started
    }
    return await asyncio.to_thread(end_members, lambda: members(*known), leaders)


def reap_adopted(bashes: Collection[int]) -> int:
    """Buries orphans of sessions that died as our children; the sessions bury their own bashes."""
    own = os.getpid()
    buried = 0
    for process in every_process():
        if process.alive or process.parent != own or process.pid in bashes:
            continue
        with contextlib.suppress(OSError):
            # Only what bears a mark: any other dead child is somebody else's to wait for.
            if is_marked(process.pid):
                buried += os.waitpid(process.pid, os.WNOHANG)[0] != 0
    return buried
