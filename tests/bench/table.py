"""Figures beside what they should be, as one table for `make bench` and `make eval`."""

import importlib
import pkgutil
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

HEADINGS = ("", "what", "measured", "aim", "against a reference")
MARKS = {True: "✓", False: "✗", None: " "}
OURS = ("__main__", "table")


@dataclass(frozen=True, slots=True)
class Row:
    """`ratio`: figure to reference, as text; `met`: whether the aim is reached, None: no aim."""

    what: str
    figure: str
    aim: str = ""
    ratio: str = ""
    met: bool | None = None


def print_table(folder: Path, package: str, *arguments: Path | None) -> int:
    """Runs `rows()` of every module of a folder, or of those that the command line names.

    One that fails is told and hides no other; gives how many did, for the exit status.
    """
    names = [info.name for info in pkgutil.iter_modules([str(folder)]) if info.name not in OURS]
    chosen = [name for name in sorted(names) if name in sys.argv[1:]] or sorted(names)
    table: list[Row] = []
    failed = 0
    for name in chosen:
        started = time.monotonic()
        print(f"· {name} …", end="", file=sys.stderr, flush=True)
        try:
            rows = getattr(importlib.import_module(f"{package}.{name}"), "rows", None)
            table += rows(*arguments) if rows else []
        except Exception as error:
            failed += 1
            table.append(Row(name, "failed", ratio=f"{type(error).__name__}, see above", met=False))
            print(" failed", file=sys.stderr)
            traceback.print_exc()
        else:
            print(f" {time.monotonic() - started:.1f} s", file=sys.stderr)
    _print(table)
    return failed


def _print(table: list[Row]) -> None:
    lines: list[tuple[str, ...]] = [HEADINGS]
    lines += [(MARKS[row.met], row.what, row.figure, row.aim, row.ratio) for row in table]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("─" * width for width in widths))
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())
