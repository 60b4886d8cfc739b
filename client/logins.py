"""What lets programs and browsers in at the bridge: the token, one-time codes, logins.

Each is a file (0600) in `$XDG_STATE_HOME/alvo/web/` (0700), so that `alvo web` and the bridge share
them without a word: the token as it is; of codes and logins only the SHA-256, as the file's name.
A login is valid while its file is there: to revoke one is to remove a file.
"""

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from client import place

CODE_S: Final = 120.0
"""How long a one-time code waits for the browser."""

LOGIN_S: Final = 30 * 86400
"""How long a login lasts."""

_SECRET_BYTES: Final = 32
_ID: Final = 8
_USED_EVERY_S: Final = 60.0
_BROWSER_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Login:
    """A browser that may come in. `browser`: how it named itself, which proves nothing."""

    id: str
    digest: str
    browser: str
    created: float
    used: float


class Logins:
    """The files; nothing is kept in memory, so nothing is ever stale."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._codes = directory / "codes"
        self._logins = directory / "logins"
        for folder in (directory, self._codes, self._logins):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Logins":
        return cls(directory(environ))

    def token(self) -> str:
        """What programs send; made when it is first asked for."""
        path = self.directory / "token"
        for _ in range(2):
            try:
                return _private_text(path).strip()
            except FileNotFoundError:
                # Whole at once: another process may make one at this moment.
                made = self.directory / f"token.{secrets.token_hex(4)}"
                _write(made, f"{secrets.token_urlsafe(_SECRET_BYTES)}\n")
                with contextlib.suppress(FileExistsError):
                    os.link(made, path)
                made.unlink()
        raise FileNotFoundError(path)

    def offer(self) -> str:
        """A code that logs one browser in, once, within `CODE_S`."""
        self._sweep()
        code = secrets.token_urlsafe(_SECRET_BYTES)
        _write(self._codes / _digest(code), "")
        return code

    def redeem(self, code: str, browser: str) -> str | None:
        """The secret of a new login; None for a code that is unknown, used or late."""
        path = self._codes / _digest(code)
        try:
            late = time.time() - path.stat().st_mtime > CODE_S
            path.unlink()  # Of two that bring the same code, one gets no further than this.
        except FileNotFoundError:
            return None
        if late:
            return None
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        _write(self._logins / _digest(secret), json.dumps({"browser": browser[:_BROWSER_MAX]}))
        return secret

    def known(self, secret: str) -> str | None:
        """The id of the login that a cookie stands for, noting that it was used."""
        digest = _digest(secret)
        path = self._logins / digest
        try:
            found = path.stat()
        except OSError:
            return None
        now = time.time()
        if now - found.st_mtime > LOGIN_S:
            return None
        if now - found.st_atime > _USED_EVERY_S:
            with contextlib.suppress(OSError):
                os.utime(path, ns=(int(now * 1e9), found.st_mtime_ns))
        return digest[:_ID]

    def all(self) -> list[Login]:
        """Those that are valid, the one used last first."""
        found = []
        for path in self._logins.iterdir():
            with contextlib.suppress(OSError, ValueError):
                login = _read(path)
                if time.time() - login.created <= LOGIN_S:
                    found.append(login)
        return sorted(found, key=lambda login: login.used, reverse=True)

    def revoke(self, id_: str) -> list[Login]:
        """Those whose id begins so, which are no more; one at most, unless `all`."""
        chosen = [one for one in self.all() if id_ == "all" or (id_ and one.id.startswith(id_))]
        if id_ != "all" and len(chosen) > 1:
            return []
        for login in chosen:
            (self._logins / login.digest).unlink(missing_ok=True)
        return chosen

    def forget(self, secret: str) -> None:
        """The login of this very browser ends."""
        (self._logins / _digest(secret)).unlink(missing_ok=True)

    def _sweep(self) -> None:
        for folder, lifetime in ((self._codes, CODE_S), (self._logins, LOGIN_S)):
            for path in folder.iterdir():
                with contextlib.suppress(OSError):
                    if time.time() - path.stat().st_mtime > lifetime:
                        path.unlink()


def directory(environ: Mapping[str, str]) -> Path:
    """Where the bridge keeps its files."""
    return Path(place.state_directory(environ)) / "web"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _read(path: Path) -> Login:
    found = path.stat()
    browser = str(json.loads(_private_text(path)).get("browser", ""))
    return Login(path.name[:_ID], path.name, browser, found.st_mtime, found.st_atime)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _private_text(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, encoding="utf-8") as file:
        return file.read()
