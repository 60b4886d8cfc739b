"""One bash session for each conversation, reachable with a used approval alone."""

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final
from weakref import WeakKeyDictionary

from daemon.config import ShellSettings
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    ConversationId,
    FlowId,
    SignalName,
)
from daemon.shell.bash import Bash
from daemon.shell.descent import descends
from daemon.shell.ending import is_subreaper, members, reap_adopted, sweep
from daemon.shell.environment import check_variables, persons_umask, session_environment
from daemon.shell.preview import Surroundings
from daemon.shell.scope import Scopes
from daemon.shell.syntax import complaint
from daemon.shell.values import (
    CommandResult,
    Living,
    OnOutput,
    OnWait,
    ProcessLine,
    SessionMarker,
    SessionState,
    Swept,
    Window,
)
from daemon.store.approvals import UsedApproval
from prompts import Phrase

__all__ = ["CommandResult", "SessionMarker", "SessionState", "Shell", "Swept", "sweep"]

NEW: Final = "new"
"""The incarnation of a session whose bash has not been started."""
_UNREADABLE: Final = 2
"""The exit status by which bash itself says that it cannot read a script."""
_HOUSEKEEPING_S: Final = 5.0
_log: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class _Use:
    """What of an approval has been run, and in which bash."""

    scripts_run: set[int] = field(default_factory=set)
    incarnation: str | None = None


