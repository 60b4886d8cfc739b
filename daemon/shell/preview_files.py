"""What a file is at one moment, as previews compare, apply and undo it."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

_CHUNK: Final = 1024 * 1024
_WALK: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class FileKind(StrEnum):
    ABSENT = "absent"
    FILE = "file"
    LINK = "link"
    DIRECTORY = "directory"
    PIPE = "pipe"
    OTHER = "other"


class ChangeKind(StrEnum):
    """What would become of a file."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    REPLACED = "replaced"
    MODE = "mode"


@dataclass(frozen=True, slots=True)
class FileState:
    """`target`: of a link. It and paths are bytes, kept one character for each byte (Latin-1)."""

    kind: FileKind
    mode: int = 0
    size: int = 0
    sha256: str | None = None
    target: str | None = None

    def agrees(self, other: "FileState") -> bool:
        """Whether nothing tells the two apart; what cannot be read is judged by all the rest."""
        if UNREADABLE in (self.sha256, other.sha256):
            return replace(self, sha256=None) == replace(other, sha256=None)
        return self == other


ABSENT: Final = FileState(FileKind.ABSENT)
UNREADABLE: Final = "unreadable"
"""In place of a file's SHA-256, where its own mode keeps its owner from reading it."""


@dataclass(frozen=True, slots=True)
class Change:
    """`path`: below the home directory, one character for each byte (Latin-1)."""

    path: str
    before: FileState
    after: FileState

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
        same = replace(before, mode=after.mode).agrees(after)
        return ChangeKind.MODE if same else ChangeKind.CHANGED

    def back(self) -> "Change":
        """The change that takes this one back."""
        return Change(self.path, self.after, self.before)


def look(name: bytes, *, dir_fd: int | None = None) -> FileState:
    """As it is now; never opens what is no regular file, never follows a link."""
    try:
        found = os.lstat(name) if dir_fd is None else os.lstat(name, dir_fd=dir_fd)
        mode = stat.S_IMODE(found.st_mode)
        match stat.S_IFMT(found.st_mode):
            case stat.S_IFREG:
                return FileState(FileKind.FILE, mode, found.st_size, _sha256(name, dir_fd))
            case stat.S_IFLNK:
                target = os.readlink(name, dir_fd=dir_fd).decode("latin-1")
                return FileState(FileKind.LINK, target=target)
            case stat.S_IFDIR:
                return FileState(FileKind.DIRECTORY, mode)
            case stat.S_IFIFO:
                return FileState(FileKind.PIPE, mode)
            case _:
                return FileState(FileKind.OTHER, mode)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT


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


def look_below(home: Path, path: bytes) -> FileState:
    """`look` without a link on the way; a way that leads nowhere is an absent file."""
    try:
        with folder_of(home, path) as folder:
            return look(path.rpartition(b"/")[2], dir_fd=folder)
    except OSError:
        return ABSENT
