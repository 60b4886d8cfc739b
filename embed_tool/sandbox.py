"""What the parsing child takes from itself before it sees a file: network, files, other processes."""

import contextlib
import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000

_LANDLOCK_CREATE: Final = 444
_LANDLOCK_ADD: Final = 445
_LANDLOCK_RESTRICT: Final = 446
_LANDLOCK_VERSION: Final = 1
_LANDLOCK_PATH_BENEATH: Final = 1
_READ: Final = 0b1100
"""Of Landlock's rights: read a file, list a directory."""


@dataclass(frozen=True, slots=True)
class Guards:
    """Which of the guards took hold; the limits on time, memory and files always do."""

    namespace: bool = False
    landlock: bool = False
    seccomp: bool = False

    @property
    def offline(self) -> bool:
        """No way to the network or to another program's socket."""
        return self.seccomp or self.namespace


def confine(memory_bytes: int) -> Guards:
    """Confines this process for good. Call it in a process of one thread, before any input."""
    libc = ctypes.CDLL(None, use_errno=True)
    _limit(memory_bytes)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    # Ubuntu refuses the second half of this to programs without a profile; seccomp then remains.
    namespace = libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0
    landlock = _landlock(libc, _program_files())
    return Guards(namespace, landlock, _seccomp(libc))


def limit_cpu(seconds: float) -> None:
    """From now on at most so much processor time; the kernel ends the process after it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _limit(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _program_files() -> list[Path]:
    """Where the modules and libraries lie that are loaded later; a person's files are not there."""
    ours = [Path(__file__).parent, Path(__file__).parent.parent / "daemon"]
    system = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", f"{sys.base_prefix}/lib"]
    # The interpreter was started with -I: no folder of the person's is on its path.
    return [*ours, *map(Path, filter(None, sys.path)), *map(Path, system)]


def _landlock(libc: ctypes.CDLL, readable: Iterable[Path]) -> bool:
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION)
    if version < 1:
        return False
    files = (1 << (13 + sum(version >= since for since in (2, 3, 5)))) - 1
    # Later versions also take away TCP, abstract sockets and signals to processes outside.
    rights = struct.pack("QQQ", files, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    rights = rights[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = libc.syscall(_LANDLOCK_CREATE, rights, len(rights), 0)
    if ruleset < 0:
        return False
    for path in readable:
        with contextlib.suppress(OSError):
            _allow(libc, ruleset, path)
    done = bool(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0)
    os.close(ruleset)
    return done


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", _READ, opened)
        libc.syscall(_LANDLOCK_ADD, ruleset, _LANDLOCK_PATH_BENEATH, rule, 0)
    finally:
        os.close(opened)


# System calls by which a process reaches out of itself or changes a file system, by machine:
# sockets; new processes and programs; signals, tracing and other processes' memory; mounts and
# namespaces; names of files; keys, bpf, perf, io_uring, userfaultfd.
_X86_64: Final = (
    *(41, 42, 43, 44, 46, 49, 50, 53, 288, 307),
    *(56, 57, 58, 59, 322),
    *(62, 129, 200, 234, 297, 101, 310, 311, 424, 434, 438),
    *(155, 161, 165, 166, 272, 308, 428, 429, 430, 442),
    *(76, 82, 83, 84, 85, 86, 87, 88, 90, 92, 94, 133, 258, 259, 260, 263, 264, 265, 266, 268, 316),
    *(248, 249, 250, 298, 304, 321, 323, 425, 426, 427),
)
_AARCH64: Final = (
    *(198, 199, 200, 201, 202, 203, 206, 211, 242, 269),
    *(220, 221, 281),
    *(129, 130, 131, 138, 240, 117, 270, 271, 424, 434, 438),
    *(39, 40, 41, 51, 97, 268, 428, 429, 430, 442),
    *(33, 34, 35, 36, 37, 38, 45, 53, 54, 276),
    *(217, 218, 219, 241, 265, 280, 282, 425, 426, 427),
)
_CLONE3: Final = 435
_MACHINES: Final = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}

_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_ALLOWED: Final = 0x7FFF0000
_REFUSED: Final = 0x00050000 | 1
_UNKNOWN: Final = 0x00050000 | 38
_KILLED: Final = 0x80000000
_FOREIGN_ABI: Final = 0x40000000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _seccomp(libc: ctypes.CDLL) -> bool:
    if platform.machine() not in _MACHINES or sys.maxsize < 2**32:
        return False
    architecture, refused = _MACHINES[platform.machine()]
    program = _filter(architecture, refused)
    loaded = _Program(len(program) // 8, program)
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(loaded)) == 0)


def _filter(architecture: int, refused: Iterable[int]) -> bytes:
    """A deny-list: a forgotten call is a hole in one of three walls; a missing one kills a parser."""
    steps = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILLED),
        (_LOAD, 0, 0, 0),
        (_JUMP_AT_LEAST, 0, 1, _FOREIGN_ABI),
        (_RETURN, 0, 0, _REFUSED),
        # As if the kernel were older: the C library then tries the older call, which is refused.
        (_JUMP_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _UNKNOWN),
    ]
    for number in refused:
        steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSED)]
    steps.append((_RETURN, 0, 0, _ALLOWED))
    return b"".join(struct.pack("HBBI", *step) for step in steps)
