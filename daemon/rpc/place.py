"""The place of the socket: a private directory, one daemon, no socket left by a dead one."""

import os
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.rpc.lock import Lock
from daemon.rpc.peer import credentials

BACKLOG: Final = 1024
_LONGEST_PATH: Final = 107
"""Bytes that fit into sockaddr_un (unix(7))."""

_ASK_SECONDS: Final = 3.0
_STATUS: Final = b'{"jsonrpc":"2.0","method":"daemon.status","id":1}\n'


class Place:
    """Holds the lock from `take` until `leave`: two daemons never share a state."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock(path.with_name(path.name + ".lock"))
        self._taken = False
        self._made: tuple[int, int] | None = None

    def take(self, *, activated: bool = False) -> None:
        """`DAEMON_RUNNING` names the process that is there already; a second call does nothing.

        `activated`: the socket there is the one that systemd passed on to us.
        """
        if self._taken:
            return
        if len(os.fsencode(self.path)) > _LONGEST_PATH:
            raise _unfit(self.path, f"a socket's path has at most {_LONGEST_PATH} bytes")
        _make_private(self.path)
        self._lock.take(self.path)
        try:
            live = None if activated else self._connected()
        except BaseException:
            self._lock.release()
            raise
        if live is not None:
            # First: if it is systemd that listens, our knock starts a daemon, which wants the lock.
            self._lock.release()
            raise self._running(_process(live))
        self._taken = True

    def listen(self) -> socket.socket:
        """A listening socket of mode 0600; replaces one that nobody listens at."""
        self.take()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        before = os.umask(0o177)
        try:
            with suppress(FileNotFoundError):
                self.path.unlink()
            listening.bind(os.fspath(self.path))
            listening.listen(BACKLOG)
        except OSError as error:
            listening.close()
            raise _unfit(self.path, error.strerror or str(error)) from error
        finally:
            os.umask(before)
        found = self.path.lstat()
        self._made = (found.st_dev, found.st_ino)
        return listening

    def unlink(self) -> None:
        """Removes the socket, if it is the one that we made."""
        with suppress(OSError):
            found = self.path.lstat()
            if self._made == (found.st_dev, found.st_ino):
                self.path.unlink()
        self._made = None

    def leave(self) -> None:
        """Removes the socket and lets go of the lock."""
        self.unlink()
        self._lock.release()
        self._taken = False

    def _connected(self) -> socket.socket | None:
        """Whoever listens there: a daemon whose lock file was deleted, or systemd; else None."""
        try:
            mode = self.path.lstat().st_mode
        except FileNotFoundError:
            return None
        if not stat.S_ISSOCK(mode):
            raise _unfit(self.path, "there is something else, which is not a socket")
        asking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        asking.settimeout(_ASK_SECONDS)
        try:
            asking.connect(os.fspath(self.path))
        except (ConnectionRefusedError, FileNotFoundError):
            asking.close()
            return None
        except OSError:
            asking.close()
            # Somebody listens and has no room, or does not let us in: alive in any case.
            raise self._running("?") from None
        return asking

    def _running(self, pid: str) -> AlvoError:
        return AlvoError(errors.DAEMON_RUNNING, pid=pid, socket=str(self.path))


def inherited(environ: Mapping[str, str]) -> socket.socket | None:
    """The listening socket that systemd passed on (sd_listen_fds(3)), None if it passed none."""
    if environ.get("LISTEN_PID") != str(os.getpid()) or environ.get("LISTEN_FDS") != "1":
        return None
    os.set_inheritable(3, False)
    listening = socket.socket(fileno=3)
    if listening.family != socket.AF_UNIX:
        raise AlvoError(errors.CONFIG_INVALID, where="LISTEN_FDS", reason="it is no Unix socket")
    listening.setblocking(False)
    return listening


def _process(live: socket.socket) -> str:
    """The number of the daemon behind a socket: its own word, as systemd may be the listener."""
    with live, suppress(OSError, codec.Malformed, AttributeError):
        live.sendall(_STATUS)
        with live.makefile("rb") as lines:
            reply = codec.decode(lines.readline(), dict)
        if pid := reply.get("result", {}).get("pid"):
            return str(pid)
        return str(credentials(live)[0])
    return "?"


def _make_private(path: Path) -> None:
    """The socket's directory for this user alone, unless it holds other things than ours."""
    directory = path.parent
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.stat()
        if found.st_uid != os.geteuid():
            if found.st_mode & stat.S_ISVTX:
                return  # /tmp and its like: nobody can replace our files there
            raise _unfit(directory, "the directory belongs to another user")
        ours = {path.name, path.name + ".lock"}
        if directory.name == "alvo" or all(entry.name in ours for entry in directory.iterdir()):
            directory.chmod(0o700)
        elif found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
            raise _unfit(directory, "others may write into the directory")
    except OSError as error:
        raise _unfit(directory, error.strerror or str(error)) from error


def _unfit(where: Path, reason: str) -> AlvoError:
    return AlvoError(errors.CONFIG_INVALID, where=str(where), reason=reason)
