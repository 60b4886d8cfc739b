"""Whether bash can read a script: another bash is asked first, so that a bad one harms no session.

bash 5.2 damages its own memory over an open `$(`, and a sourced file runs up to its first mistake.
So a script with one never reaches the session.
"""

import asyncio
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daemon.shell.parse import is_surely_bash

_LIMIT_S: Final = 10.0
_SAID_MAX: Final = 16 * 1024
_SIMPLE_MAX: Final = 4096
"""Bytes: beyond, the child costs less than a look at the text on the event loop."""
# A session may have set what makes more of a script readable: refused is what neither reads.
_OPTIONS: Final[tuple[tuple[str, ...], ...]] = ((), ("-O", "extglob"))


async def complaint(
    content: bytes, file: Path, program: str, environment: Mapping[str, str]
) -> bytes | None:
    """What bash says of a script that it cannot read; None: it can. `file` holds the same bytes."""
    if len(content) <= _SIMPLE_MAX and is_surely_bash(content):
        return None
    return await asyncio.to_thread(_refused, file, program, environment)


def _refused(file: Path, program: str, environment: Mapping[str, str]) -> bytes | None:
    said = b""
    for options in _OPTIONS:
        # Given as standard input its messages name bash and the line, and no path of ours.
        with file.open("rb") as script:
            try:
                read = subprocess.run(
                    [program, "--noprofile", "--norc", "-n", *options],
                    stdin=script,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=dict(environment),
                    cwd="/",
                    timeout=_LIMIT_S,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return b"bash: the script could not be read within %d s\n" % _LIMIT_S
            except OSError:
                # No bash at all: that is for the session to say.
                return None
        if read.returncode == 0:
            return None
        said = said or read.stderr[:_SAID_MAX]
    return said or b"bash: syntax error\n"
