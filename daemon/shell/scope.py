"""A systemd scope around each session, where the person's own systemd runs: the group it lives in.

No process leaves its group by setsid, a double fork or another user's rights, so that everything in
it can be ended at once, `sudo`'s children too, and counted. It is asked for over the socket that
`systemctl --user` uses. Its answer is waited for a moment only: a session must not hang on it.
"""

import contextlib
import os
import re
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daemon.shell.processes import PROC

_NAME: Final = re.compile(r"/(alvo-session-[0-9a-f]+\.scope)(?:/|$)")
_MOUNTS: Final = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
_WITHIN_S: Final = 0.25
_AGAIN_S: Final = 60.0
"""How long a systemd that did not answer is left alone."""
_LOOK_S: Final = 0.001
_REPLY: Final = (2, 3)
_ERROR: Final = 3
_HEAD: Final = 16
_LONGEST: Final = 1 << 20


class Scopes:
    """`problem`: why the last one was not made; empty where it was, or where there is no systemd."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        directory = environ.get("XDG_RUNTIME_DIR")
        self._socket = f"{directory}/systemd/private" if directory else None
        self._not_before = 0.0
        self.problem = ""

    @property
    def is_there(self) -> bool:
        return self._socket is not None and os.path.exists(self._socket)  # noqa: PTH110 (a socket)

    def adopt(self, pid: int, incarnation: str) -> bool:
        """Puts a bash that has run nothing yet into a scope of its own; blocks for a moment."""
        if not self.is_there or time.monotonic() < self._not_before:
            return False
        deadline = time.monotonic() + _WITHIN_S
        try:
            name = scope_named(incarnation)
            self._call(_start_scope(name, pid), deadline)
            while scope_of(pid) != name:
                if time.monotonic() > deadline:
                    raise TimeoutError
                time.sleep(_LOOK_S)
        except (OSError, ValueError) as error:
            self.problem = str(error) or type(error).__name__
            self._not_before = time.monotonic() + _AGAIN_S
            return False
        self.problem = ""
        return True

    def _call(self, message: bytes, deadline: float) -> None:
        """One call; OSError or ValueError where it was not answered, or refused."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as opened:
            _patience(opened, deadline)
            opened.connect(self._socket or "")
            _refuse_foreign(opened)
            identity = str(os.geteuid()).encode().hex().encode()
            opened.sendall(b"\0AUTH EXTERNAL " + identity + b"\r\n")
            line = b""
            while not line.endswith(b"\r\n"):
                line += _read(opened, 1, deadline)
            if not line.startswith(b"OK "):
                raise ValueError(line.decode(errors="replace").strip())
            # systemd reads 256 bytes with the greeting, and would let a whole message lie that came
            # in them; ours is longer.
            opened.sendall(b"BEGIN\r\n" + message)
            while True:
                kind, body = _received(opened, deadline)
                if kind == _ERROR:
                    raise ValueError(_first_text(body))
                if kind in _REPLY:
                    return


def scope_of(pid: int) -> str | None:
    """The session's scope that a process is in; None where it is in none, or has vanished."""
    found = _NAME.search(_group(pid))
    return found[1] if found else None


def scope_named(incarnation: str) -> str:
    """What the scope of a session is called."""
    return f"alvo-session-{incarnation}.scope"


def directories(pids: list[int]) -> set[Path]:
    """Where the kernel keeps the scopes that these processes are in."""
    found = set()
    for pid in pids:
        group = _group(pid)
        name = _NAME.search(group)
        if name is not None:
            inside = group[1 : name.end(1)]
            found |= {mount / inside for mount in _MOUNTS if (mount / inside).is_dir()}
    return found


def kill(directory: Path) -> None:
    """Everything in a scope at once, whoever's it is; the empty scope goes by itself."""
    with contextlib.suppress(OSError):
        (directory / "cgroup.kill").write_text("1")


