"""What the daemon does to its own process before it does anything else."""

import ctypes
import os
import resource
from typing import Final

PRIVATE_UMASK: Final = 0o077
_SPARE_FILES: Final = 512
"""Descriptors beside the clients': databases, pipes, terminals."""

_PR_SET_DUMPABLE: Final = 4
_PR_SET_CHILD_SUBREAPER: Final = 36


def harden(max_connections: int) -> int:
    """Gives back the umask that the person had, for the commands that run on their behalf."""
    before = os.umask(PRIVATE_UMASK)
    # No core file, and no look into our memory by a process of the same user: it holds the key.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    _prctl(_PR_SET_DUMPABLE, 0)
    # What a command leaves behind becomes our child and not init's, so that it can be found.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _raise_files(max_connections + _SPARE_FILES)
    # OpenBLAS (numpy's) waits for its threads before a fork, for ever if one of them computes just
    # then; with none beside the caller's there is nothing to wait for. Our products are small.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    return before


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _raise_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
