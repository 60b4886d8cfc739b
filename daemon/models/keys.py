"""The API key of a model: where it is looked for, and an object that never shows it."""

import contextlib
import os
import socket
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from daemon.process import hide_memory
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

_HANDED: Final = "ALVO_KEY_SOCKET"
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class KeyPlaces:
    """`credential`: the name of the systemd credential, and of the file beside the configuration."""

    credential: str
    variables: tuple[str, ...]


GEMINI: Final = KeyPlaces("gemini_api_key", ("GEMINI_API_KEY", "GOOGLE_API_KEY"))
OPENAI: Final = KeyPlaces("openai_api_key", ("OPENAI_API_KEY",))


class ApiKey:
    """A key and where it was found. Printing, logging or pickling it shows or gives nothing."""

    __slots__ = ("_key", "origin")

    def __init__(self, key: str, origin: str) -> None:
        self._key = key
        self.origin = origin

    def reveal(self) -> str:
        """The key itself: for the one call that sends it."""
        return self._key

    def scrub(self, text: str) -> str:
        """The text without the key, should a server have quoted it."""
        return text.replace(self._key, "…")

    def __repr__(self) -> str:
        return f"ApiKey(set, from {self.origin})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key is not to be copied into a file")


def find_key(
    places: KeyPlaces, key_file: Path, environ: Mapping[str, str], *, named: bool = False
) -> ApiKey | None:
    """The one that was handed over; from the systemd credential, else the file, else the environment; None: there is none.

    `named`: the person set this file, so that it must be there. `CONFIG_INVALID` for a file which
    others may read, or whose content cannot be a key.
    """
    if _HANDED in environ:
        return _taken(int(environ[_HANDED]))
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if directory and _is_given(credential := Path(directory) / places.credential):
        return _from_file(credential)
    if named or key_file.exists():
        _refuse_shared(key_file)
        return _from_file(key_file)
    for variable in places.variables:
        if environ.get(variable, "").strip():
            return ApiKey(_checked(environ[variable], variable), variable)
    return None


@contextlib.contextmanager
def handed(key: ApiKey | None) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    """The environment and the descriptors with which a child of ours is started, so that `find_key`
    finds this key there.

    By a socket: what else a child is started with, its environment or a pipe, any process of the
    same user can look up in /proc before the child could forbid it (proc(5)).
    """
    if key is None:
        yield {}, ()
        return
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(key.reveal().encode())
        yield {_HANDED: str(theirs.fileno())}, (theirs.fileno(),)


def _taken(descriptor: int) -> ApiKey:
    """What is in the socket stays there: it may be asked for again."""
    hide_memory()
    with socket.socket(fileno=os.dup(descriptor)) as given:
        return ApiKey(given.recv(_LONGEST, socket.MSG_PEEK).decode(), "handed over")


def _is_given(credential: Path) -> bool:
    """The unit gives an empty one where there is no key file: that is no key, not a wrong one."""
    try:
        return credential.is_file() and bool(credential.read_bytes().strip())
    except OSError:
        return True


def _refuse_shared(file: Path) -> None:
    try:
        found = file.stat()
    except OSError as error:
        raise _invalid(file, error.strerror or "it cannot be read") from None
    if not stat.S_ISREG(found.st_mode):
        raise _invalid(file, "it is not a file")
    if found.st_uid != os.getuid():
        raise _invalid(file, "it belongs to another user")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise _invalid(file, f"its mode is {mode:04o}, others may read it; chmod 0600 it")


def _from_file(file: Path) -> ApiKey:
    try:
        with file.open("rb") as content:
            raw = content.read(_LONGEST + 1)
    except OSError as error:
        raise _invalid(file, error.strerror or "it cannot be read") from None
    return ApiKey(_checked(raw.decode("utf-8", "replace"), str(file)), str(file))


def _checked(text: str, origin: str) -> str:
    key = text.strip()
    # It travels in an HTTP header: one line of visible ASCII.
    if not key or len(key) > _LONGEST or not all("!" <= letter <= "~" for letter in key):
        raise _invalid(origin, "it does not hold one key (a line of visible characters)")
    return key


def _invalid(where: Path | str, reason: str) -> AlvoError:
    return AlvoError(errors.CONFIG_INVALID, where=str(where), reason=reason)
