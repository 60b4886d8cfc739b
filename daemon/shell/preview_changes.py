"""Reads from the upper layer of an overlay what became of the files below it."""

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from daemon.shell.preview_files import ABSENT, Change, FileKind, FileState, look

MAX_CHANGES: Final = 5000
"""More than a person reads; and a preview travels in one frame."""

_OPAQUE: Final = "user.overlay.opaque"


class TooManyChanges(Exception):
    """Nothing of a preview is folded away: one that cannot be shown whole is none."""


def read_changes(home: Path, upper: Path) -> list[Change]:
    """By path; a file that was touched but is as before is not in it."""
    changes = list[Change]()
    for change in _walk(os.fsencode(home), os.fsencode(upper), b"", merged=True):
        changes.append(change)
        if len(changes) > MAX_CHANGES:
            raise TooManyChanges
    return sorted(changes, key=lambda change: change.path)


def _walk(home: bytes, upper: bytes, folder: bytes, *, merged: bool) -> Iterator[Change]:
    """`merged`: what the upper folder does not name is as it was; else it is gone."""
    with os.scandir(_join(upper, folder)) as entries:
        names = {entry.name: entry for entry in entries}
    for name, entry in names.items():
        path = _join(folder, name)
        yield from _entry(home, upper, path, entry)
    if not merged:
        for name in _listed(_join(home, folder)):
            if name not in names:
                yield from _gone(home, _join(folder, name))


def _entry(home: bytes, upper: bytes, path: bytes, entry: "os.DirEntry[bytes]") -> Iterator[Change]:
    before = look(_join(home, path))
    if _is_whiteout(entry.stat(follow_symlinks=False)):
        if before != ABSENT:
            yield from _gone(home, path)
        return
    after = _look_upper(entry)
    if before != after:
        yield Change(path.decode("latin-1"), before, after)
    was, is_ = before.kind is FileKind.DIRECTORY, after.kind is FileKind.DIRECTORY
    if is_:
        yield from _walk(home, upper, path, merged=not (was and _is_opaque(entry.path)))
    elif was:
        for name in _listed(_join(home, path)):
            yield from _gone(home, _join(path, name))


def _look_upper(entry: "os.DirEntry[bytes]") -> FileState:
    """What the command made unreadable is made readable for us; the mode it gave is what counts."""
    mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
    if entry.is_dir(follow_symlinks=False):
        Path(os.fsdecode(entry.path)).chmod(mode | stat.S_IRWXU)
        return FileState(FileKind.DIRECTORY, mode)
    if mode & stat.S_IRUSR or not entry.is_file(follow_symlinks=False):
        return look(entry.path)
    Path(os.fsdecode(entry.path)).chmod(mode | stat.S_IRUSR)
    try:
        return replace(look(entry.path), mode=mode)
    finally:
        # Another name of the same file is looked at as well.
        Path(os.fsdecode(entry.path)).chmod(mode)


def _gone(home: bytes, path: bytes) -> Iterator[Change]:
    """Each file of it, so that no deletion hides behind the name of a folder."""
    before = look(_join(home, path))
    yield Change(path.decode("latin-1"), before, ABSENT)
    if before.kind is FileKind.DIRECTORY:
        for name in _listed(_join(home, path)):
            yield from _gone(home, _join(path, name))


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


def describe(state: FileState) -> dict[str, str | int | None]:
    """A state as it travels."""
    return {
        "type": state.kind.value,
        "mode": state.mode,
        "size": state.size,
        "sha256": state.sha256,
        "target": None if state.target is None else shown(state.target),
    }
