"""bash, one session for each conversation: nothing gets there without a used approval."""

from daemon.shell.ending import sweep
from daemon.shell.session import Shell
from daemon.shell.values import (
    CommandResult,
    ProcessLine,
    SessionMarker,
    SessionState,
    Swept,
    Window,
)

__all__ = [
    "CommandResult",
    "ProcessLine",
    "SessionMarker",
    "SessionState",
    "Shell",
    "Swept",
    "Window",
    "sweep",
]
