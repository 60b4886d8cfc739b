"""What a yes is bound to: the digest of everything that decides what would run (P5)."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from daemon.protocol import codec
from daemon.protocol.values import Digest

_CHUNK: Final = 1024 * 1024


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
    """Of its content; of its absence too, since a file that appears changes what would run."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        return f"unreadable: {error.errno}"
    return digest.hexdigest()
