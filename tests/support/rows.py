"""A line of the tables that `make bench` and `make eval` print."""

import importlib
import pkgutil
import sys
import time
import traceback
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """`value` is what was measured, `aim` what it should be, `reference` what it is held against.

    All are ready to be read, units included: "3.1 ms", "≤ 5 ms", "raw echo 1.2 ms", "2.6 ×".
    """

    what: str
    value: str
    aim: str = ""
    reference: str = ""
    ratio: str = ""
    met: bool | None = None


HEADINGS = ("", "what", "measured", "aim", "reference", "ratio")
MARKS = {True: "✓", False: "✗", None: " "}


def print_table(folder: Path, package: str, *arguments: Path | None) -> int:
    """Runs `rows()` of every module of a folder, or of those that the command line names.

    One that fails is told and hides no other; gives how many did, for the exit status.
    """
    names = [info.name for info in pkgutil.iter_modules([str(folder)]) if info.name[0] != "_"]
    chosen = [name for name in sorted(names) if name in sys.argv[1:]] or sorted(names)
    table: list[Row] = []
    failed = 0
    for name in chosen:
        started = time.monotonic()
        print(f"· {name} …", end="", file=sys.stderr, flush=True)
        try:
            rows = getattr(importlib.import_module(f"{package}.{name}"), "rows", None)
            table += [Row(*row) for row in rows(*arguments)] if rows else []
        except Exception:
            failed += 1
            print(" failed", file=sys.stderr)
            traceback.print_exc()
        else:
            print(f" {time.monotonic() - started:.1f} s", file=sys.stderr)
    _print(table)
    return failed


def _print(table: list[Row]) -> None:
    lines = [HEADINGS, *((MARKS[row.met], *map(str, row[:5])) for row in table)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("─" * width for width in widths))
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())
