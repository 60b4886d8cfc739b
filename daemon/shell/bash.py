"""One session: one bash in one PTY, told what to run through a private pipe."""

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, assert_never

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import ConversationId, SignalName
from daemon.shell import lines
from daemon.shell.ending import end_session
from daemon.shell.left import Left
from daemon.shell.marks import VARIABLE, put_mark
from daemon.shell.processes import boot_id, every_process, read_process
from daemon.shell.pty import NOBODYS, BashPty
from daemon.shell.reports import Reports
from daemon.shell.values import (
    CommandResult,
    OnOutput,
    OnWait,
    ProcessLine,
    SessionMarker,
    Swept,
    Window,
)
from daemon.shell.watch import Watch

CHUNK: Final = 64 * 1024
# What can lie in the kernel's buffers once bash has reported; a background job may write for ever.
_TAIL: Final = 128 * 1024
_READY_S: Final = 10.0
_STOP_S: Final = 2.0


class Bash:
    """Started by `start`; after `ended` is set it is of no more use.

    A session has at most one command at a time; `busy` says whether it has one.
    """

    def __init__(
        self, conversation: ConversationId, program: str, environment: Mapping[str, str]
    ) -> None:
        incarnation = secrets.token_hex(8)
        self._may_be_real = environment.get("TERM") == lines.NO_TERMINAL
        self._pty = BashPty(program, {**environment, VARIABLE: incarnation})
        put_mark(self._pty.process_id, incarnation)
        pid = self._pty.process_id
        process = read_process(pid)
        started = process.started if process else 0
        self.marker = SessionMarker(conversation, incarnation, pid, started, boot_id())
        self.left = Left(self.marker)
        self.cwd = ""
        self.commands_run = 0
        self.busy = False
        self._used_at = time.monotonic()
        self.ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._exit_status: int | None = None
        self._reports = Reports(self._pty.reports, self._rouse)
        self._watch = Watch(self._pty, None)
        self._wake: asyncio.Future[None] | None = None
        self._interrupted = self._timed_out = self._killed = False
        self._swept = False
        self._died = asyncio.Event()
        self._ending: asyncio.Future[Swept] | None = None
        self._loop.add_reader(self._pty.died, self._on_death)

    @property
    def dead(self) -> bool:
        return self._died.is_set()

    @property
    def usable(self) -> bool:
        return self._ending is None and not self.dead

    def touch(self) -> None:
        self._used_at = time.monotonic()

    def idle_for(self) -> float:
        """Seconds since a command ended in it."""
        return time.monotonic() - self._used_at

    async def start(self, cwd: str, umask: int | None) -> None:
        """Until bash is ready in `cwd`; else SHELL_FAILED or DIRECTORY_MISSING, and it has ended."""
        deadline = self._loop.call_later(_READY_S, self._kill)
        try:
            self._tell(
                lines.first_lines(cwd, umask, self._pty.report_number, self._reports.expect())
            )
            while self._reports.latest is None and not self.dead:
                await self._sleep_until_woken()
        except BaseException:
            await self.end()
            raise
        finally:
            deadline.cancel()
        if self._reports.latest is None:
            said = self._pty.read_output(CHUNK).decode(errors="replace").strip()
            await self.end()
            raise AlvoError(errors.SHELL_FAILED, reason=said or f"status {self._exit_status}")
        status, self.cwd = self._reports.latest
        if status != 0:
            await self.end()
            raise AlvoError(errors.DIRECTORY_MISSING, path=cwd)
        self._watch_between()

    async def run(
        self,
        file: Path,
        on_output: OnOutput,
        on_wait: OnWait | None,
        *,
        variables: Mapping[str, str],
        window: Window | None,
        limit_s: float,
    ) -> CommandResult:
        """Runs a script file to its end. If this is cancelled or `on_output` fails, all is ended.

        `window`: of the real terminal that shows it; None: there is none, and programs are told.
        """
        self.busy = True
        self._interrupted = self._timed_out = False
        self._watch = Watch(self._pty, on_wait)
        began = time.perf_counter()
        limit = self._loop.call_later(limit_s, self._on_limit) if limit_s > 0 else None
        try:
            self._ready_terminal(window)
            nonce = self._reports.expect()
            pipes = (self._pty.script_number, self._pty.report_number)
            real = window is not None and self._may_be_real
            text = lines.command_lines(file, pipes, nonce, tuple(variables), real_terminal=real)
            self._tell(text, variables)
            await self._pump(on_output)
            await self._watch.end()
        except BaseException:
            self.busy = False
            await self.end()
            raise
        finally:
            if limit is not None:
                limit.cancel()
            self.busy = False
            self.commands_run += 1
            self.touch()
        return await self._result(began)

    async def _result(self, began: float) -> CommandResult:
        took_ms = (time.perf_counter() - began) * 1000
        status = None if self._killed else self._exit_status
        ended: tuple[ProcessLine, ...] = ()
        if self._reports.latest is not None:
            status, said = self._reports.latest
            self.cwd = self._present_directory(said)
        if self.usable:
            self._pty.refresh()
            self._watch_between()
        else:
            # What the session left behind has nobody any more: it goes with it.
            ended = tuple(p for p in (await self.end()).ended if p.pid != self.marker.pid)
            self._dispose_when_idle()
        return CommandResult(
            exit_status=status,
            took_ms=took_ms,
            cwd=self.cwd,
            session_ended=not self.usable,
            interrupted=self._interrupted,
            timed_out=self._timed_out,
            ended_with_it=ended,
        )

    async def _pump(self, on_output: OnOutput) -> None:
        """Output to `on_output` until bash has reported or died, and nothing is left."""
        tail = _TAIL
        while True:
            # Asked before the read: all that was written before the report is there by now.
            done = self._reports.latest is not None or self.dead
            data = self._pty.read_output(min(CHUNK, tail))
            if data:
                await self._watch.before_output()
                await on_output(data)
                # A consumer that never waits would keep everyone else from the loop.
                await asyncio.sleep(0)
            if done:
                tail -= len(data)
                if not data or tail <= 0:
                    return
            elif not data:
                await self._sleep_until_woken(self._watch.pause(), for_output=True)
                await self._watch.settle()

    def _tell(self, text: str, variables: Mapping[str, str] | None = None) -> None:
        first, newline, rest = text.partition("\n")
        values = "".join(value + "\0" for value in (variables or {}).values())
        message = (first + newline + values + rest).encode("utf-8", "surrogateescape")
        try:
            written = os.write(self._pty.scripts, message)
        except OSError:
            written = 0
        if written != len(message):
            # bash is gone, or something reads its pipe: nothing that follows could be trusted.
            self._kill()

    def _ready_terminal(self, window: Window | None) -> None:
        self._loop.remove_reader(self._pty.master)
        self._drop_late_output()
        self._pty.refresh()
        self._pty.resize(window or NOBODYS)
        if window is not None:
            self._pty.translate_newlines()

    def _watch_between(self) -> None:
        """Between commands background jobs may write: nobody waits for it, and it must not stop
        them, nor be taken for the output of the next command.
        """
        self._loop.add_reader(self._pty.master, self._drop_late_output)

    def _drop_late_output(self) -> None:
        if not self._pty.read_output(_TAIL) and self.dead:
            self._loop.remove_reader(self._pty.master)

    # What wakes the one coroutine that waits.

    async def _sleep_until_woken(
        self, at_most_s: float | None = None, *, for_output: bool = False
    ) -> None:
        if self._reports.latest is not None or self.dead:
            return
        self._wake = self._loop.create_future()
        alarm = None if at_most_s is None else self._loop.call_later(at_most_s, self._rouse)
        if for_output:
            self._loop.add_reader(self._pty.master, self._rouse)
        try:
            await self._wake
        finally:
            self._wake = None
            if alarm is not None:
                alarm.cancel()
            if for_output and self._pty.master >= 0:
                self._loop.remove_reader(self._pty.master)

    def _rouse(self) -> None:
        if self._wake is not None:
            _fulfil(self._wake)

    def _on_death(self) -> None:
        self._loop.remove_reader(self._pty.died)
        self._exit_status = self._pty.bury()
        self._died.set()
        self._rouse()
        if not self.busy:
            self._ending = self._ending or asyncio.ensure_future(self._end())

    def _on_limit(self) -> None:
        self._timed_out = True
        self._pty.interrupt_foreground()
        self._loop.call_later(_STOP_S, self._on_stubborn, self._reports.nonce)

    def _on_stubborn(self, nonce: bytes) -> None:
        if self.busy and nonce == self._reports.nonce and self._reports.latest is None:
            self._killed = True
            self._ending = self._ending or asyncio.ensure_future(self._end())

    def _kill(self) -> None:
        if self.dead:  # buried: its number may be another's
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.marker.pid, signal.SIGKILL)

    # What a person does to a running command.

    def send_signal(self, name: SignalName) -> None:
        """INT as Ctrl-C. TERM and KILL end what is in front, and the rest of the script with it."""
        if self.dead:
            return
        self._interrupted = True
        group = self._pty.foreground_group()
        match name:
            case SignalName.INT:
                self._pty.interrupt_foreground()
            case SignalName.TERM:
                self._stop(group, signal.SIGTERM)
            case SignalName.KILL:
                if group is None:
                    self._kill()
                else:
                    self._stop(group, signal.SIGKILL)
            case _:
                assert_never(name)

    def _stop(self, group: int | None, number: signal.Signals) -> None:
        # First bash's own interrupt, which waits for its child: it must not go on to the next line.
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.marker.pid, signal.SIGINT)
        if group is not None:
            with contextlib.suppress(OSError):
                os.killpg(group, number)
            return
        # What bash waits for in its own group, such as a command substitution.
        for process in every_process():
            if process.group == self.marker.pid != process.pid:
                with contextlib.suppress(OSError):
                    os.kill(process.pid, number)

    async def send(self, data: bytes, *, secret: bool) -> None:
        """Keys. A secret is not echoed, whatever the program in front thinks of echo."""
        self._pty.guard_echo(secret=secret)
        whole = data
        while data and self.busy and not self.dead:
            try:
                data = data[os.write(self._pty.master, data) :]
            except BlockingIOError:
                await self._writable()
            except OSError:
                return
        self._watch.fed(whole)
        self._rouse()

    def resize(self, window: Window) -> None:
        """A real terminal of this size shows the command now."""
        if self.busy:
            self._pty.translate_newlines()
            self._pty.show(window, self._loop)

    async def _writable(self) -> None:
        """Until the terminal takes more, at most a moment: the command may end meanwhile."""
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_writer(self._pty.master, _fulfil, ready)
        try:
            await asyncio.wait({ready}, timeout=0.1)
        finally:
            if self._pty.master >= 0:
                self._loop.remove_writer(self._pty.master)

    def directory(self) -> str:
        """Where bash is now, asked of the kernel where its own name for it does not hold."""
        return self._present_directory(self.cwd)

    def _present_directory(self, said: str) -> str:
        place = f"/proc/{self.marker.pid}/cwd"
        with contextlib.suppress(OSError):
            if os.path.isabs(said) and os.path.samefile(said, place):  # noqa: PTH117, PTH121
                return said
        try:
            return os.readlink(place)  # noqa: PTH115
        except OSError:
            return said

    async def end(self) -> Swept:
        """Ends the whole tree; a second call waits for the first."""
        if self.busy:
            self._killed = self._interrupted = True
        self._ending = self._ending or asyncio.ensure_future(self._end())
        return await asyncio.shield(self._ending)

    async def _end(self) -> Swept:
        swept = await asyncio.to_thread(end_session, self.marker)
        # The kernel says at once that bash is dead; the loop hears it a moment later.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await self._died.wait()
        self._swept = True
        self._dispose_when_idle()
        return swept

    def _dispose_when_idle(self) -> None:
        """Not under a command whose last output is still being read."""
        if self._swept and not self.busy and not self.ended.is_set():
            self._dispose()
            self.ended.set()

    def _dispose(self) -> None:
        self._reports.close()
        for descriptor in (self._pty.master, self._pty.died):
            if descriptor >= 0:
                self._loop.remove_reader(descriptor)
        self._pty.dispose()


def _fulfil(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
