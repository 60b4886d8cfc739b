"""What a one-shot command costs: `alvo status`, the whole process, beside `python -c pass`."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.table import Row
from tests.support.daemon import a_home

RUNS = 25
AIM = 4.0
STATUS = str(Path(sys.executable).parent / "alvo"), "status"
BARE = sys.executable, "-c", "pass"


def rows() -> list[Row]:
    status, bare = list[float](), list[float]()
    with a_home() as home:
        home.start()
        # By turns, so that what else the machine does falls on both alike.
        for _ in range(RUNS):
            bare.append(_took(BARE, home.environ))
            status.append(_took(STATUS, home.environ))
    middle, reference = statistics.median(status), statistics.median(bare)
    ratio = middle / reference
    return [
        Row(
            "alvo status: the whole process",
            f"{middle:.1f} ms",
            f"≤ {AIM:g} × python -c pass",
            f"{ratio:.2f} ({reference:.1f} ms)",
            ratio <= AIM,
        )
    ]


def _took(command: tuple[str, ...], environ: Mapping[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, env={**os.environ, **environ}, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begun) * 1000
