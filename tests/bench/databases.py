"""What a question to a database costs before SQLite does anything, and metadata of a large one."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import apsw

from daemon.sources.database import (
    DatabaseLimits,
    collect,
    find_values,
    fingerprint,
    known_values,
    query,
)
from tests.bench.table import Row

LIMITS = DatabaseLimits(timeout_s=5.0, rows=1000, bytes=4 << 20, memory_bytes=256 << 20)
LARGE = 1_030_000_000
SMALL_ROWS = 4_000_000
ROUNDS = 40
_MADE = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        large = _large(Path(directory) / "large.db")
        small = Path(directory) / "small.db"
        connection = apsw.Connection(str(small))
        connection.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO person VALUES (1, 'Ana'), (2, 'Bob')")
        connection.close()
        return [*_visits(str(small)), *_metadata(str(large))]


def _visits(small: str) -> list[Row]:
    bare = _median(lambda: subprocess.run([sys.executable, "-I", "-c", "import apsw"], check=True))
    sql = "SELECT name FROM person WHERE id = 1"
    asked = _median(lambda: query(small, "small", sql, LIMITS))
    tables = collect(small, "small", LIMITS)
    known = _median(lambda: known_values("small", ["ana"], tables))
    printed = _median(lambda: fingerprint(small))
    ratio = f"{asked / bare:.2f} × python that imports apsw ({bare:.1f} ms)"
    return [
        Row("a query in its child, p50", f"{asked:.1f} ms", "≤ 30 ms", ratio, met=asked <= 30),
        Row("values known from metadata, p50", f"{known:.3f} ms", "≤ 1 ms", met=known <= 1),
        Row("fingerprint, p50", f"{printed:.3f} ms", "≤ 1 ms", met=printed <= 1),
    ]


def _metadata(large: str) -> list[Row]:
    began = time.perf_counter()
    tables = collect(large, "large", LIMITS)
    took = time.perf_counter() - began
    counted = {table.name: table.rows or 0 for table in tables}
    off = abs(counted["narrow"] - SMALL_ROWS) / SMALL_ROWS
    looked = _median(
        lambda: find_values(large, "large", ["nothing like it", "words"], tables, LIMITS), rounds=5
    )
    size = f"{Path(large).stat().st_size / 1e9:.2f} GB"
    return [
        Row(f"metadata of a database of {size}", f"{took:.2f} s", "≤ 10 s", met=took <= 10),
        Row("its estimated count of rows, off by", f"{off:.1%}", "≤ 10 %", met=off <= 0.1),
        Row("values looked for in it, p50", f"{looked:.0f} ms", "≤ 200 ms", met=looked <= 200),
    ]


def _large(path: Path) -> Path:
    """Half of it few wide rows, half of it many narrow ones; made in some ten seconds."""
    connection = apsw.Connection(str(path))
    for pragma in ("journal_mode = off", "synchronous = off", "locking_mode = exclusive"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.execute("CREATE TABLE wide (id INTEGER PRIMARY KEY, title TEXT, body TEXT)")
    connection.execute("CREATE TABLE narrow (id INTEGER PRIMARY KEY, kind TEXT, amount REAL)")
    width = 100_000
    with connection:
        connection.execute(
            f"INSERT INTO wide {_MADE} SELECT i, 'title ' || i, printf('%.*c', {width}, 'x') FROM n",
            ((LARGE - SMALL_ROWS * 30) // width,),
        )
        connection.execute(
            f"INSERT INTO narrow {_MADE} SELECT i, 'kind ' || (i % 9), i / 7.0 FROM n",
            (SMALL_ROWS,),
        )
    connection.close()
    return path


def _median(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)
