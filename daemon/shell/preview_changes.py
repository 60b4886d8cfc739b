"""Reads from the upper layer of an overlay what became of the files below it."""

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from daemon.shell.preview_files import (
    ABSENT,
    UNREADABLE,
    Change,
    FileKind,
    FileState,
    Hashing,
    look,
)

MAX_CHANGES: Final = 5000
"""More than a person reads; and a preview travels in one frame."""

_MAX_WRITTEN: Final = 1024**3
"""Of what it would write, holes included: all of it is read, and copied."""

_OPAQUE: Final = "user.overlay.opaque"


class TooManyChanges(Exception):
    """Nothing of a preview is folded away: one that cannot be shown whole is none."""


def read_changes(home: Path, upper: Path, since_ns: int = 0) -> list[Change]:
    """By path; a file that was touched but is as before is not in it.

    `since_ns`: a time of change after this moment is none that the plan chose.
    """
    reading = _Reading(os.fsencode(home), os.fsencode(upper), since_ns)
    changes = list[Change]()
    for change in reading.walk(b"", merged=True):
        changes.append(change)
        if len(changes) > MAX_CHANGES:
            raise TooManyChanges
    return reading.linked(sorted(changes, key=lambda change: change.path))


class _Reading:
    def __init__(self, home: bytes, upper: bytes, since_ns: int) -> None:
        self._home = home
        self._upper = upper
        self._since_ns = since_ns
        self._hashing = Hashing()
        self._written = Hashing(_MAX_WRITTEN)
        self._names = dict[tuple[int, int], list[str]]()

    def walk(self, folder: bytes, *, merged: bool) -> Iterator[Change]:
        """`merged`: what the upper folder does not name is as it was; else it is gone."""
        with os.scandir(_join(self._upper, folder)) as entries:
            names = {entry.name: entry for entry in entries}
        for name, entry in names.items():
            yield from self._entry(_join(folder, name), entry)
        if not merged:
            for name in _listed(_join(self._home, folder)):
                if name not in names:
                    yield from self._gone(_join(folder, name))

    def _entry(self, path: bytes, entry: "os.DirEntry[bytes]") -> Iterator[Change]:
        found = entry.stat(follow_symlinks=False)
        if _is_whiteout(found):
            yield from self._gone(path)
            return
        if stat.S_ISREG(found.st_mode):
            if not self._written.allows(found.st_size):
                raise TooManyChanges
            if found.st_nlink > 1:
                names = self._names.setdefault((found.st_dev, found.st_ino), [])
                names.append(path.decode("latin-1"))
        before = look(_join(self._home, path), hashing=self._hashing)
        after = self._after(entry)
        if _differ(before, after):
            yield Change(path.decode("latin-1"), before, self._timed(after))
        was, is_ = before.kind is FileKind.DIRECTORY, after.kind is FileKind.DIRECTORY
        if is_:
            yield from self.walk(path, merged=not (was and _is_opaque(entry.path)))
        elif was:
            for name in _listed(_join(self._home, path)):
                yield from self._gone(_join(path, name))

    def _after(self, entry: "os.DirEntry[bytes]") -> FileState:
        """What the command made unreadable is made readable for us; the mode it gave is what counts."""
        place = Path(os.fsdecode(entry.path))
        mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
        if entry.is_dir(follow_symlinks=False):
            place.chmod(mode | stat.S_IRWXU)
            return replace(look(entry.path), mode=mode)
        if mode & stat.S_IRUSR or not entry.is_file(follow_symlinks=False):
            return look(entry.path)
        place.chmod(mode | stat.S_IRUSR)
        try:
            return replace(look(entry.path), mode=mode)
        finally:
            # Another name of the same file is looked at as well.
            place.chmod(mode)

    def _timed(self, state: FileState) -> FileState:
        new = state.mtime_ns is not None and state.mtime_ns >= self._since_ns
        return replace(state, mtime_ns=None) if new else state

    def _gone(self, path: bytes) -> Iterator[Change]:
        """Each file of it, so that no deletion hides behind the name of a folder."""
        before = look(_join(self._home, path), hashing=self._hashing)
        if before == ABSENT:
            return
        yield Change(path.decode("latin-1"), before, ABSENT)
        if before.kind is FileKind.DIRECTORY:
            for name in _listed(_join(self._home, path)):
                yield from self._gone(_join(path, name))

    def linked(self, changes: list[Change]) -> list[Change]:
        """One file under several names: all but the first are links to it."""
        changed = {change.path for change in changes}
        first = dict[str, str]()
        for names in self._names.values():
            one = min(names, key=lambda name: (name in changed, name.count("/"), name))
            first |= {name: one for name in names if name != one}
        return [replace(change, link=first.get(change.path)) for change in changes]


def _differ(before: FileState, after: FileState) -> bool:
    """What could not be read before may have been written: its time tells."""
    if before.sha256 == UNREADABLE and before.agrees(after):
        return before.mtime_ns != after.mtime_ns
    return not before.agrees(after)


def _join(folder: bytes, name: bytes) -> bytes:
    """In bytes: a name need not be text in any encoding."""
    return folder + b"/" + name if folder and name else folder or name


def _is_whiteout(found: os.stat_result) -> bool:
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def _is_opaque(folder: bytes) -> bool:
    try:
        return os.getxattr(folder, _OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False


def _listed(folder: bytes) -> list[bytes]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def hard_linked(home: Path, changes: list[Change]) -> list[str]:
    """Files with a second name, which an overlay changes under this one name only."""
    found = list[str]()
    for change in changes:
        if change.before.kind is FileKind.FILE and change.after.kind is FileKind.FILE:
            try:
                if (home / os.fsdecode(change.raw)).lstat().st_nlink > 1:
                    found.append(shown(change.path))
            except OSError:
                continue
    return found


def shown(path: str) -> str:
    """A kept path as text; bytes that are no UTF-8 with a backslash and their number."""
    return path.encode("latin-1").decode("utf-8", "backslashreplace")


def describe(state: FileState) -> dict[str, Any]:
    """A state as it travels."""
    return {
        "type": state.kind.value,
        "mode": state.mode,
        "size": state.size,
        "sha256": state.sha256,
        "target": None if state.target is None else shown(state.target),
        "attributes": {key: shown(value) for key, value in state.attributes.items()},
    }
