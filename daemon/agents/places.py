"""Where the files of an agent lie: what it was trained from, and what a training leaves half-way."""

import asyncio
import contextlib
import logging
import os
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.agents.naming import agents_directory
from daemon.config import Paths, private_directory
from daemon.protocol.agents import UserId

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removed:
    files: int
    size_bytes: int


class Places:
    def __init__(self, paths: Paths) -> None:
        self._root = agents_directory(paths)
        # By name: an agent's files and its rows come together and go together, whoever asks for it.
        self.changing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def material(self, user_id: UserId, file: str) -> Path:
        return self._root / user_id / file

    def made(self, user_id: UserId) -> Path:
        """The agent's directory, for this user alone."""
        private_directory(self._root)
        return private_directory(self._root / user_id)

    def work(self, user_id: UserId, version: int) -> Path:
        """Of one training, made where it is missing."""
        self.made(user_id)
        return private_directory(self._root / user_id / f"training-{version}")

    def importing(self) -> Path:
        """A new directory for what is taken in; no agent is called so."""
        private_directory(self._root)
        return private_directory(self._root / f"@import-{os.urandom(6).hex()}")

    def end_importing(self, directory: Path) -> None:
        shutil.rmtree(directory, ignore_errors=True)

    def end_work(self, user_id: UserId, version: int) -> None:
        shutil.rmtree(self._root / user_id / f"training-{version}", ignore_errors=True)

    def with_work(self) -> list[str]:
        """The names of agents of which a training left something half-way."""
        return [path.parent.name for path in self._root.glob("*/training-*")]

    def remove_files(self, user_id: UserId, files: Iterable[str]) -> None:
        for file in files:
            with contextlib.suppress(OSError):
                self.material(user_id, file).unlink()

    def remove(self, user_id: UserId) -> Removed:
        """All of an agent's; says what there was and is no more."""
        directory = self._root / user_id
        files = [path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]
        sizes = {path: path.stat().st_size for path in files}
        shutil.rmtree(directory, ignore_errors=True)
        if left := [path for path in files if path.exists()]:
            _log.warning("%d files in %s could not be removed", len(left), directory)
        gone = [size for path, size in sizes.items() if path not in left]
        return Removed(len(gone), sum(gone))

    def remove_unknown(self, known: Mapping[UserId, Collection[str]]) -> None:
        """What a crash left of agents that are not there, and of data that no agent got. `known`: the
        files of each agent.
        """
        with contextlib.suppress(OSError):
            for directory in list(self._root.iterdir()):
                files = known.get(UserId(directory.name))
                if files is None:
                    shutil.rmtree(directory, ignore_errors=True)
                else:
                    there = [path.name for path in directory.iterdir() if not path.is_dir()]
                    self.remove_files(UserId(directory.name), set(there).difference(files))
