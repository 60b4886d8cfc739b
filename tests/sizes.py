"""How large modules and functions are, against the aims of the house: `make sizes`."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PRODUCT = ("daemon", "client", "webui", "embed_tool", "prompts")
# Typical and most, in lines.
MODULE = (250, 400)
FUNCTION = (30, 60)


class Size(NamedTuple):
    lines: int
    where: str


def modules(packages: tuple[str, ...]) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def module_sizes(paths: list[Path]) -> Iterator[Size]:
    for path in paths:
        if lines := len(path.read_text(encoding="utf-8").splitlines()):
            yield Size(lines, str(path.relative_to(ROOT)))


def function_sizes(paths: list[Path]) -> Iterator[Size]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield Size(lines, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")


def report(title: str, sizes: list[Size], typical: int, most: int) -> None:
    """Prints one line for all, and one for each that is above the aims."""
    numbers = sorted(size.lines for size in sizes)
    if len(numbers) < 2:
        return
    p90 = quantiles(numbers, n=10)[-1]
    print(
        f"{title:<20} {len(numbers):>5}   median {median(numbers):>5.0f}   p90 {p90:>5.0f}"
        f"   largest {numbers[-1]:>4}   (aims: p90 ≤ {typical}, none over {most})"
    )
    for size in sorted(sizes, reverse=True):
        if size.lines > typical:
            print(f"  {'!!' if size.lines > most else '  '} {size.lines:>4}  {size.where}")


def main() -> None:
    for name, packages in (("product", PRODUCT), ("tests", ("tests",))):
        paths = modules(packages)
        report(f"modules, {name}", list(module_sizes(paths)), *MODULE)
        report(f"functions, {name}", list(function_sizes(paths)), *FUNCTION)


if __name__ == "__main__":
    main()
