"""The blocking connection of one-shot commands, on the standard library alone.

A reply comes as a `Record`: its fields can be read as attributes, so that code written and
checked against `daemon.protocol.values` reads it too, without the cost of importing those.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping

from client import place
from client.remote import RemoteError, from_wire
from client.words import Words

TYPE_CHECKING = False  # a constant that type checkers know; importing typing costs 2 ms
if TYPE_CHECKING:
    from typing import Any

VERSION = "0.1.0"
REPLY_TIMEOUT_S = 60.0
_MAX_FRAME = 8 * 1024 * 1024  # daemon.protocol.framing.MAX_FRAME_BYTES, held by a test
_PIECE = 65536


class Record(dict[str, "Any"]):
    """A JSON object whose fields are attributes as well."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def unreachable(path: str, words: Words) -> RemoteError:
    sentence, action = words.sentence("DAEMON_UNREACHABLE", socket=path)
    return RemoteError(1000, "DAEMON_UNREACHABLE", sentence, action)


def refuse_foreign(opened: socket.socket, words: Words) -> None:
    """Nothing is told to a daemon of another user, who may have been first at a shared place."""
    # struct ucred, of who listened there: pid, uid, gid. The module struct costs 1 ms.
    peer = opened.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    if int.from_bytes(peer[4:8], sys.byteorder) != os.geteuid():
        raise RemoteError(1005, "PEER_REFUSED", *words.sentence("PEER_REFUSED"))


class Connection:
    """One conversation with the daemon; `call` raises RemoteError and nothing else."""

    def __init__(self, path: str, words: Words, client: str) -> None:
        self.path = path
        self.words = words
        self.client = client
        self._last_id = 0
        self._received = bytearray()
        self._socket = self._connected()
        hello = {"client": client, "version": VERSION, "language": words.language}
        try:
            self.call("daemon.hello", hello)
        except RemoteError:
            self.close()
            raise

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], words: Words) -> Connection:
        client = "shell" if os.isatty(0) and os.isatty(2) else "script"
        return cls(place.socket_path(environ), words, client)

    def again(self) -> Connection:
        """A second connection like this one: after a loss, or while this one waits."""
        return Connection(self.path, self.words, self.client)

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, wait_s: float = 0.0
    ) -> Any:
        """The result. `wait_s`: how long the daemon was asked to wait before it answers."""
        self.begin(method, params, wait_s)
        return self.finish()

    def begin(
        self, method: str, params: Mapping[str, Any] | None = None, wait_s: float = 0.0
    ) -> None:
        """Asks; the reply is there to `finish` once `fileno()` can be read."""
        self._last_id += 1
        # What is left out and what is null mean the same to every method: send less.
        given = {name: value for name, value in (params or {}).items() if value is not None}
        request = {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": given}
        try:
            self._socket.settimeout(wait_s + REPLY_TIMEOUT_S)
            self._socket.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            self.close()
            raise unreachable(self.path, self.words) from error

    def finish(self) -> Any:
        """The result of what was begun."""
        try:
            reply = self._reply()
        except (OSError, ValueError) as error:
            self.close()
            raise unreachable(self.path, self.words) from error
        if "error" in reply:
            raise from_wire(reply["error"])
        return reply["result"]

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def _connected(self) -> socket.socket:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        opened.settimeout(5)
        try:
            opened.connect(self.path)
        except OSError as error:
            opened.close()
            raise unreachable(self.path, self.words) from error
        try:
            refuse_foreign(opened, self.words)
        except RemoteError:
            opened.close()
            raise
        return opened

    def _reply(self) -> Record:
        while True:
            reply = json.loads(self._line(), object_hook=Record)
            if not isinstance(reply, Record) or not ("result" in reply or "error" in reply):
                raise ConnectionResetError
            # An id of null answers a frame that could not even be read: it must be ours.
            if reply.get("id") in (self._last_id, None):
                return reply

    def _line(self) -> bytes:
        while (end := self._received.find(b"\n")) < 0:
            piece = self._socket.recv(_PIECE)
            if not piece or len(self._received) > _MAX_FRAME:
                raise ConnectionResetError
            self._received += piece
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line
