"""Prints every score of tests/eval as one table: `python -m tests.eval DATA`.

DATA is the folder of public collections; without it the modules score the sample alone.
A module gives `rows(data: Path | None)`.
"""

import sys
from pathlib import Path

from tests.bench.table import print_table


def main() -> int:
    given = [argument for argument in sys.argv[1:] if Path(argument).is_dir()]
    data = Path(given[0]).resolve() if given else None
    folder = Path(__file__).parent
    return 1 if print_table(folder, "tests.eval", data) else 0


if __name__ == "__main__":
    sys.exit(main())
