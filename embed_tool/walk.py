"""Which files of a source there are to read; opens none of them."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from embed_tool.blocks import Kind
from embed_tool.ignore import FILES, Rules, rules_above, rules_of, with_patterns
from embed_tool.kinds import is_never_read, kind_of_name
from embed_tool.reasons import Reason, of_os_error

JUNK: Final = frozenset(
    ("node_modules", "bower_components", "__pycache__", "site-packages", "lost+found")
)
"""Folders that programs fill: what a person wrote is elsewhere."""
_JUNK_MARKS: Final = frozenset(("pyvenv.cfg", "CACHEDIR.TAG"))
"""Files that say so of the folder they lie in, whatever its name."""


class Found(NamedTuple):
    """A file to read. `kind` is None where its content has to tell. `named`: by the person."""

    path: str
    size: int
    mtime_ns: int
    kind: Kind | None
    named: bool = False


class Unread(NamedTuple):
    """A file or folder that cannot be read, and why."""

    path: str
    error: AlvoError
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class WalkRules:
    """`elsewhere`: files and folders that belong to other sources."""

    max_file_bytes: int
    patterns: tuple[str, ...] = ()
    elsewhere: frozenset[str] = frozenset()


def walk(location: str, rules: WalkRules) -> Iterator[Found | Unread]:
    """The files of a source, its folders in order of name.

    Links are not followed: what they point to inside the source is found by itself, and what is
    outside was not named. Raises `SOURCE_UNREADABLE` if the location itself is not there.
    """
    status = _status_of(location)
    if not stat.S_ISDIR(status.st_mode):
        yield _named_file(location, status, rules)
        return
    above = with_patterns(location, list(rules.patterns), rules_above(location))
    folders: list[tuple[str, Rules | None]] = [(location, above)]
    while folders:
        folder, outer = folders.pop()
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            yield _unreadable(folder, of_os_error(error), is_folder=True)
            continue
        names = {entry.name for entry in entries}
        if folder != location and names & _JUNK_MARKS:
            continue
        inner = rules_of(folder, outer, names) if not names.isdisjoint(FILES) else outer
        below = []
        for item in _chosen(entries, inner, rules):
            if isinstance(item, os.DirEntry):
                below.append((item.path, inner))
            else:
                yield item
        folders.extend(reversed(below))


def _chosen(
    entries: list[os.DirEntry[str]], inner: Rules | None, rules: WalkRules
) -> Iterator[os.DirEntry[str] | Found | Unread]:
    """Of the entries of a folder: the folders to go into, and the files."""
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink() or entry.path in rules.elsewhere:
            continue
        if entry.is_dir(follow_symlinks=False):
            if entry.name in JUNK or _ignored(entry, inner, is_folder=True):
                continue
            if _is_text(entry.path):
                yield entry
            else:
                yield _unreadable(entry.path, Reason.NAME_NOT_UTF8, is_folder=True)
        elif entry.is_file(follow_symlinks=False):
            found = _file(entry, inner, rules)
            if found is not None:
                yield found


def _status_of(location: str) -> os.stat_result:
    try:
        status = os.lstat(location)
        if stat.S_ISDIR(status.st_mode):
            os.scandir(location).close()
    except OSError as error:
        reason = of_os_error(error)
        raise AlvoError(errors.SOURCE_UNREADABLE, location=shown(location), reason=reason) from None
    return status


def _ignored(entry: os.DirEntry[str], inner: Rules | None, *, is_folder: bool) -> bool:
    return inner is not None and inner.ignores(entry.path, is_folder=is_folder)


def shown(path: str) -> str:
    """A path as text: what is not UTF-8 in it is written out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _named_file(path: str, status: os.stat_result, rules: WalkRules) -> Found | Unread:
    kind = kind_of_name(os.path.basename(path))  # noqa: PTH119  (paths are strings here, for speed)
    if not stat.S_ISREG(status.st_mode):
        return _unreadable(path, Reason.NOT_REGULAR)
    if status.st_size > rules.max_file_bytes:
        return _too_large(path, rules)
    return Found(path, status.st_size, status.st_mtime_ns, kind, named=True)


def _file(entry: os.DirEntry[str], inner: Rules | None, rules: WalkRules) -> Found | Unread | None:
    kind = kind_of_name(entry.name)
    if is_never_read(entry.name) or _ignored(entry, inner, is_folder=False):
        return None
    if not _is_text(entry.path):
        return _unreadable(entry.path, Reason.NAME_NOT_UTF8) if kind is not None else None
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        # Gone since the folder was listed.
        return None
    if status.st_size > rules.max_file_bytes:
        return _too_large(entry.path, rules) if kind is not None else None
    return Found(entry.path, status.st_size, status.st_mtime_ns, kind)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unreadable(path: str, reason: Reason | str, *, is_folder: bool = False) -> Unread:
    error = AlvoError(errors.DOCUMENT_UNREADABLE, path=shown(path), reason=reason)
    return Unread(path, error, is_folder)


def _too_large(path: str, rules: WalkRules) -> Unread:
    limit = rules.max_file_bytes
    return Unread(path, AlvoError(errors.DOCUMENT_TOO_LARGE, path=shown(path), limit=limit))
