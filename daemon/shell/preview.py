"""Runs a plan on an overlay of the home directory, where nothing it does is real.

A kernel overlay (`userxattr`) in a user namespace, and bubblewrap over it: `/` is read-only, what
is written elsewhere lands in folders that are thrown away, and there is no network, no socket, no
capability, no other process and nothing of Alvo's own. `docs/preview.md` says what it cannot see.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.shell.preview_changes import TooManyChanges, hard_linked, read_changes
from daemon.shell.preview_files import Change
from daemon.shell.preview_filter import filter_descriptor, socket_filter
from daemon.shell.preview_limits import Limits, watch
from prompts import Phrase

_PLACES: Final = ("/var/tmp", "/tmp", "/dev/shm")  # noqa: S108  (a folder of mode 0700 is made in it)
"""Never below the home directory: the upper layer of an overlay cannot lie within its lower one."""
_PREFIX: Final = "alvo-preview-"
_EMPTY: Final = {"tmp": "/tmp", "vartmp": "/var/tmp", "run": "/run", "shm": "/dev/shm"}  # noqa: S108  (these are hidden)
_SCRIPTS: Final = "/run/alvo-preview"
_FOLDERS: Final = ("upper", "work", "merged", "scripts", *_EMPTY)
_MOUNT: Final = (
    "mount -n -i -t overlay overlay"
    ' -o userxattr,lowerdir=home,upperdir=upper,workdir=work merged && exec "$@"'
)
_READ: Final = 64 * 1024
_OUTPUT_HALF: Final = 64 * 1024
_LAST_S: Final = 5.0
_PAUSE_S: Final = 0.005
_CLOCK_NS: Final = 20_000_000
"""The times of files are told by a coarser clock than ours, which is behind it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a preview runs. `hidden`: Alvo's own directories. `umask`: None, as the daemon's."""

    program: str
    home: Path
    hidden: tuple[Path, ...]
    environment: Mapping[str, str]
    umask: int | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a plan did on the overlay; `upper` holds the bytes, until the trial is left.

    `ended_by`: the limit that cut it off (`time`, `space`, `memory`). `dropped`: characters left
    out of the middle of the output. `elsewhere`: it wrote outside the home directory too.
    """

    changes: list[Change]
    upper: Path
    output: str
    dropped: int
    exit_status: int | None
    ended_by: str | None
    hard_links: list[str]
    mounts: list[str]
    elsewhere: bool


@contextlib.asynccontextmanager
async def tried(
    scripts: Sequence[str], cwd: str, around: Surroundings, limits: Limits
) -> AsyncIterator[Trial]:
    """Runs the scripts one after the other, as a session would; PREVIEW_UNAVAILABLE with a reason, and
    PREVIEW_NOT_THERE from a directory that is empty in one.
    """
    if await asyncio.to_thread(_is_emptied, Path(cwd), around.home):
        raise AlvoError(errors.PREVIEW_NOT_THERE, cwd=cwd)
    workspace = await asyncio.to_thread(_workspace, around.home)
    try:
        yield await _try(workspace, scripts, cwd, around, limits)
    finally:
        await asyncio.to_thread(remove_tree, workspace)


async def _try(
    workspace: Path, scripts: Sequence[str], cwd: str, around: Surroundings, limits: Limits
) -> Trial:
    home = around.home.resolve()
    mounts = _mounts_below(home)
    (workspace / "home").symlink_to(home)
    _write_scripts(workspace / "scripts", scripts, [*_umask(around), *limits.own()])
    since_ns = time.time_ns() - _CLOCK_NS
    told_read, told_write = os.pipe()
    filter_fd = filter_descriptor(_filter())
    try:
        inside = _inside(workspace, home, cwd, around, mounts)
        command = _command(inside, around.program, told_write, filter_fd)
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=workspace,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**around.environment},
            pass_fds=(told_write, filter_fd),
            start_new_session=True,
        )
    except OSError as error:
        os.close(told_read)
        raise _unavailable(str(error)) from None
    finally:
        os.close(told_write)
        os.close(filter_fd)
    try:
        output, ended_by = await _outcome(process, workspace, limits)
    finally:
        _kill(process.pid)
        told = _told(told_read)
        await _all_ended(told.get("child-pid"))
    if ended_by is None and "exit-code" not in told:
        raise _unavailable(_not_begun(output.text()))
    try:
        changes = await asyncio.to_thread(read_changes, home, workspace / "upper", since_ns)
    except TooManyChanges:
        raise AlvoError(errors.PREVIEW_TOO_LARGE) from None
    return Trial(
        changes,
        workspace / "upper",
        output.text(),
        output.dropped,
        None if ended_by else int(told["exit-code"]),
        ended_by,
        hard_linked(home, changes),
        [str(mount) for mount in mounts],
        _wrote_elsewhere(workspace, home),
    )