class Shell:
    """`on_start` is awaited with the marker of each new bash before that gets its first byte.

    Everything but `descends` belongs to the thread of one event loop.
    """

    def __init__(
        self,
        settings: ShellSettings,
        runtime_dir: Path,
        home: Path,
        *,
        environ: Mapping[str, str] = os.environ,
        on_start: Callable[[SessionMarker], Awaitable[None]] | None = None,
    ) -> None:
        self._umask = persons_umask(environ)
        self._scopes = Scopes(environ)
        self.on_start = on_start
        self._settings = settings
        self._scripts = runtime_dir / "scripts"
        self._environment = session_environment(environ, settings.environment, home)
        self._sessions: dict[ConversationId, Bash] = {}
        self._running: dict[ConversationId, FlowId] = {}
        # With the approval itself goes what was used of it: none is made a second time.
        self._uses = WeakKeyDictionary[UsedApproval, _Use]()
        self._bashes: frozenset[int] = frozenset()
        self._housekeeping: asyncio.Task[None] | None = None
        self._closed = False

    # What a session is, and running in it.

    @property
    def path(self) -> str:
        """Where sessions look for programs."""
        return self._environment["PATH"]

    def state(self, conversation: ConversationId, cwd: str) -> SessionState:
        """Starts nothing: `cwd` is where a session that does not run yet would begin."""
        names = tuple(sorted(self._environment))
        bash = self._live(conversation)
        if bash is None:
            return SessionState(NEW, 0, cwd, names)
        return SessionState(bash.marker.incarnation, bash.commands_run, bash.directory(), names)

    async def run(
        self,
        approval: UsedApproval,
        n: int,
        on_output: OnOutput,
        environment: Mapping[str, str] = MappingProxyType({}),
        *,
        on_wait: OnWait | None = None,
        window: Window | None = None,
    ) -> CommandResult:
        """Runs `approval.scripts[n]`, once ever, to its end.

        APPROVAL_MISMATCH: that script was run, there is none, or the session is not the one that
        was approved: it is elsewhere, or was ended by an earlier script of the same approval.
        `environment`: set for this command alone; by its values it may hold secrets.
        `window`: of a real terminal that shows the command; without one TERM is `dumb`.
        """
        conversation = approval.conversation
        if conversation in self._running:
            raise AlvoError(errors.SESSION_BUSY, flow=self._running[conversation])
        use = self._use_up(approval, n)
        content = _content(approval.scripts[n])
        check_variables(environment)
        self._running[conversation] = approval.flow_id
        try:
            bash = await self._session_for(approval, use)
            with self._script_file(content) as file:
                refused = await complaint(content, file, self._settings.program, self._environment)
                if refused is not None:
                    return await _unread(bash, refused, on_output, real_terminal=window is not None)
                return await bash.run(
                    file,
                    on_output,
                    on_wait,
                    variables=environment,
                    window=window,
                    limit_s=self._settings.time_limit_s,
                )
        finally:
            del self._running[conversation]
            self._forget_dead()

    def _use_up(self, approval: UsedApproval, n: int) -> _Use:
        """Before anything is awaited: two calls at the same moment are one too many."""
        use = self._uses.setdefault(approval, _Use())
        if not 0 <= n < len(approval.scripts) or n in use.scripts_run:
            raise AlvoError(errors.APPROVAL_MISMATCH, flow=approval.flow_id)
        use.scripts_run.add(n)
        return use

    async def _session_for(self, approval: UsedApproval, use: _Use) -> Bash:
        bash = self._live(approval.conversation)
        present = bash.marker.incarnation if bash else None
        if use.incarnation is not None and use.incarnation != present:
            raise AlvoError(errors.APPROVAL_MISMATCH, flow=approval.flow_id)
        if use.incarnation is None and not _enterable(approval.cwd):
            raise AlvoError(errors.DIRECTORY_MISSING, path=approval.cwd)
        if bash is None:
            bash = await self._start(approval)
        elif use.incarnation is None and not _same(approval.cwd, bash.directory()):
            raise AlvoError(errors.APPROVAL_MISMATCH, flow=approval.flow_id)
        use.incarnation = bash.marker.incarnation
        return bash

    async def _start(self, approval: UsedApproval) -> Bash:
        if self._closed:
            raise AlvoError(errors.DAEMON_STOPPING)
        self._keep_house()
        await self.end(approval.conversation)  # what is left of one that has died
        bash = Bash(approval.conversation, self._settings.program, self._environment)
        self._sessions[approval.conversation] = bash
        self._bashes |= {bash.marker.pid}
        try:
            # Beside each other: neither waits for the disk and for systemd.
            scoped = asyncio.create_task(self._scoped(bash.marker))
            if self.on_start is not None:
                await self.on_start(bash.marker)
            await scoped
        except BaseException:
            await bash.end()
            raise
        await bash.start(approval.cwd, self._umask)
        return bash

    async def _scoped(self, marker: SessionMarker) -> None:
        """Where there is a systemd of the person's; a session that it will not take begins without."""
        if not self._scopes.is_there:
            return
        before = self._scopes.problem
        await asyncio.to_thread(self._scopes.adopt, marker.pid, marker.incarnation)
        if self._scopes.problem not in ("", before):
            _log.warning("a session without a systemd scope: %s", self._scopes.problem)

    @contextlib.contextmanager
    def _script_file(self, content: bytes) -> Iterator[Path]:
        """The approved bytes for bash to source: nobody else's eyes, and gone afterwards."""
        file = self._scripts / secrets.token_hex(12)
        try:
            self._scripts.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as script:
                script.write(content)
        except OSError as error:
            raise AlvoError(errors.SHELL_FAILED, reason=error.strerror) from error
        try:
            yield file
        finally:
            file.unlink(missing_ok=True)

    # What a person does to a running command.

    async def signal(self, conversation: ConversationId, name: SignalName) -> None:
        self._busy(conversation).send_signal(name)

    async def send(
        self, conversation: ConversationId, data: bytes, *, secret: bool = False
    ) -> None:
        """Keys for the program in front; refused where none runs, so that none wait for the next.

        Without a newline or end of file a line holds 4,095 bytes: the kernel drops the rest.
        """
        await self._busy(conversation).send(data, secret=secret)

    async def resize(self, conversation: ConversationId, window: Window) -> None:
        """A real terminal of this size shows the command from now on."""
        self._busy(conversation).resize(window)

    def _busy(self, conversation: ConversationId) -> Bash:
        bash = self._live(conversation)
        if bash is None or not bash.busy:
            raise AlvoError(errors.NO_COMMAND_RUNNING, flow=conversation)
        return bash

    async def end(self, conversation: ConversationId) -> Swept:
        """Ends the session with its whole process tree; a command in it gives no exit status."""
        bash = self._sessions.get(conversation)
        if bash is None:
            return Swept((), ())
        swept = await bash.end()
        self._forget_dead()
        return swept

    async def newly_working(self, conversation: ConversationId) -> tuple[ProcessLine, ...]:
        """What the last command left working in the background, each told of once."""
        bash = self._live(conversation)
        return () if bash is None else await bash.left.new()

    async def list(self) -> list[Living]:
        """The sessions that there are, and what lives in each beside its bash."""
        return [
            Living(
                conversation,
                bash.marker.pid,
                bash.directory(),
                bash.idle_for(),
                bash.busy,
                await bash.left.working(),
            )
            for conversation, bash in list(self._sessions.items())
            if bash.usable
        ]

    def count_working(self) -> int:
        """Sessions in which something lives on without a command of theirs."""
        return sum(
            bash.usable and not bash.busy and bash.left.any for bash in self._sessions.values()
        )

    def running_in(self, conversation: ConversationId) -> FlowId | None:
        """The flow whose command runs in a session now."""
        return self._running.get(conversation)

    async def release(self, conversation: ConversationId) -> None:
        """Nobody comes back to this session: it ends, unless something in it still works."""
        bash = self._live(conversation)
        if bash is not None and not bash.busy:
            await self._end_unused(conversation, bash)
            self._forget_dead()

    async def close(self) -> None:
        """Ends every session; none can be started afterwards."""
        self._closed = True
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._housekeeping
        await asyncio.gather(*(self.end(conversation) for conversation in list(self._sessions)))
        await asyncio.to_thread(reap_adopted, self._bashes)

    def surroundings(self, home: Path, hidden: tuple[Path, ...]) -> Surroundings:
        """Where a preview runs: as a new session would begin. `hidden`: Alvo's own directories."""
        return Surroundings(self._settings.program, home, hidden, self._environment, self._umask)

    # Who is asking.

    def descends(self, pid: int) -> bool:
        """Whether a session's bash started this process, directly or not; True in doubt.

        A mark or our variable tells, of sessions before a crash too; so does an ancestor that is
        a session's bash or this daemon, which as child subreaper inherits the sessions' orphans.
        """
        return descends(pid, self._bashes)

    # Keeping house.

    def _live(self, conversation: ConversationId) -> Bash | None:
        bash = self._sessions.get(conversation)
        return bash if bash is not None and bash.usable else None

    def _forget_dead(self) -> None:
        """Sessions that have ended whole; until then their tree can still be ended by name."""
        for conversation, bash in list(self._sessions.items()):
            if bash.ended.is_set():
                del self._sessions[conversation]
        self._bashes = frozenset(bash.marker.pid for bash in self._sessions.values())

    def _keep_house(self) -> None:
        if self._housekeeping is not None:
            return
        if not is_subreaper():
            _log.warning(
                "not a child subreaper: orphans of sessions are found by their marks alone"
            )
        with contextlib.suppress(OSError):
            for stale in self._scripts.iterdir():
                stale.unlink()
        self._housekeeping = asyncio.create_task(self._house())

    async def _house(self) -> None:
        """Ends sessions that nobody uses, and buries the orphans that became our children."""
        idle_s = self._settings.idle_s
        pause = min(_HOUSEKEEPING_S, idle_s / 4) if idle_s > 0 else _HOUSEKEEPING_S
        while True:
            await asyncio.sleep(max(pause, 0.01))
            try:
                for conversation, bash in list(self._sessions.items()):
                    if 0 < idle_s < bash.idle_for() and not bash.busy:
                        await self._end_unused(conversation, bash)
                self._forget_dead()
                await asyncio.to_thread(reap_adopted, self._bashes)
            except Exception:  # noqa: BLE001 (whatever it was, it must go on; it is logged)
                _log.exception("housekeeping of sessions failed; it goes on")

    async def _end_unused(self, conversation: ConversationId, bash: Bash) -> None:
        """Not one that still works: a server that a person had started is in use."""
        alive = await asyncio.to_thread(members, bash.marker)
        if any(process.pid != bash.marker.pid for process in alive):
            bash.touch()
        elif conversation not in self._running:
            await bash.end()


async def _unread(
    bash: Bash, said: bytes, on_output: OnOutput, *, real_terminal: bool
) -> CommandResult:
    """The failure of a script that bash cannot read: its own, as if bash had said it there."""
    await on_output(said.replace(b"\n", b"\r\n") if real_terminal else said)
    bash.touch()
    return CommandResult(
        exit_status=_UNREADABLE,
        took_ms=0.0,
        cwd=bash.directory(),
        session_ended=not bash.usable,
        interrupted=False,
        timed_out=False,
    )


def _content(script: str) -> bytes:
    try:
        content = script.encode("utf-8")
    except UnicodeEncodeError as error:
        raise AlvoError(errors.COMMAND_INVALID, reason=Phrase("reason_no_text")) from error
    if b"\0" in content:
        raise AlvoError(errors.COMMAND_INVALID, reason=Phrase("reason_nul"))
    return content


def _enterable(path: str) -> bool:
    try:
        return os.path.isdir(path) and os.access(path, os.X_OK)  # noqa: PTH112
    except ValueError:
        return False


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)  # noqa: PTH121
    except OSError:
        return False
