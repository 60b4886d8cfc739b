"""What the daemon and its children do to their own process before they do anything else."""

import contextlib
import ctypes
import os
import resource
import signal
from typing import Final

PRIVATE_UMASK: Final = 0o077
_SPARE_FILES: Final = 512
"""Descriptors beside the clients': databases, pipes, terminals."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_CHILD_SUBREAPER: Final = 36

_IOPRIO_SET: Final = {"x86_64": 251, "aarch64": 30}
_IOPRIO_PROCESS: Final = 1
_IOPRIO_IDLE: Final = 3 << 13


def harden(max_connections: int) -> int:
    """Gives back the umask that the person had, for the commands that run on their behalf."""
    before = os.umask(PRIVATE_UMASK)
    hide_memory()
    # What a command leaves behind becomes our child and not init's, so that it can be found.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _raise_files(max_connections + _SPARE_FILES)
    # OpenBLAS (numpy's) waits for its threads before a fork, for ever if one of them computes just
    # then; with none beside the caller's there is nothing to wait for. Our products are small.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    return before


def hide_memory() -> None:
    """No core file, and no look into our memory by a process of the same user: it holds the key."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    _prctl(_PR_SET_DUMPABLE, 0)


def lower(pid: int, niceness: int) -> None:
    """Behind every question: last for the processor, and for the disk when nobody else wants it.

    Who starts such a child leaves it in its own session: the kernel weighs sessions, not niceness,
    against each other.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
    number = _IOPRIO_SET.get(os.uname().machine)
    if number is not None:
        ctypes.CDLL(None).syscall(number, _IOPRIO_PROCESS, pid, _IOPRIO_IDLE)


def end_with_parent(parent: int) -> None:
    """The kernel ends this process when the one that started it ends, however it does; Ctrl-C in
    that one's terminal does not reach it.
    """
    os.setpgid(0, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It was quicker.
        os.kill(os.getpid(), signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _raise_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
