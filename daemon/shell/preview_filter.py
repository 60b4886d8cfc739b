"""The filter of system calls of a preview: no socket of this machine can be reached from inside.

A read-only mount does not keep a program from connecting to a socket in it, and a new network
namespace only hides abstract ones. So no Unix socket can be made, but in pairs (not of datagrams:
one of such a pair can still be sent elsewhere); nor a ring of io_uring, which would make one
without a call; nor anything from another instruction set, whose numbers differ.
"""

import os
import platform
import struct
from dataclasses import dataclass
from typing import Final

# <linux/bpf_common.h>, <linux/seccomp.h>, <linux/audit.h>
_LOAD: Final = 0x20
_AND: Final = 0x54
_IF_EQUAL: Final = 0x15
_IF_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 13  # EACCES
_UNKNOWN: Final = 0x00050000 | 38  # ENOSYS
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
_X32: Final = 0x40000000
_IO_URING_SETUP: Final = 425
_TYPE_MASK: Final = 0xF
_STREAM, _SEQUENCED = 1, 5
_FAMILIES: Final = (2, 10, 16)
"""AF_INET, AF_INET6, AF_NETLINK: in a network namespace of its own they reach nothing."""


@dataclass(frozen=True, slots=True)
class _Machine:
    architecture: int
    socket: int
    socketpair: int


_MACHINES: Final = {
    "x86_64": _Machine(0xC000003E, 41, 53),
    "aarch64": _Machine(0xC00000B7, 198, 199),
}


def socket_filter(machine: str | None = None) -> bytes | None:
    """The program as bubblewrap takes it; None on an instruction set that it is not written for."""
    known = _MACHINES.get(machine or platform.machine())
    if known is None:
        return None
    allow, refuse = _op(_RETURN, _ALLOW), _op(_RETURN, _REFUSE)
    socket = [
        _op(_LOAD, _FIRST),
        *(line for family in _FAMILIES for line in (_op(_IF_EQUAL, family, 0, 1), allow)),
        refuse,
    ]
    pair = [
        _op(_LOAD, _SECOND),
        _op(_AND, _TYPE_MASK),
        *(line for kind in (_STREAM, _SEQUENCED) for line in (_op(_IF_EQUAL, kind, 0, 1), allow)),
        refuse,
    ]
    return b"".join(
        [
            _op(_LOAD, _ARCHITECTURE),
            _op(_IF_EQUAL, known.architecture, 1, 0),
            _op(_RETURN, _UNKNOWN),
            _op(_LOAD, _NUMBER),
            _op(_IF_AT_LEAST, _X32, 0, 1),
            _op(_RETURN, _UNKNOWN),
            _op(_IF_EQUAL, _IO_URING_SETUP, 0, 1),
            _op(_RETURN, _UNKNOWN),
            _op(_IF_EQUAL, known.socket, 0, len(socket)),
            *socket,
            _op(_IF_EQUAL, known.socketpair, 0, len(pair)),
            *pair,
            allow,
        ]
    )


def filter_descriptor(program: bytes) -> int:
    """A descriptor to read the program from; the caller closes it."""
    descriptor = os.memfd_create("filter")
    os.write(descriptor, program)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
