"""Which file each command word of a plan leads to, as far as its text and this machine tell."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from daemon.protocol.values import ProgramKind, ResolvedProgram
from daemon.shell.parse import SimpleCommand, Word, parse

_BUILTINS: Final = frozenset(
    [
        ".",
        ":",
        "[",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "caller",
        "cd",
        "command",
        "compgen",
        "complete",
        "compopt",
        "continue",
        "declare",
        "dirs",
        "disown",
        "echo",
        "enable",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "fc",
        "fg",
        "getopts",
        "hash",
        "help",
        "history",
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readarray",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "source",
        "suspend",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
    ]
)
_WRAPPERS: Final = re.compile(
    r"sudo|doas|env|nice|ionice|nohup|setsid|time|timeout|stdbuf|xargs|exec|command|builtin|watch"
)
"""Their first argument is a program too, where no flag of theirs comes before it."""

_DURATION: Final = re.compile(r"[0-9.]+[smhd]?")
_SHELLS: Final = re.compile(r"(ba|da|k|mk|z)?sh|eval")
_SCRIPT_FLAG: Final = re.compile(r"-[a-z]*c")
_DEFINES: Final = frozenset({".", "source", "eval", "alias", "hash", "enable", "unalias"})
"""After these a name may mean anything."""

_SETS_PATH: Final = re.compile(r"(?<![\w${])PATH\b")
_NESTED_MAX: Final = 8
_LOOKED_UP_MAX: Final = 500


def resolve(
    scripts: Sequence[str], cwd: str, path: str, *, used: bool
) -> tuple[ResolvedProgram, ...]:
    """Each word once, in the order in which it first comes. Blocking.

    `path`: where sessions look for programs. `used`: the session has run commands before, which may
    have defined functions or another PATH.
    """
    look = _Look(cwd, path)
    for script in scripts:
        look.add(script)
    sure = look.sure and not used
    return tuple(
        ResolvedProgram(word, kind, found, real, sure=sure and known)
        for (word, kind, found, real), known in look.found.items()
    )


class _Look:
    def __init__(self, cwd: str, path: str) -> None:
        self._folders = [cwd]
        self._is_elsewhere = False
        self._path = path
        self._functions = set[str]()
        self._aliases = set[str]()
        self.sure = all(map(os.path.isabs, path.split(os.pathsep)))
        self.found: dict[tuple[str, ProgramKind, str | None, str | None], bool] = {}
        self._looked_up = 0

    def add(self, script: str, depth: int = 0) -> None:
        parsed = parse(script)
        self._functions |= {*parsed.functions}
        self.sure = self.sure and parsed.understood and not _SETS_PATH.search(script)
        for command in parsed.commands:
            if command.words:
                self._add_command(command, depth)

    def _add_command(self, command: SimpleCommand, depth: int) -> None:
        program, *arguments = command.words
        self._add_word(program)
        name = program.text.rpartition("/")[2]
        if name in ("cd", "pushd"):
            self._follow(arguments)
        elif name == "alias":
            self._aliases |= {word.text.partition("=")[0] for word in arguments}
        self.sure = self.sure and name not in _DEFINES
        if depth < _NESTED_MAX:
            self._add_arguments(name, arguments, depth)

    def _add_arguments(self, name: str, arguments: Sequence[Word], depth: int) -> None:
        if _SHELLS.fullmatch(name):
            flagged = arguments and _SCRIPT_FLAG.fullmatch(arguments[0].text)
            inner = arguments[1:2] if flagged else arguments if name == "eval" else ()
            if inner and all(word.plain for word in inner):
                self.add(" ".join(word.text for word in inner), depth + 1)
        elif _WRAPPERS.fullmatch(name):
            rest = [word for word in arguments if "=" not in word.text]
            if name == "timeout" and rest and _DURATION.fullmatch(rest[0].text):
                del rest[0]
            if rest and not rest[0].text.startswith("-"):
                self._add_command(SimpleCommand(tuple(rest), assigns=False), depth + 1)

    def _add_word(self, word: Word) -> None:
        for kind, found in self._meant(word):
            real = None if found is None else os.path.realpath(found)
            lost = self._is_elsewhere and "/" in word.text and not word.text.startswith("/")
            key = (word.raw, kind, found, None if real == found else real)
            known = kind is not ProgramKind.UNKNOWN and not lost
            self.found[key] = self.found.get(key, True) and known

    def _meant(self, word: Word) -> Iterator[tuple[ProgramKind, str | None]]:
        name = word.text
        self._looked_up += 1
        if not word.plain or "\0" in name or self._looked_up > _LOOKED_UP_MAX:
            yield ProgramKind.UNKNOWN, None
        elif name in self._functions:
            yield ProgramKind.FUNCTION, None
        elif name in self._aliases:
            yield ProgramKind.ALIAS, None
        elif name in _BUILTINS:
            yield ProgramKind.BUILTIN, None
        elif "/" not in name:
            found = _which(name, self._path)
            yield (ProgramKind.MISSING if found is None else ProgramKind.FILE), found
        else:
            places = dict.fromkeys(os.path.join(folder, name) for folder in self._folders)  # noqa: PTH118  (pathlib would take `./` away)
            there = [os.path.normpath(place) for place in places if _is_file(place)]
            for place in there:
                yield ProgramKind.FILE, place
            if not there:
                yield ProgramKind.MISSING, None

    def _follow(self, arguments: Sequence[Word]) -> None:
        """After `cd` a path is meant from there, or, if that fails, from where it was before.

        Where to is not always told: then no path that begins there is sure.
        """
        if not arguments or not arguments[0].plain:
            self._is_elsewhere = True
            return
        place = os.path.normpath(os.path.join(self._folders[-1], arguments[0].text))  # noqa: PTH118  (as above)
        if place not in self._folders and "\0" not in place and Path(place).is_dir():
            self._folders.append(place)


def _which(name: str, path: str) -> str | None:
    try:
        return shutil.which(name, path=path)
    except (OSError, ValueError):
        return None


def _is_file(place: str) -> bool:
    try:
        return Path(place).is_file()
    except (OSError, ValueError):
        return False
