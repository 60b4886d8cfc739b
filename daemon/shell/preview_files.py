"""What a file is at one moment, as previews compare, apply and undo it."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

_CHUNK: Final = 1024 * 1024
_WALK: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PLACE: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

MAX_HASHED: Final = 512 * 1024**2
"""A larger file cannot come out of a preview, whose own files end here."""

TOTAL_HASHED: Final = 4 * 1024**3
LARGE: Final = "inode:"
"""How in place of a SHA-256 the inode and the time of a file begin, which is too large for one."""

ATTRIBUTES: Final = ("user.", "system.posix_acl_")
_OVERLAY: Final = "user.overlay."


class FileKind(StrEnum):
    ABSENT = "absent"
    FILE = "file"
    LINK = "link"
    DIRECTORY = "directory"
    PIPE = "pipe"
    OTHER = "other"


_KINDS: Final = {
    stat.S_IFREG: FileKind.FILE,
    stat.S_IFLNK: FileKind.LINK,
    stat.S_IFDIR: FileKind.DIRECTORY,
    stat.S_IFIFO: FileKind.PIPE,
}


class ChangeKind(StrEnum):
    """What would become of a file; `attributes`: its owner or extended attributes alone."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    REPLACED = "replaced"
    MODE = "mode"
    ATTRIBUTES = "attributes"


@dataclass(frozen=True, slots=True)
class FileState:
    """`target`: of a link. It, names and attributes are bytes, one character for each (Latin-1).

    `sha256`: of the content; of a very large file what its inode tells; UNREADABLE where its own
    mode keeps its owner out. `mtime_ns` is kept and not compared: null, the moment of writing.
    """

    kind: FileKind
    mode: int = 0
    size: int = 0
    sha256: str | None = None
    target: str | None = None
    uid: int = -1
    gid: int = -1
    attributes: dict[str, str] = field(default_factory=dict)
    mtime_ns: int | None = field(default=None, compare=False)

    def agrees(self, other: "FileState") -> bool:
        """Whether nothing tells the two apart; what cannot be read is judged by all the rest."""
        if UNREADABLE in (self.sha256, other.sha256):
            return replace(self, sha256=None) == replace(other, sha256=None)
        return self == other

    def same_content(self, other: "FileState") -> bool:
        """Of two files: whether they differ in nothing but owner, mode and attributes."""
        if self.kind is not FileKind.FILE or other.kind is not FileKind.FILE:
            return False
        if UNREADABLE in (self.sha256, other.sha256):
            return (self.size, self.mtime_ns) == (other.size, other.mtime_ns)
        return (self.size, self.sha256) == (other.size, other.sha256)


ABSENT: Final = FileState(FileKind.ABSENT)
UNREADABLE: Final = "unreadable"
"""In place of a file's SHA-256, where its own mode keeps its owner from reading it."""


@dataclass(frozen=True, slots=True)
class Change:
    """`path`: below the home directory, one character for each byte (Latin-1).

    `link`: the path of the file of which this is one more name.
    """

    path: str
    before: FileState
    after: FileState
    link: str | None = None

    @property
    def raw(self) -> bytes:
        return self.path.encode("latin-1")

    @property
    def depth(self) -> int:
        return self.path.count("/")

    @property
    def kind(self) -> ChangeKind:
        before, after = self.before, self.after
        if before.kind is FileKind.ABSENT:
            return ChangeKind.CREATED
        if after.kind is FileKind.ABSENT:
            return ChangeKind.DELETED
        if before.kind is not after.kind:
            return ChangeKind.REPLACED
        same = before.same_content(after) if before.kind is FileKind.FILE else True
        if not same or before.target != after.target:
            return ChangeKind.CHANGED
        return ChangeKind.ATTRIBUTES if before.mode == after.mode else ChangeKind.MODE

    def back(self) -> "Change":
        """The change that takes this one back."""
        return Change(self.path, self.after, self.before)


