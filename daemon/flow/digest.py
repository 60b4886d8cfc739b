"""What a yes is bound to: the digest of everything that decides what would run (P5)."""

import hashlib
import io
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from daemon.protocol import codec
from daemon.protocol.values import Digest

_CHUNK: Final = 1024 * 1024
WHOLE_BYTES: Final = 64 * 1024 * 1024
"""A larger program counts by its head, size and time of change: a sparse file has no end."""


def run_digest(
    *,
    scripts: Sequence[str],
    cwd: str,
    environment: Sequence[str],
    shell: str,
    incarnation: str,
    commands_run: int,
    programs: Iterable[Path],
) -> Digest:
    """SHA-256 over the scripts and all that gives them their meaning (`DESIGN.md` §8)."""
    parts = {
        "scripts": list(scripts),
        "cwd": cwd,
        "environment": sorted(environment),
        "shell": shell,
        "incarnation": incarnation,
        "commands_run": commands_run,
        "programs": [[str(path), file_digest(path)] for path in sorted(set(programs))],
    }
    return Digest(hashlib.sha256(codec.encode(parts)).hexdigest())


def text_digest(text: str) -> Digest:
    return Digest(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


def file_digest(path: Path) -> str:
    """Of its content; of its absence too, since a file that appears changes what would run.

    A pipe would never open, or let go whoever waits at its other end; a device never ends: what is
    no regular file counts by its place alone.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return f"no file: {stat.S_IFMT(found.st_mode)} {found.st_dev} {found.st_ino}"
        # It may have become a pipe just now.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            return _content_digest(file, os.fstat(descriptor))
    except (OSError, ValueError) as error:
        return f"unreadable: {getattr(error, 'errno', 'name')}"


def _content_digest(file: io.RawIOBase, found: os.stat_result) -> str:
    digest = hashlib.sha256()
    left = WHOLE_BYTES if stat.S_ISREG(found.st_mode) else 0
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        digest.update(chunk)
        left -= len(chunk)
    if left > 0:
        return digest.hexdigest()
    return f"{digest.hexdigest()} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
