"""Takes files from one kept state to another: whole or not at all, file by file, and over again.

Each step looks first whether it is done already, so that what a crash cut off is simply carried
out once more (the journal of it is kept by the caller).
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.shell.preview_changes import shown
from daemon.shell.preview_files import (
    ABSENT,
    Change,
    FileKind,
    FileState,
    folder_of,
    look,
    look_below,
)

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MAKE: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITABLE: Final = (
    FileKind.ABSENT,
    FileKind.FILE,
    FileKind.LINK,
    FileKind.DIRECTORY,
    FileKind.PIPE,
)

Step = Callable[[], None]


def conflict(path: str) -> AlvoError:
    return AlvoError(errors.PREVIEW_CONFLICT, path=f"~/{shown(path)}")


def check(home: Path, changes: Sequence[Change]) -> None:
    """PREVIEW_CONFLICT names the first file that is not as the changes begin."""
    ours = {change.path for change in changes}
    for change in changes:
        kinds = (change.before.kind, change.after.kind)
        if any(kind not in _WRITABLE for kind in kinds):
            raise conflict(change.path)
        if not look_below(home, change.raw).agrees(change.before):
            raise conflict(change.path)
        ends = change.after.kind is not FileKind.DIRECTORY
        if change.before.kind is FileKind.DIRECTORY and ends:
            for name in _listed(home, change.raw):
                inner = f"{change.path}/{name.decode('latin-1')}"
                if inner not in ours:
                    raise conflict(inner)


def keep_contents(
    root: Path, states: Iterable[tuple[str, FileState]], kept: Path, *, ours: bool = False
) -> None:
    """Copies the files below `root` that are in these states to `kept`, under their SHA-256.

    `ours`: the files may be made readable for it.
    """
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, state in states:
        if state.kind is not FileKind.FILE or state.sha256 is None:
            continue
        place = kept / state.sha256
        if place.exists():
            continue
        # A name of its own until it is whole: what has the name of its content has that content.
        part = kept / "part"
        try:
            with folder_of(root, path.encode("latin-1")) as folder:
                name = path.encode("latin-1").rpartition(b"/")[2]
                if ours:
                    os.chmod(name, stat.S_IRUSR, dir_fd=folder)
                _copy(name, folder, part)
        except OSError:
            raise conflict(path) from None
        if look(os.fsencode(part)).sha256 != state.sha256:
            raise conflict(path)
        part.rename(place)
    _sync(kept)


def carry_out(
    home: Path,
    changes: Sequence[Change],
    kept: Path,
    tag: str,
    step: Step,
    *,
    lenient: bool = False,
) -> None:
    """What is gone first, the deepest before all; then what is there, the highest before all.

    PREVIEW_CONFLICT where a file is as neither before nor after; `lenient` leaves such a one alone.
    """
    gone = [change for change in changes if change.after == ABSENT]
    there = [change for change in changes if change.after != ABSENT]
    for change in there:
        if change.before.kind is change.after.kind is FileKind.DIRECTORY:
            _set_mode(home, change, change.before.mode | change.after.mode | stat.S_IRWXU)
    ordered = [
        *sorted(gone, key=lambda change: -change.depth),
        *sorted(there, key=lambda change: change.depth),
    ]
    for change in ordered:
        try:
            _one(home, change, kept, tag)
        except OSError:
            if not lenient:
                raise conflict(change.path) from None
        except AlvoError:
            if not lenient:
                raise
        step()
    for change in sorted(there, key=lambda change: -change.depth):
        if change.after.kind is FileKind.DIRECTORY:
            _set_mode(home, change, change.after.mode)


def _one(home: Path, change: Change, kept: Path, tag: str) -> None:
    if look_below(home, change.raw) == ABSENT == change.after:
        return
    name = change.raw.rpartition(b"/")[2]
    with folder_of(home, change.raw) as folder:
        now = look(name, dir_fd=folder)
        if _same(now, change.after):
            return
        if not _same(now, change.before):
            raise conflict(change.path)
        if now.kind is FileKind.DIRECTORY:
            os.rmdir(name, dir_fd=folder)
        if change.after == ABSENT:
            if now.kind is not FileKind.DIRECTORY:
                os.unlink(name, dir_fd=folder)
        else:
            _make(name, folder, change.after, kept, tag)
        os.fsync(folder)


def _make(name: bytes, folder: int, state: FileState, kept: Path, tag: str) -> None:
    """Under a name of ours first, then by one rename: a reader sees the old or the new."""
    if state.kind is FileKind.DIRECTORY:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        os.mkdir(name, state.mode | stat.S_IRWXU, dir_fd=folder)
        return
    part = f".alvo-{tag}".encode()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(part, dir_fd=folder)
    match state.kind:
        case FileKind.FILE:
            with os.fdopen(os.open(part, _MAKE, 0o600, dir_fd=folder), "wb") as target:
                with (kept / (state.sha256 or "")).open("rb") as source:
                    shutil.copyfileobj(source, target)
                os.fchmod(target.fileno(), state.mode)
                target.flush()
                os.fsync(target.fileno())
        case FileKind.LINK:
            os.symlink((state.target or "").encode("latin-1"), part, dir_fd=folder)
        case FileKind.PIPE:
            os.mkfifo(part, state.mode, dir_fd=folder)
        case _:
            raise OSError
    os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)


def remove_parts(home: Path, changes: Iterable[Change], tag: str) -> None:
    """What a crash left under a name of ours."""
    for change in changes:
        with contextlib.suppress(OSError), folder_of(home, change.raw) as folder:
            os.unlink(f".alvo-{tag}".encode(), dir_fd=folder)


def _same(one: FileState, other: FileState) -> bool:
    """The mode of a directory is set last of all, so in between it is neither of the two."""
    return one.agrees(other) or one.kind is other.kind is FileKind.DIRECTORY


def _set_mode(home: Path, change: Change, mode: int) -> None:
    name = change.raw.rpartition(b"/")[2]
    with contextlib.suppress(OSError), folder_of(home, change.raw) as folder:
        if look(name, dir_fd=folder).kind is FileKind.DIRECTORY:
            descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            try:
                os.fchmod(descriptor, mode)
            finally:
                os.close(descriptor)


def _listed(home: Path, path: bytes) -> list[bytes]:
    with folder_of(home, path + b"/.") as folder, os.scandir(folder) as entries:
        return [os.fsencode(entry.name) for entry in entries]


def _copy(name: bytes, folder: int, to: Path) -> None:
    with os.fdopen(os.open(name, _OPEN, dir_fd=folder), "rb") as source:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise OSError
        with to.open("wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
