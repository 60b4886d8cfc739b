"""bash in a pseudo-terminal, with private pipes beside it: the only door to pexpect."""

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import sys
import termios
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pexpect
import ptyprocess

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.shell.values import Window

NOBODYS: Final = Window(24, 80)
"""How large the terminal is while nobody has said how large theirs is."""
_TIOCSIG: Final = 0x40045436  # _IOW('T', 0x36, int): a signal to the foreground group
_REDRAW_S: Final = 0.05
"""Long enough for a program to see that its window has changed before it changes back."""
_LOWEST_PIPE: Final = 10  # below are the descriptors that scripts use by number
_LOCAL_FLAGS: Final = 3
_OUTPUT_FLAGS: Final = 1
# Python ignores some signals, and what is ignored stays so across exec: `yes | head` would
# complain of a broken pipe, and bash cannot trap what was ignored when it began.
_TO_DEFAULT: Final = sorted(
    signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP} - set(range(32, 35))
)


@dataclass(frozen=True, slots=True)
class Mode:
    """`canonical`: input comes by lines. `pending`: bytes that wait to be read by the program."""

    canonical: bool
    echo: bool
    pending: int


class BashPty(pexpect.spawn):  # type: ignore[type-arg]  # generic in the stubs alone
    """Owns the terminal and the two pipes; says nothing to bash.

    `scripts`: where lines for bash are written. `reports`: what bash reports is read here. In bash
    these are the descriptors `script_number` and `report_number`.
    """

    def __init__(self, program: str, environment: Mapping[str, str]) -> None:
        self.slave = self.scripts = self.reports = self.died = -1
        self.script_number = self.report_number = -1
        self._passed: tuple[int, ...] = ()
        self._guarded = False
        self._redrawing: asyncio.TimerHandle | None = None
        try:
            self._open_pipes()
            arguments = ["--noprofile", "--norc", f"/dev/fd/{self.script_number}"]
            super().__init__(program, arguments, timeout=None, env=dict(environment))
            self.died = os.pidfd_open(self.process_id)
        except (OSError, ValueError, pexpect.ExceptionPexpect) as error:
            self.dispose()
            raise AlvoError(errors.SHELL_FAILED, reason=_reason(error)) from error
        finally:
            # bash's own ends; the daemon must not hold them, or it never sees them closed.
            self._close_passed()
        self.saved = termios.tcgetattr(self.slave)

    @property
    def process_id(self) -> int:
        if self.pid is None:
            raise ValueError("no process")
        return self.pid

    @property
    def master(self) -> int:
        return int(self.child_fd)

    def _open_pipes(self) -> None:
        read_scripts, self.scripts = os.pipe()
        self.reports, write_reports = os.pipe()
        # Only bash's own ends move: the pipe of the daemon's side never reaches a child.
        self.script_number = fcntl.fcntl(read_scripts, fcntl.F_DUPFD_CLOEXEC, _LOWEST_PIPE)
        self.report_number = fcntl.fcntl(write_reports, fcntl.F_DUPFD_CLOEXEC, _LOWEST_PIPE)
        self._passed = (self.script_number, self.report_number)
        os.close(read_scripts)
        os.close(write_reports)
        os.set_blocking(self.scripts, False)
        os.set_blocking(self.reports, False)

    def _close_passed(self) -> None:
        for descriptor in self._passed:
            os.close(descriptor)
        self._passed = ()

    def _spawnpty(self, args: list[str], **settings: Any) -> Any:
        """Instead of fork: posix_spawn, which runs no Python in the child.

        A fork of a process with threads may stop for ever at a lock, and Python 3.12 and later
        warn of it. Opening the terminal as leader of a new session makes it the controlling one.
        """
        master, self.slave = os.openpty()
        os.set_blocking(master, False)
        attributes = termios.tcgetattr(self.slave)
        attributes[_OUTPUT_FLAGS] &= ~termios.OPOST  # output comes byte for byte
        termios.tcsetattr(self.slave, termios.TCSANOW, attributes)
        self.resize(NOBODYS)
        actions: list[tuple[Any, ...]] = [
            (os.POSIX_SPAWN_OPEN, 0, os.ttyname(self.slave), os.O_RDWR, 0),
            (os.POSIX_SPAWN_DUP2, 0, 1),
            (os.POSIX_SPAWN_DUP2, 0, 2),
            *((os.POSIX_SPAWN_CLOSE, number) for number in _inheritable()),
            # Onto itself: this clears close-on-exec, in the child only.
            *((os.POSIX_SPAWN_DUP2, number, number) for number in self._passed),
        ]
        try:
            pid = os.posix_spawn(
                args[0],
                args,
                settings["env"],
                file_actions=actions,
                setsid=True,
                setsigmask=(),
                setsigdef=_TO_DEFAULT,
            )
        except BaseException:
            os.close(master)
            raise
        return ptyprocess.PtyProcess(pid, master)

    def read_output(self, size: int) -> bytes:
        """What is there, at most `size` bytes; empty: nothing more now, or ever.

        The terminal hands out 4 KiB at a time: they are gathered here. The kernel delivers what
        was written before it says that there is nothing, so nothing written is missed.
        """
        pieces: list[bytes] = []
        while size > 0:
            try:
                piece = os.read(self.master, size)
            except OSError:  # EAGAIN: nothing now; EIO: the other side is gone
                break
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def refresh(self) -> None:
        """Undoes what a program did to the terminal, and drops what nobody read of the input.

        First what is still on its way to the slave, then what has arrived there: flushing the
        master alone leaves a stale "y" that answers the next program's question.
        """
        self._guarded = False
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(self.slave, termios.TCSANOW, self.saved)
            # Ctrl-S stops output; this goes on, but only for who has stopped it likewise.
            termios.tcflow(self.slave, termios.TCOOFF)
            termios.tcflow(self.slave, termios.TCOON)
            termios.tcflush(self.master, termios.TCOFLUSH)
            termios.tcflush(self.slave, termios.TCIFLUSH)

    def mode(self) -> Mode | None:
        """None: the terminal is gone."""
        try:
            local = termios.tcgetattr(self.slave)[_LOCAL_FLAGS]
            pending = fcntl.ioctl(self.slave, termios.FIONREAD, bytes(4))
        except (OSError, termios.error):
            return None
        canonical, echo = bool(local & termios.ICANON), bool(local & termios.ECHO)
        return Mode(canonical=canonical, echo=echo, pending=int.from_bytes(pending, sys.byteorder))

    def guard_echo(self, *, secret: bool) -> None:
        """Off for a secret, and on again for what follows: if it was on, and still is for lines."""
        mode = self.mode()
        if mode is None:
            return
        if secret and mode.echo:
            self._change(_LOCAL_FLAGS, termios.ECHO, on=False)
            self._guarded = True
        elif not secret and self._guarded:
            self._guarded = False
            if mode.canonical:
                self._change(_LOCAL_FLAGS, termios.ECHO, on=True)

    def translate_newlines(self) -> None:
        """As on a person's terminal, which needs a return as well; else bytes come as they are."""
        self._change(_OUTPUT_FLAGS, termios.OPOST | termios.ONLCR, on=True)

    def _change(self, which: int, flags: int, *, on: bool) -> None:
        with contextlib.suppress(OSError, termios.error):
            attributes = termios.tcgetattr(self.slave)
            attributes[which] = attributes[which] | flags if on else attributes[which] & ~flags
            termios.tcsetattr(self.slave, termios.TCSANOW, attributes)

    def window(self) -> Window | None:
        try:
            size = fcntl.ioctl(self.slave, termios.TIOCGWINSZ, bytes(8))
        except OSError:
            return None
        rows, columns, _, _ = struct.unpack("HHHH", size)
        return Window(rows, columns)

    def show(self, window: Window, loop: asyncio.AbstractEventLoop) -> None:
        """A terminal of this size shows it from now on. One of the same size shows nothing yet: whoever
        has the screen draws it anew.
        """
        mode = self.mode()
        if self.window() == window and mode is not None and not mode.canonical:
            self.resize(Window(window.rows + 1, window.columns))
            self._redrawing = loop.call_later(_REDRAW_S, self.resize, window)
        else:
            self.resize(window)

    def resize(self, window: Window) -> None:
        """The kernel tells who is in front (SIGWINCH), if this is a change."""
        if self._redrawing is not None:
            # The size that was to come back is not the latest any more.
            self._redrawing.cancel()
        size = struct.pack("HHHH", window.rows, window.columns, 0, 0)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.slave, termios.TIOCSWINSZ, size)

    def interrupt_foreground(self) -> None:
        """As Ctrl-C does, whatever the terminal's mode, and without a race for a group's number."""
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.master, _TIOCSIG, signal.SIGINT)

    def foreground_group(self) -> int | None:
        """The process group in front; None where that is bash's own, or nobody's.

        The kernel says 0 once the session is gone, and killpg(0) would end the daemon.
        """
        group = self.front()
        return group if group > 1 and group not in (self.process_id, os.getpgrp()) else None

    def front(self) -> int:
        """The process group in front, bash's own included; 0: nobody's."""
        try:
            return os.tcgetpgrp(self.master)
        except OSError:
            return 0

    def bury(self) -> int | None:
        """The exit status of a bash that has ended (128 + signal where one ended it)."""
        with contextlib.suppress(pexpect.ExceptionPexpect):
            if self.isalive():
                return None
        if self.signalstatus is not None:
            return 128 + int(self.signalstatus)
        return None if self.exitstatus is None else int(self.exitstatus)

    def dispose(self) -> None:
        """Closes every descriptor at once (pexpect's own close sleeps 0.1 s twice)."""
        for name in ("slave", "scripts", "reports", "died"):
            descriptor: int = getattr(self, name)
            setattr(self, name, -1)
            if descriptor >= 0:
                os.close(descriptor)
        process = getattr(self, "ptyproc", None)
        if process is not None and not process.closed:
            process.closed = True
            process.fileobj.close()
            self.closed = True
            self.child_fd = -1


def _inheritable() -> list[int]:
    """Descriptors that a child would get: those of systemd's sockets, and what C code opened."""
    found = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        number = int(name)
        with contextlib.suppress(OSError):
            if number > 2 and os.get_inheritable(number):
                found.append(number)
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0] if str(error) else type(error).__name__
