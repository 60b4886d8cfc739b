"""Writes the pages that follow from the code; `--check` fails if one of them is stale."""

import sys
from collections.abc import Callable
from pathlib import Path

from docs.generate.commands import cli_page
from docs.generate.configuration import configuration_page
from docs.generate.errors import errors_page
from docs.generate.protocol import rpc_page
from docs.generate.rest import rest_page

HERE = Path(__file__).parents[1]
NOTICE = "<!-- Written by docs/generate (`make docs`). Change the code, not this page. -->\n"
PAGES: dict[str, Callable[[], str]] = {
    "rpc.md": rpc_page,
    "rest.md": rest_page,
    "errors.md": errors_page,
    "configuration.md": configuration_page,
    "cli.md": cli_page,
}


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, page in PAGES.items():
        text = NOTICE + page().rstrip() + "\n"
        path = HERE / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
            print(f"docs/{name} written")
    if check and stale:
        print(f"Stale: {', '.join(stale)}. Write them anew: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
