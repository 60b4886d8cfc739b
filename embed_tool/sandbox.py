"""What the parsing child takes from itself before it sees a file: network, files, other processes."""

import ctypes
import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon import confinement
from daemon.confinement import READ_DIRECTORY, READ_FILE

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000


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
    # Ubuntu refuses the second half of this to programs without a profile; seccomp then remains.
    namespace = libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0
    readable = [os.fsencode(path) for path in _program_files()]
    landlock, seccomp = confinement.confine(memory_bytes, readable, READ_FILE | READ_DIRECTORY)
    return Guards(namespace, landlock, seccomp)


def limit_cpu(seconds: float) -> None:
    """From now on at most so much processor time; the kernel ends the process after it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _program_files() -> list[Path]:
    """Where the modules and libraries lie that are loaded later; a person's files are not there."""
    ours = [Path(__file__).parent, Path(__file__).parent.parent / "daemon"]
    system = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", f"{sys.base_prefix}/lib"]
    # The interpreter was started with -I: no folder of the person's is on its path.
    return [*ours, *map(Path, filter(None, sys.path)), *map(Path, system)]
