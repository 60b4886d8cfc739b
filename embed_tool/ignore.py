"""What `.gitignore` and `.alvoignore` leave out, each in its folder and below."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

FILES: Final = (".gitignore", ".alvoignore")
"""In the order in which they are read: the later one has the last word."""
_MAX_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rules:
    """The patterns of one folder, and those of the folders above it."""

    folder: str
    spec: Any
    above: "Rules | None" = None

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """As git does it: the patterns of the nearest folder that say anything decide."""
        rules: Rules | None = self
        while rules is not None:
            inner = path[len(rules.folder) :].lstrip("/")
            said = rules.spec.check_file(inner + "/" if is_folder else inner).include
            if said is not None:
                return bool(said)
            rules = rules.above
        return False


def rules_of(folder: str, above: Rules | None, present: Iterable[str] = FILES) -> Rules | None:
    """The rules that hold in a folder, given which of `FILES` it has."""
    lines: list[str] = []
    for name in FILES:
        if name in present:
            lines += _lines(os.path.join(folder, name))  # noqa: PTH118  (paths are strings here, for speed)
    return with_patterns(folder, lines, above)


def with_patterns(folder: str, lines: list[str], above: Rules | None) -> Rules | None:
    """The rules with these patterns added; those that are no pattern are left out."""
    if not lines:
        return above
    import pathspec

    good = []
    for line in lines:
        try:
            pathspec.GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        good.append(line)
    return Rules(folder, pathspec.GitIgnoreSpec.from_lines(good), above)


def rules_above(folder: str) -> Rules | None:
    """What a repository around the folder leaves out; nothing where there is no repository."""
    folders = []
    current = folder
    while not os.path.isdir(os.path.join(current, ".git")):  # noqa: PTH112, PTH118  (as above)
        parent = os.path.dirname(current)  # noqa: PTH120  (as above)
        if parent == current:
            return None
        current = parent
        folders.append(current)
    rules = None
    for outer in reversed(folders):
        rules = rules_of(outer, rules)
    return rules


def _lines(path: str) -> list[str]:
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(opened, "rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
