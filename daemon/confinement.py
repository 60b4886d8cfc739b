"""What a child of ours takes from itself for good before it sees what it must not trust.

The children import this and must start in milliseconds: it loads nothing that Python has not.
"""

import contextlib
import ctypes
import os
import resource
import struct
import sys
from collections.abc import Sequence

READ_FILE = 1 << 2
READ_DIRECTORY = 1 << 3
"""Rights of Landlock."""
_EXECUTE = 1 << 0

_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_FILTER = 2

_LANDLOCK_CREATE = 444
_LANDLOCK_ADD = 445
_LANDLOCK_RESTRICT = 446
_VERSION = 1
_PATH_BENEATH = 1


def confine(memory_bytes: int, readable: list[bytes], rights: int) -> tuple[bool, bool]:
    """No network, program or process from now on, and of files only to read what is `readable`.

    `memory_bytes`: of address space. Call it before any thread is started. Gives whether Landlock
    and whether seccomp took hold; the limits on memory and files always do.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for what, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return _landlock(libc, readable, rights), _seccomp(libc)


def keep_to_work(
    memory_bytes: int, readable: list[bytes], writable: list[bytes], *, network: bool = False
) -> tuple[bool, bool]:
    """No program from now on and, unless `network`, no way out of the machine; of files to read what
    is `readable`, and to change what is `writable`. Threads may still be started.

    `memory_bytes`: of private memory. Gives the same as `confine`.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    rights = READ_FILE | READ_DIRECTORY
    held = _landlock(libc, readable, rights, writable, network=network)
    return held, _seccomp(libc, _WORKING | (_NETWORK if network else frozenset()))


def _landlock(
    libc: ctypes.CDLL,
    readable: list[bytes],
    allowed: int,
    writable: Sequence[bytes] = (),
    *,
    network: bool = False,
) -> bool:
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, _VERSION)
    if version < 1:
        return False
    rights = (1 << (13 + sum(version >= since for since in (2, 3, 5)))) - 1
    # Later versions also take away TCP, abstract sockets and signals to processes outside.
    handled = struct.pack("QQQ", rights, 0 if network else 3, 3 if version >= 6 else 0)
    handled = handled[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = libc.syscall(_LANDLOCK_CREATE, handled, len(handled), 0)
    if ruleset < 0:
        return False
    rules = [(path, allowed) for path in readable]
    rules += [(path, rights & ~_EXECUTE) for path in writable]
    for path, given in rules:
        with contextlib.suppress(OSError):
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rule = struct.pack("=Qi", given, opened)
            libc.syscall(_LANDLOCK_ADD, ruleset, _PATH_BENEATH, rule, 0)
            os.close(opened)
    done: bool = libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0
    os.close(ruleset)
    return done


# Numbers of system calls on x86_64 and on aarch64 (0: it has none) by which a process reaches out
# of itself, or changes a file system.
_REFUSED = {
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "sendto": (44, 206),
    "sendmsg": (46, 211), "bind": (49, 200), "listen": (50, 201), "socketpair": (53, 199),
    "accept4": (288, 242), "sendmmsg": (307, 269),
    "clone": (56, 220), "fork": (57, 0), "vfork": (58, 0), "execve": (59, 221),
    "execveat": (322, 281), "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "mount": (165, 40), "umount2": (166, 39), "chroot": (161, 51), "pivot_root": (155, 41),
    "unshare": (272, 97), "setns": (308, 268), "mount_setattr": (442, 442), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430),
    "truncate": (76, 45), "ftruncate": (77, 46), "fallocate": (285, 47), "creat": (85, 0),
    "rename": (82, 0), "renameat": (264, 38), "renameat2": (316, 276), "mkdir": (83, 0),
    "mkdirat": (258, 34), "rmdir": (84, 0), "link": (86, 0), "linkat": (265, 37),
    "unlink": (87, 0), "unlinkat": (263, 35), "symlink": (88, 0), "symlinkat": (266, 36),
    "mknod": (133, 0), "mknodat": (259, 33), "chmod": (90, 0), "fchmod": (91, 52),
    "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, 0), "fchown": (93, 55),
    "lchown": (94, 0), "fchownat": (260, 54), "utime": (132, 0), "utimes": (235, 0),
    "futimesat": (261, 0), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15),
    "fremovexattr": (199, 16), "open_by_handle_at": (304, 265),
    "openat2": (437, 437), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219),
}  # fmt: skip
_OPENING = {"open": (2, 0, 1), "openat": (257, 56, 2)}
"""As above, with the place of the argument that holds the flags."""
_CLONE3 = 435
# What a process that writes files of its own cannot do without; Landlock says which files.
_WORKING = frozenset({
    "clone", "truncate", "ftruncate", "fallocate", "creat", "rename", "renameat", "renameat2",
    "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "chmod", "fchmod", "fchmodat", "utimensat",
})  # fmt: skip
_NETWORK = frozenset({
    "socket", "connect", "bind", "sendto", "sendmsg", "sendmmsg", "socketpair",
})  # fmt: skip
_CLONE_THREAD = 0x10000
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD = 0x20
_JUMP_EQUAL = 0x15
_JUMP_AT_LEAST = 0x35
_JUMP_ANY_BIT = 0x45
_RETURN = 0x06
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | 1
_UNKNOWN = 0x00050000 | 38
_KILL = 0x80000000
_FOREIGN_ABI = 0x40000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _seccomp(libc: ctypes.CDLL, allowed: frozenset[str] = frozenset()) -> bool:
    machine = os.uname().machine
    if machine not in _MACHINES or sys.maxsize < 2**32:
        return False
    program = _filter(*_MACHINES[machine], allowed)
    loaded = _Program(len(program) // 8, program)
    done: bool = libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(loaded)) == 0
    return done


def _filter(column: int, architecture: int, allowed: frozenset[str]) -> bytes:
    """Refuses what is listed, and every opening of a file but to read it. Who is `allowed` to
    `clone` may write files and start threads, but no process.

    A list of what is refused: a forgotten call is a hole in one of several walls, where one
    forgotten among those allowed would end a parser.
    """
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_AT_LEAST, 0, 1, _FOREIGN_ABI),
        (_RETURN, 0, 0, _REFUSE),
        # As if the kernel were older: the C library then tries the older call, which is refused.
        (_JUMP_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _UNKNOWN),
    ]
    works = "clone" in allowed
    for name, numbers in _REFUSED.items():
        if numbers[column] and name not in allowed:
            steps += [(_JUMP_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _REFUSE)]
    if works:
        steps += [
            (_JUMP_EQUAL, 0, 4, _REFUSED["clone"][column]),
            (_LOAD, 0, 0, _ARGUMENTS),
            (_JUMP_ANY_BIT, 1, 0, _CLONE_THREAD),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    for *opening, flags in _OPENING.values():
        if opening[column] and not works:
            steps += [
                (_JUMP_EQUAL, 0, 4, opening[column]),
                (_LOAD, 0, 0, _ARGUMENTS + 8 * flags),
                (_JUMP_ANY_BIT, 0, 1, writing),
                (_RETURN, 0, 0, _REFUSE),
                (_RETURN, 0, 0, _ALLOW),
            ]
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)