def _group(pid: int) -> str:
    try:
        text = (PROC / str(pid) / "cgroup").read_text(errors="replace")
    except OSError:
        return ""
    return next((line[3:] for line in text.splitlines() if line.startswith("0::")), "")


def _refuse_foreign(opened: socket.socket) -> None:
    peer = opened.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    _, uid, _ = struct.unpack("3i", peer)
    if uid != os.geteuid():
        raise PermissionError(f"uid {uid}")


def _patience(opened: socket.socket, deadline: float) -> None:
    opened.settimeout(max(deadline - time.monotonic(), 0.001))


def _read(opened: socket.socket, size: int, deadline: float) -> bytes:
    data = b""
    while len(data) < size:
        _patience(opened, deadline)
        piece = opened.recv(size - len(data))
        if not piece:
            raise ConnectionResetError
        data += piece
    return data


def _received(opened: socket.socket, deadline: float) -> tuple[int, bytes]:
    """The kind of a message and its body (D-Bus specification, “Message Format”)."""
    head = _read(opened, _HEAD, deadline)
    order = "<" if head[:1] == b"l" else ">"
    body_size, _, fields_size = struct.unpack(f"{order}III", head[4:])
    if body_size + fields_size > _LONGEST:
        raise ValueError("a message that is too long")
    _read(opened, fields_size + -fields_size % 8, deadline)
    return head[1], _read(opened, body_size, deadline)


def _first_text(body: bytes) -> str:
    size = int.from_bytes(body[:4], "little")
    return body[4 : 4 + size].decode(errors="replace")


class _Body:
    """Values one after the other, each where its kind may begin."""

    def __init__(self) -> None:
        self.data = b""

    def align(self, to: int) -> "_Body":
        self.data += bytes(-len(self.data) % to)
        return self

    def number(self, value: int, kind: str = "I") -> "_Body":
        self.align(struct.calcsize(kind)).data += struct.pack(f"<{kind}", value)
        return self

    def text(self, value: str) -> "_Body":
        encoded = value.encode()
        self.number(len(encoded)).data += encoded + b"\0"
        return self

    def signature(self, value: str) -> "_Body":
        self.data += bytes([len(value)]) + value.encode() + b"\0"
        return self

    def array(self, items: "_Body", align: int) -> "_Body":
        """`items` were put together as if they began at a place fit for any of them."""
        self.number(len(items.data)).align(align).data += items.data
        return self


def _message(path: str, interface: str, member: str, body: _Body, signature: str) -> bytes:
    fields = _Body()
    for code, kind, value in ((1, "o", path), (2, "s", interface), (3, "s", member)):
        fields.align(8).data += bytes([code])
        fields.signature(kind).text(value)
    fields.align(8).data += b"\x06"
    fields.signature("s").text("org.freedesktop.systemd1")
    if signature:
        fields.align(8).data += b"\x08"
        fields.signature("g").signature(signature)
    whole = _Body()
    whole.data = b"l\x01\x00\x01"
    whole.number(len(body.data)).number(1).array(fields, 8).align(8)
    return whole.data + body.data


def _start_scope(name: str, pid: int) -> bytes:
    """`StartTransientUnit(name, mode, properties, auxiliary)` (org.freedesktop.systemd1(5))."""
    properties = _Body()
    properties.align(8).text("PIDs").signature("au").array(_Body().number(pid), 4)
    for key, text in (
        ("Description", "A bash session of Alvo"),
        ("CollectMode", "inactive-or-failed"),
    ):
        properties.align(8).text(key).signature("s").text(text)
    for key in ("MemoryAccounting", "TasksAccounting"):
        properties.align(8).text(key).signature("b").number(1)
    body = _Body().text(name).text("fail").array(properties, 8).array(_Body(), 8)
    return _message(
        "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager",
        "StartTransientUnit",
        body,
        "ssa(sv)a(sa(sv))",
    )
