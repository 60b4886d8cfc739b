"""Databases of a person's in every state, other programs that write them, and what is left after."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw

from daemon.protocol.databases import Rows
from daemon.protocol.errors import AlvoError
from daemon.sources.database import DatabaseLimits, query

LIMITS = DatabaseLimits(timeout_s=5.0, rows=1000, bytes=4 << 20, memory_bytes=256 << 20)
SHORT = DatabaseLimits(timeout_s=0.4, rows=1000, bytes=1 << 20, memory_bytes=64 << 20)

PEOPLE = """CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INTEGER);
INSERT INTO person VALUES (1, 'Ana', 'São Paulo', 31), (2, 'Bob', 'London', 40),
    (3, 'Céu', 'Recife', NULL)"""

_WRITER = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.set_busy_timeout(5000)
for line in sys.stdin:
    for _ in connection.execute(line.replace(chr(0), chr(10))):
        pass
    print("done", flush=True)
"""


def made(path: Path, *scripts: str) -> Path:
    """A database made by these scripts and closed again."""
    connection = apsw.Connection(str(path))
    for script in scripts:
        for _ in connection.execute(script):
            pass
    connection.close()
    return path


class Writer:
    """Another program that has the database open."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, script: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(script.replace("\n", "\0") + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def kill(self) -> None:
        """As a power cut would: nothing is tidied up."""
        self.process.kill()
        self.close()

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait(10)


@contextlib.contextmanager
def writing(path: Path, *scripts: str) -> Iterator[Writer]:
    """Another program, which has run these scripts and has the database open until the end."""
    writer = Writer(path)
    try:
        for script in scripts:
            writer.run(script)
        yield writer
    finally:
        writer.close()


def traces(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file of a folder: what is in it, when it was written, which one it is; the folder too."""
    found = {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return found | {".": (b"", folder.stat().st_mtime_ns, folder.stat().st_ino)}


def asked(path: Path, sql: str, limits: DatabaseLimits = LIMITS) -> Rows:
    return query(str(path), "people", sql, limits)


def refused(path: Path, sql: str, limits: DatabaseLimits = LIMITS) -> AlvoError | None:
    """The error that a query ends in; None if it does not."""
    return ended(lambda: asked(path, sql, limits))


def ended(visit: Callable[[], object]) -> AlvoError | None:
    """The error that it ends in; None if it does not."""
    try:
        visit()
    except AlvoError as error:
        return error
    return None
