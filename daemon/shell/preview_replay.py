"""Takes files from one kept state to another: whole or not at all, file by file, and over again.

Each step looks first whether it is done already, so that what a crash cut off is simply carried
out once more (the journal of it is kept by the caller).
"""

import contextlib
import hashlib
import os
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.shell.preview_changes import shown
from daemon.shell.preview_files import (
    ABSENT,
    ATTRIBUTES,
    LARGE,
    UNREADABLE,
    Change,
    FileKind,
    FileState,
    folder_of,
    look,
    look_below,
)
from prompts import Phrase

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_PLACE: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_INODE: Final = "inode-"
_ONE: Final = 1
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


def _not_written(path: str, reason: str) -> AlvoError:
    return AlvoError(errors.PREVIEW_NOT_WRITTEN, path=f"~/{shown(path)}", reason=Phrase(reason))


def check(home: Path, changes: Sequence[Change], kept: Path, *, undo: bool = False) -> None:
    """PREVIEW_CONFLICT names the first file that is not as the changes begin.

    PREVIEW_NOT_WRITTEN: it is, but could not be written so that all of it is as a run would leave
    it. `kept`: the folder of all that is kept, whose links are no names of the person's. `undo`:
    names that are all in the list were made by us, and go back together.
    """
    ours = {change.path for change in changes}
    written = {c.after.sha256 for c in changes if c.after.kind is FileKind.FILE and not c.link}
    known = _own_links(kept)
    if undo:
        known.update(filter(None, (_file_of(home, change) for change in changes)))
    for change in changes:
        if not look_below(home, change.raw, change.before).agrees(change.before):
            raise conflict(change.path)
        if any(state.kind not in _WRITABLE for state in (change.before, change.after)):
            raise _not_written(change.path, "unwritten_special")
        # Another name would keep the old content, or lose what it shared with the new place.
        parts = change.after.kind is FileKind.FILE or change.before.sha256 in written
        same = change.before.same_content(change.after)
        if parts and not same and _has_more_names(home, change, known, own=int(not undo)):
            raise _not_written(change.path, "unwritten_linked")
        ends = change.after.kind is not FileKind.DIRECTORY
        if change.before.kind is FileKind.DIRECTORY and ends:
            for name in _listed(home, change.raw):
                inner = f"{change.path}/{name.decode('latin-1')}"
                if inner not in ours:
                    raise conflict(inner)


def _own_links(kept: Path) -> Counter[tuple[int, int]]:
    found = (place.lstat() for place in kept.glob(f"*/{_INODE}*"))
    return Counter((one.st_dev, one.st_ino) for one in found)


def _file_of(home: Path, change: Change) -> tuple[int, int] | None:
    found = _stat(home, change)
    return None if found is None else (found.st_dev, found.st_ino)


def _stat(home: Path, change: Change) -> os.stat_result | None:
    if change.before.kind is not FileKind.FILE:
        return None
    try:
        with folder_of(home, change.raw) as folder:
            return os.lstat(change.raw.rpartition(b"/")[2], dir_fd=folder)
    except OSError:
        return None


def _has_more_names(
    home: Path, change: Change, known: Mapping[tuple[int, int], int], *, own: int
) -> bool:
    found = _stat(home, change)
    return found is not None and found.st_nlink > own + known.get((found.st_dev, found.st_ino), 0)


def keep_before(home: Path, changes: Sequence[Change], kept: Path, *, run: bool = False) -> None:
    """All that is needed to take the changes back.

    A file that will be gone under this name stays whole under a name of ours: with its owner, its
    times, and its other names. `run`: a command changes them, and may write into a file in place;
    so each is copied, but for those that no copy could bring back.
    """
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    copied = list[tuple[str, FileState]]()
    for change in changes:
        before = change.before
        if before.kind is not FileKind.FILE or (not run and before.same_content(change.after)):
            continue
        whole = before.sha256 == UNREADABLE or (before.sha256 or "").startswith(LARGE)
        found = _stat(home, change)
        linked = found is not None and found.st_nlink > _ONE
        held = (whole or linked or not run) and _keep_inode(home, change, kept)
        if (whole or linked) and not held:
            raise _not_written(change.path, "unwritten_unkept")
        if not whole and (run or not held):
            copied.append((change.path, before))
    keep_contents(home, copied, kept)


