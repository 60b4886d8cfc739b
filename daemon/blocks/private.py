"""Whether what a command printed may show what a private source holds."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from daemon.protocol.values import Source
from daemon.reasoner import RanCommand
from daemon.shell.parse import parse

_HOME: Final = re.compile(r"^~(?=/|$)|\$HOME\b|\$\{HOME\}")
_PWD: Final = re.compile(r"\$PWD\b|\$\{PWD\}")


class PrivatePlaces:
    """Where the private sources of a person lie; `sources`: all that there are."""

    def __init__(self, sources: Callable[[], list[Source]], home: Path) -> None:
        self._sources = sources
        self._home = str(home)

    def mark(self, ran: RanCommand) -> RanCommand:
        """The command, `private` also where it ran in such a place or names one, or one above it.

        Read as a person would: what a script makes up as it runs is not seen.
        """
        if ran.private:
            return ran
        places = [source.location for source in self._sources() if source.private]
        return replace(ran, private=any(self._touches(ran, place) for place in places))

    def _touches(self, ran: RanCommand, place: str) -> bool:
        if place in ran.script or _within(ran.cwd, place):
            return True
        words = [word.raw for command in parse(ran.script).commands for word in command.words]
        return any(
            _within(path, place) or _within(place, path)
            for word in [*words, *(word.raw for word in parse(ran.script).read)]
            for path in self._paths(word, ran.cwd)
        )

    def _paths(self, word: str, cwd: str) -> list[str]:
        """A word as a path, also behind `--file=`; a pattern as the directory it begins in."""
        found = []
        for part in {word, word.partition("=")[2]}:
            bare = part.replace('"', "").replace("'", "").replace("\\", "")
            text = _HOME.sub(lambda _: self._home, bare)
            text = _PWD.sub(lambda _: cwd, text)
            if not text or text.startswith("-") or "\0" in text:
                continue
            pattern = re.search(r"[*?\[{$`]", text)
            if pattern is not None:
                text = os.path.dirname(text[: pattern.start()]) or "."  # noqa: PTH120 (a word)
            found.append(os.path.normpath(os.path.join(cwd, text)))  # noqa: PTH118 (a word)
        return found


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")
