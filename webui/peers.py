"""Who is at the other end of a TCP connection of this machine: which user, which processes.

TCP has no SO_PEERCRED. The kernel's socket diagnosis (sock_diag(7)) tells the user and the inode of
the other end in some 30 µs; who holds that inode open is in `/proc`, at some 5 µs for each open file
of each process, so that only those calls pay for it which a person alone may make.
"""

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_SOCK_DIAG: Final = 4  # NETLINK_SOCK_DIAG
_BY_FAMILY: Final = 20  # SOCK_DIAG_BY_FAMILY
_REQUEST: Final = 1  # NLM_F_REQUEST
_ERROR: Final = 2  # NLMSG_ERROR
_HEADER: Final = struct.Struct("=IHHII")
_FIXED: Final = struct.Struct("=BBBBI")
_TAIL: Final = struct.Struct("=IIIII")
_ID_BYTES: Final = 48
_EVERY_STATE: Final = 0xFFFFFFFF
_TCP: Final = 6

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Owner:
    """`inode`: of the socket at the other end."""

    uid: int
    inode: int


def owner(theirs: Address, ours: Address) -> Owner | None:
    """Of the socket that is bound to `theirs` and connected to `ours`; None where there is none.

    Of one that its process has closed the kernel no longer knows the user, and says 0: that is not
    the superuser, but nobody.
    """
    family = socket.AF_INET6 if ":" in theirs[0] else socket.AF_INET
    try:
        found = _asked(family, theirs, ours)
    except OSError:
        # A sandbox may refuse netlink; the same is in /proc, as text and slower.
        found = _read(family, theirs, ours)
    return found if found is not None and found.inode else None


def is_here(peer: tuple[Any, ...]) -> bool:
    """Whether an end has one of this machine's own addresses, of whatever interface."""
    family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as trying:
        try:
            trying.bind((peer[0], 0, *peer[2:]))
        except OSError as error:
            # Only this says that no interface has it; what else goes wrong proves nothing.
            return error.errno != errno.EADDRNOTAVAIL
    return True


def _asked(family: int, theirs: Address, ours: Address) -> Owner | None:
    packed = (socket.inet_pton(family, address[0]).ljust(16, b"\0") for address in (theirs, ours))
    wanted = (
        _FIXED.pack(family, _TCP, 0, 0, _EVERY_STATE)
        + struct.pack("!HH", theirs[1], ours[1])
        + b"".join(packed)
        + struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
    )
    header = _HEADER.pack(_HEADER.size + len(wanted), _BY_FAMILY, _REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as asking:
        asking.settimeout(1)
        asking.send(header + wanted)
        reply = asking.recv(8192)
    kind = _HEADER.unpack_from(reply)[1]
    if kind == _ERROR:
        code = -int(struct.unpack_from("=i", reply, _HEADER.size)[0])
        if code == 2:  # ENOENT: there is no such socket here
            return None
        raise OSError(code, "sock_diag")
    *_, uid, inode = _TAIL.unpack_from(reply, _HEADER.size + 4 + _ID_BYTES)
    return Owner(uid, inode)


def _read(family: int, theirs: Address, ours: Address) -> Owner | None:
    wanted = (_hexadecimal(family, theirs), _hexadecimal(family, ours))
    table = "tcp6" if family == socket.AF_INET6 else "tcp"
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            words = line.split()
            if (words[1], words[2]) == wanted:
                return Owner(int(words[7]), int(words[9]))
    return None


def _hexadecimal(family: int, address: Address) -> str:
    """As /proc/net/tcp writes it: each 32 bits in the machine's own order."""
    packed = socket.inet_pton(family, address[0])
    numbers = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{number:08X}" for number in numbers) + f":{address[1]:04X}"


def holders(inode: int, among: Iterable[int] | None = None) -> frozenset[int]:
    """The processes that hold a socket open; only those that this user may look into."""
    wanted = f"socket:[{inode}]"
    if among is None:
        # iterdir is five times as slow
        among = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    return frozenset(pid for pid in among if _holds(pid, wanted))


def _holds(pid: int, wanted: str) -> bool:
    folder = f"/proc/{pid}/fd"
    try:
        for name in os.listdir(folder):  # noqa: PTH208  (as above)
            with contextlib.suppress(OSError):
                if os.readlink(f"{folder}/{name}") == wanted:  # noqa: PTH115  (as above)
                    return True
    except OSError:
        pass  # Gone, or not to be looked into.
    return False