def _keep_inode(home: Path, change: Change, kept: Path) -> bool:
    """False where the file lies on another disk, or the system forbids it."""
    place = kept / _inode(change.path, change.before)
    try:
        with folder_of(home, change.raw) as folder:
            place.unlink(missing_ok=True)
            name = change.raw.rpartition(b"/")[2]
            os.link(name, place, src_dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def _inode(path: str, state: FileState) -> str:
    key = f"{path}\0{state.sha256}".encode("latin-1")
    return _INODE + hashlib.sha256(key).hexdigest()[:32]


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
        if look(os.fsencode(part), like=state).sha256 != state.sha256:
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
            open_ = replace(
                change.after, mode=change.before.mode | change.after.mode | stat.S_IRWXU
            )
            _set_folder(home, change, replace(open_, mtime_ns=None))
    ordered = [
        *sorted(gone, key=lambda change: -change.depth),
        # What is a link is made after the file that it leads to.
        *sorted(there, key=lambda change: (change.link is not None, change.depth)),
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
            _set_folder(home, change, change.after)


def _one(home: Path, change: Change, kept: Path, tag: str) -> None:
    if look_below(home, change.raw, change.after) == ABSENT == change.after:
        return
    name = change.raw.rpartition(b"/")[2]
    with folder_of(home, change.raw) as folder:
        now = look(name, dir_fd=folder, like=change.after)
        if _same(now, change.after):
            return
        now = look(name, dir_fd=folder, like=change.before)
        if not (_same(now, change.before) or _half_set(now, change)):
            raise conflict(change.path)
        if change.before.same_content(change.after) and now.kind is FileKind.FILE:
            _set_file(name, folder, change.after)
            return
        if now.kind is FileKind.DIRECTORY:
            os.rmdir(name, dir_fd=folder)
        if change.after == ABSENT:
            if now.kind is not FileKind.DIRECTORY:
                os.unlink(name, dir_fd=folder)
        else:
            _make(home, folder, change, kept, tag)
        os.fsync(folder)


def _half_set(now: FileState, change: Change) -> bool:
    """Of what is set in place, one thing after the other, a crash leaves some."""
    return change.before.same_content(change.after) and now.same_content(change.before)


def _make(home: Path, folder: int, change: Change, kept: Path, tag: str) -> None:
    """Under a name of ours first, then by one rename: a reader sees the old or the new."""
    state, name = change.after, change.raw.rpartition(b"/")[2]
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
            _make_file(home, part, folder, change, kept)
        case FileKind.LINK:
            os.symlink((state.target or "").encode("latin-1"), part, dir_fd=folder)
        case FileKind.PIPE:
            os.mkfifo(part, state.mode, dir_fd=folder)
        case _:
            raise OSError
    os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)


def _make_file(home: Path, part: bytes, folder: int, change: Change, kept: Path) -> None:
    """The file itself where it was kept, one more name of another, or a new one."""
    state, inode = change.after, kept / _inode(change.path, change.after)
    if change.link is not None:
        other = change.link.encode("latin-1")
        with folder_of(home, other) as at:
            # Looked at under the new name: nobody can put another in its place any more.
            os.link(
                other.rpartition(b"/")[2],
                part,
                src_dir_fd=at,
                dst_dir_fd=folder,
                follow_symlinks=False,
            )
        if not look(part, dir_fd=folder, like=state).agrees(state):
            raise conflict(change.link)
        return
    if inode.exists() and look(os.fsencode(inode), like=state).same_content(state):
        os.link(inode, part, dst_dir_fd=folder, follow_symlinks=False)
        _set_file(part, folder, state)
        return
    with os.fdopen(os.open(part, _MAKE, 0o600, dir_fd=folder), "wb") as target:
        with (kept / (state.sha256 or "")).open("rb") as source:
            shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())
    _set_file(part, folder, state)


def _set_file(name: bytes, folder: int, state: FileState) -> None:
    descriptor = os.open(name, _PLACE, dir_fd=folder)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            _set(descriptor, state)
    finally:
        os.close(descriptor)


def _set(descriptor: int, state: FileState) -> None:
    """Owner first, as a change of it takes set-user-ID away; the time last of all."""
    place = f"/proc/self/fd/{descriptor}"
    now = os.fstat(descriptor)
    if state.uid >= 0 and (now.st_uid, now.st_gid) != (state.uid, state.gid):
        # A person may give a file to a group of theirs, and to nobody else.
        for owner in ((state.uid, state.gid), (-1, state.gid)):
            with contextlib.suppress(PermissionError):
                os.chown(place, *owner)
                break
    _set_attributes(place, state.attributes)
    os.chmod(place, state.mode)  # noqa: PTH101  (a place of the kernel's, no path)
    if state.mtime_ns is not None:
        os.utime(place, ns=(now.st_atime_ns, state.mtime_ns))


def _set_attributes(place: str, wanted: Mapping[str, str]) -> None:
    try:
        there = {key for key in os.listxattr(place) if key.startswith(ATTRIBUTES)}
    except OSError:
        return  # A file system without them: there is nothing to lose.
    for key in there - {*wanted}:
        os.removexattr(place, key)
    for key, value in wanted.items():
        os.setxattr(place, key, value.encode("latin-1"))


def remove_parts(home: Path, changes: Iterable[Change], tag: str) -> None:
    """What a crash left under a name of ours."""
    for change in changes:
        with contextlib.suppress(OSError), folder_of(home, change.raw) as folder:
            os.unlink(f".alvo-{tag}".encode(), dir_fd=folder)


def _same(one: FileState, other: FileState) -> bool:
    """What a directory is beside its names is set last of all: in between it is neither of the two."""
    return one.agrees(other) or one.kind is other.kind is FileKind.DIRECTORY


def _set_folder(home: Path, change: Change, state: FileState) -> None:
    name = change.raw.rpartition(b"/")[2]
    with contextlib.suppress(OSError), folder_of(home, change.raw) as folder:
        descriptor = os.open(name, _PLACE | os.O_DIRECTORY, dir_fd=folder)
        try:
            _set(descriptor, state)
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