class Hashing:
    """How much may still be read to tell files apart; beyond it they are known by their inode."""

    def __init__(self, left: int = TOTAL_HASHED) -> None:
        self._left = left

    def allows(self, size: int) -> bool:
        self._left -= size
        return size <= MAX_HASHED and self._left >= 0


def look(
    name: bytes,
    *,
    dir_fd: int | None = None,
    like: FileState | None = None,
    hashing: Hashing | None = None,
) -> FileState:
    """As it is now; never opens what is no regular file, never follows a link.

    `like`: what it will be compared with, so that both are looked at in one manner.
    """
    try:
        found = os.lstat(name) if dir_fd is None else os.lstat(name, dir_fd=dir_fd)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    kind = _KINDS.get(stat.S_IFMT(found.st_mode), FileKind.OTHER)
    state = FileState(
        kind,
        0 if kind is FileKind.LINK else stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
        mtime_ns=found.st_mtime_ns,
    )
    try:
        match kind:
            case FileKind.FILE:
                return _look_at_file(name, dir_fd, found, state, _by_inode(found, like, hashing))
            case FileKind.LINK:
                target = os.readlink(name, dir_fd=dir_fd).decode("latin-1")
                return replace(state, target=target)
            case FileKind.DIRECTORY:
                return replace(state, attributes=_attributes(name, dir_fd))
            case _:
                return state
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT


def _by_inode(found: os.stat_result, like: FileState | None, hashing: Hashing | None) -> bool:
    if like is not None and like.sha256 is not None:
        return like.sha256.startswith(LARGE)
    return not (hashing or Hashing()).allows(found.st_size)


def _look_at_file(
    name: bytes, dir_fd: int | None, found: os.stat_result, state: FileState, by_inode: bool
) -> FileState:
    inode = f"{LARGE}{found.st_ino}:{found.st_mtime_ns}"
    sha256 = inode if by_inode else _sha256(name, dir_fd)
    attributes = _attributes(name, dir_fd)
    return replace(state, size=found.st_size, sha256=sha256, attributes=attributes)


def _attributes(name: bytes, dir_fd: int | None) -> dict[str, str]:
    """The person's own and the access lists; an overlay's, and what the system labels, are not."""
    descriptor = os.open(name, _PLACE, dir_fd=dir_fd)
    try:
        place = f"/proc/self/fd/{descriptor}"
        return {
            key: os.getxattr(place, key).decode("latin-1")
            for key in sorted(os.listxattr(place))
            if key.startswith(ATTRIBUTES) and not key.startswith(_OVERLAY)
        }
    except OSError:
        return {}
    finally:
        os.close(descriptor)


def _sha256(name: bytes, dir_fd: int | None) -> str:
    digest = hashlib.sha256()
    try:
        descriptor = os.open(name, _READ, dir_fd=dir_fd)
    except PermissionError:
        return UNREADABLE
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@contextlib.contextmanager
def folder_of(home: Path, path: bytes) -> Iterator[int]:
    """The open directory that holds `path`: no part of the way below home may be a link.

    Raises OSError (ELOOP, ENOTDIR, ENOENT) where the way is not one of directories.
    """
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in path.split(b"/")[:-1]:
            below = os.open(part, _WALK, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def look_below(home: Path, path: bytes, like: FileState | None = None) -> FileState:
    """`look` without a link on the way; a way that leads nowhere is an absent file."""
    try:
        with folder_of(home, path) as folder:
            return look(path.rpartition(b"/")[2], dir_fd=folder, like=like)
    except OSError:
        return ABSENT


def read_below(home: Path, path: bytes, limit: int) -> bytes:
    """The beginning of a regular file; never waits for what has taken its place meanwhile."""
    with folder_of(home, path) as folder:
        descriptor = os.open(path.rpartition(b"/")[2], _READ, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError
        return file.read(limit)