async def _outcome(
    process: asyncio.subprocess.Process, workspace: Path, limits: Limits
) -> tuple["_Output", str | None]:
    """Its output to the end, and the limit that ended it."""
    output = _Output()
    reading = asyncio.create_task(output.read(process.stdout))
    watching = asyncio.create_task(watch(process.pid, workspace, limits))
    try:
        await asyncio.wait({reading, watching}, return_when=asyncio.FIRST_COMPLETED)
        ended_by = watching.result() if watching.done() and not reading.done() else None
        if ended_by is not None:
            _kill(process.pid)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_S):
                await asyncio.shield(reading)
        if ended_by is None:
            await process.wait()
        return output, ended_by
    finally:
        _kill(process.pid)
        reading.cancel()
        watching.cancel()
        await asyncio.gather(reading, watching, return_exceptions=True)
        await process.wait()


class _Output:
    """The head and the tail of what was printed."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self.dropped = 0

    async def read(self, stream: asyncio.StreamReader | None) -> None:
        while stream is not None and (data := await stream.read(_READ)):
            room = _OUTPUT_HALF - len(self._head)
            self._head += data[:room]
            self._tail += data[room:]
            over = len(self._tail) - _OUTPUT_HALF
            if over > 0:
                del self._tail[:over]
                self.dropped += over

    def text(self) -> str:
        between = f"\n… {self.dropped} …\n".encode() if self.dropped else b""
        return bytes(self._head + between + self._tail).decode("utf-8", "replace")


def _command(inside: Sequence[str], program: str, told: int, filter_fd: int) -> list[str]:
    unshare, bwrap = shutil.which("unshare"), shutil.which("bwrap")
    if unshare is None or bwrap is None:
        raise _unavailable("apt install bubblewrap" if unshare else "apt install util-linux")
    outside = [unshare, "--user", "--map-root-user", "--mount", "--", "/bin/sh", "-c", _MOUNT, "sh"]
    told_by = ["--seccomp", str(filter_fd), "--json-status-fd", str(told)]
    shell = [program, "--noprofile", "--norc", f"{_SCRIPTS}/all"]
    return [*outside, bwrap, *inside, *told_by, "--", *shell]


def _inside(
    workspace: Path, home: Path, cwd: str, around: Surroundings, mounts: Sequence[Path]
) -> list[str]:
    """What is where, for bubblewrap: each thing covers what was said before it."""
    # The superuser needs no capability to set the kernel's switches below /proc/sys.
    inside = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--remount-ro", "/proc"]
    for name, place in _EMPTY.items():
        inside += ["--bind", str(workspace / name), place]
    inside += ["--bind", str(workspace / "merged"), str(home)]
    for mount in mounts:
        inside += ["--ro-bind-try", str(mount), str(mount)]
    for hidden in around.hidden:
        if hidden.is_dir():
            inside += ["--tmpfs", str(hidden), "--remount-ro", str(hidden)]
    inside += ["--ro-bind", str(workspace / "scripts"), _SCRIPTS]
    inside += ["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    inside += ["--cap-drop", "ALL", "--new-session", "--die-with-parent"]
    if os.getuid() != 0:
        inside += ["--unshare-user", "--uid", str(os.getuid()), "--gid", str(os.getgid())]
    return [*inside, "--chdir", cwd]


def _is_emptied(cwd: Path, home: Path) -> bool:
    """Whether it lies below a place that a preview has anew; home is there even so."""
    cwd = cwd.resolve()
    below = any(cwd.is_relative_to(place) and str(cwd) != place for place in _EMPTY.values())
    return below and not cwd.is_relative_to(home.resolve())


def _umask(around: Surroundings) -> list[str]:
    return [] if around.umask is None else [f"umask {around.umask:04o}"]


def _write_scripts(folder: Path, scripts: Sequence[str], first: Sequence[str]) -> None:
    """One file that reads the others as a session does; the first that fails is the last."""
    lines = [*first, "shopt -s expand_aliases"]
    for n, script in enumerate(scripts):
        (folder / str(n)).write_bytes(f"{script}\n".encode("utf-8", "surrogateescape"))
        lines.append(f". {_SCRIPTS}/{n}\ncase $? in 0) ;; *) exit ;; esac")
    (folder / "all").write_text("\n".join(lines) + "\n", encoding="ascii")


def _filter() -> bytes:
    program = socket_filter()
    if program is None:
        raise _unavailable(os.uname().machine)
    return program


def _told(descriptor: int) -> dict[str, int]:
    """What bubblewrap said of itself: one JSON object a line; `exit-code` only of what ran."""
    told = dict[str, int]()
    with os.fdopen(descriptor, "rb") as file:
        for line in file.read().splitlines():
            with contextlib.suppress(ValueError):
                told.update(json.loads(line))
    return told


async def _all_ended(first: int | None) -> None:
    """The first process of the namespace ends last of all: then nothing writes any more."""
    end = asyncio.get_running_loop().time() + _LAST_S
    while first is not None and not _is_dead(first) and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110  (nothing tells of a process that is not our child)
        await asyncio.sleep(_PAUSE_S)


def _is_dead(pid: int) -> bool:
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return line.rpartition(")")[2].split()[0] == "Z"


def _mounts_below(home: Path) -> list[Path]:
    """Other file systems inside the home directory: an overlay of it does not hold them."""
    found = list[Path]()
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        place = Path(os.fsdecode(line.split(b" ")[4].decode("unicode_escape").encode("latin-1")))
        if home in place.parents:
            found.append(place)
    return found


def _wrote_elsewhere(workspace: Path, home: Path) -> bool:
    """Into one of the folders that are thrown away; those on the way to home are ours."""
    for name, place in _EMPTY.items():
        for found in (workspace / name).iterdir():
            ours = Path(place) / found.name
            if not (ours == home or ours in home.parents or ours == Path(_SCRIPTS)):
                return True
    return False


def _workspace(home: Path) -> Path:
    home = home.resolve()
    for place in map(Path, _PLACES):
        if home == place or home in place.parents:
            continue
        with contextlib.suppress(OSError):
            made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
            try:
                os.setxattr(made, "user.overlay.test", b"1")
            except OSError:
                made.rmdir()
                continue
            for name in _FOLDERS:
                (made / name).mkdir()
            return made
    raise _unavailable(", ".join(_PLACES))


def remove_left_over() -> None:
    """Workspaces of a daemon of ours that is gone."""
    for place in map(Path, _PLACES):
        for found in place.glob(f"{_PREFIX}*"):
            pid = found.name.removeprefix(_PREFIX).partition("-")[0]
            with contextlib.suppress(OSError):
                ours = found.lstat().st_uid == os.getuid() and stat.S_ISDIR(found.lstat().st_mode)
                if ours and pid.isdigit() and not Path("/proc", pid).exists():
                    remove_tree(found)


def remove_tree(folder: Path) -> None:
    """Whatever modes a command, or the overlay, gave to what is in it."""
    for place, names, _ in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                inner = Path(place, name)
                if not inner.is_symlink():
                    inner.chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)


def _kill(group: int) -> None:
    # Its first process is ours until it is waited for, so the number cannot be another's.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _not_begun(said: str) -> str | Phrase:
    """The first program asks for the namespace: the kernel's word for a no is not always plain."""
    said = said.strip()[-500:]
    return (
        Phrase("reason_no_namespace", said=said) if said.startswith("unshare:") else said or "bwrap"
    )


def _unavailable(reason: str | Phrase) -> AlvoError:
    return AlvoError(errors.PREVIEW_UNAVAILABLE, reason=reason)
