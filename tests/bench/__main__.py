"""Prints every measurement of tests/bench as one table: `python -m tests.bench [module …]`."""

import sys
from pathlib import Path

from tests.bench.table import print_table

if __name__ == "__main__":
    sys.exit(1 if print_table(Path(__file__).parent, "tests.bench") else 0)
