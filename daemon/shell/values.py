"""What the shell takes and gives."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from daemon.protocol.values import ConversationId, Terminal

OnOutput = Callable[[bytes], Awaitable[None]]
"""Given each piece of output; while it is awaited nothing more is read from the terminal."""

OnWait = Callable[[Terminal | None], Awaitable[None]]
"""Told what the command has begun to wait for at its terminal; None: nothing any more."""


@dataclass(frozen=True, slots=True)
class Window:
    """How large a terminal is."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class SessionState:
    """What an approval is bound to. `incarnation` is `new` while no bash runs.

    `environment`: names only; the same for a session to come and for one that runs.
    """

    incarnation: str
    commands_run: int
    cwd: str
    environment: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. `exit_status` is null where the session was ended around it.

    `cwd`: where the session is now; the given one where the session has ended. `ended_with_it`:
    what it had left working.
    """

    exit_status: int | None
    took_ms: float
    cwd: str
    session_ended: bool
    interrupted: bool
    timed_out: bool
    ended_with_it: tuple["ProcessLine", ...] = ()


@dataclass(frozen=True, slots=True)
class SessionMarker:
    """Enough to find what is left of a session after a crash.

    `started`: of the bash, in clock ticks since boot, as in `/proc/PID/stat`; `boot`: which boot.
    """

    conversation: ConversationId
    incarnation: str
    pid: int
    started: int
    boot: str


@dataclass(frozen=True, slots=True)
class ProcessLine:
    """A process as a person would recognise it."""

    pid: int
    command: str

    @property
    def name(self) -> str:
        """Without its arguments: one of them may be a secret, and which one nobody knows."""
        return f"{self.program} ({self.pid})"

    @property
    def program(self) -> str:
        """As `name`, without the number."""
        program, _, arguments = self.command.partition(" ")
        return f"{program}{' …' if arguments else ''}"


@dataclass(frozen=True, slots=True)
class Swept:
    """What was ended, and what could not be."""

    ended: tuple[ProcessLine, ...]
    left: tuple[ProcessLine, ...]


@dataclass(frozen=True, slots=True)
class Living:
    """A session as it is now. `pid`: of its bash. `working`: what lives in it beside its bash."""

    conversation: ConversationId
    pid: int
    cwd: str
    idle_s: float
    busy: bool
    working: tuple[ProcessLine, ...]
