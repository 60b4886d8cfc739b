"""What the child takes from itself before SQLite sees the file: writing, network, time without end."""

import ctypes
import resource
import struct

from daemon import confinement

_SPARE_BYTES = 256 * 1024 * 1024
"""Address space beside SQLite's heap: the interpreter, its libraries, the reply."""

_GRACE_S = 0.1
"""Between the moment when SQLite is asked to stop and the one when the kernel ends the process: one
opcode can take longer than anyone would wait, and looks at no clock."""
_SIGKILL = 9
_ITIMER_REAL = 0
_PR_SET_PDEATHSIG = 1


def confine(memory_bytes: int, seconds: float, files: list[bytes]) -> None:
    """For good. Only `files` can be opened afterwards, to be read; call it before any thread."""
    libc = ctypes.CDLL(None, use_errno=True)
    # Nobody would end a child whose daemon was killed.
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    microseconds = int((seconds + _GRACE_S) * 1_000_000)
    libc.setitimer(_ITIMER_REAL, struct.pack("qqqq", 0, 0, *divmod(microseconds, 1_000_000)), None)
    processor_s = int(seconds) + 3
    resource.setrlimit(resource.RLIMIT_CPU, (processor_s, processor_s))
    confinement.confine(memory_bytes + _SPARE_BYTES, files, confinement.READ_FILE)
