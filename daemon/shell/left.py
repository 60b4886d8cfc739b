"""What commands left working in a session, beside its bash."""

import asyncio
from typing import Final

from daemon.shell.ending import leaves_traces, members
from daemon.shell.processes import Process, command_line
from daemon.shell.values import ProcessLine, SessionMarker

_SETTLE_S: Final = 0.05


class Left:
    """Of one session; `any` costs little, the others look at every process."""

    def __init__(self, marker: SessionMarker) -> None:
        self._marker = marker
        self._told_of: frozenset[tuple[int, int]] = frozenset()

    @property
    def any(self) -> bool:
        """Now and then a false yes."""
        return leaves_traces(self._marker)

    async def working(self) -> tuple[ProcessLine, ...]:
        return tuple(_line(process) for process in await self._found()) if self.any else ()

    async def new(self) -> tuple[ProcessLine, ...]:
        """What the last command left, each told of once; not what is just about to end."""
        if not self.any:
            return ()
        await asyncio.sleep(_SETTLE_S)
        found = {(process.pid, process.started): process for process in await self._found()}
        new = [process for key, process in sorted(found.items()) if key not in self._told_of]
        self._told_of = frozenset(found)
        return tuple(map(_line, new))

    async def _found(self) -> list[Process]:
        found = await asyncio.to_thread(members, self._marker)
        return [process for process in found if process.pid != self._marker.pid]


def _line(process: Process) -> ProcessLine:
    return ProcessLine(process.pid, command_line(process.pid))
