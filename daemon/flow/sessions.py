"""What the methods `session.*` do: lists the bash sessions, ends one that a person names."""

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.sessions import EndedSession, Session, SessionList, WorkingProcess
from daemon.protocol.values import Seconds
from daemon.shell.session import Shell
from daemon.shell.values import Living, ProcessLine


class Sessions:
    """What a command left in the background lives on until a person ends it here, or the daemon ends."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def list(self) -> SessionList:
        return SessionList([self._shown(living) for living in await self._shell.list()])

    async def end(self, given: str) -> EndedSession:
        """SESSION_NOT_FOUND, AMBIGUOUS_ID; SESSION_BUSY while a command runs in it."""
        pids = {living.conversation: living.pid for living in await self._shell.list()}
        every = list(pids)
        fits = [one for one in every if one == given] or [
            one for one in every if given and one.startswith(given)
        ]
        if not fits:
            raise AlvoError(errors.SESSION_NOT_FOUND, session=given)
        if len(fits) > 1:
            raise AlvoError(errors.AMBIGUOUS_ID, id=given)
        flow_id = self._shell.running_in(fits[0])
        if flow_id is not None:
            raise AlvoError(errors.SESSION_BUSY, flow=flow_id[:6])
        swept = await self._shell.end(fits[0])
        ended = tuple(one for one in swept.ended if one.pid != pids[fits[0]])
        return EndedSession(fits[0], _named(ended), _named(swept.left))

    def count_working(self) -> int:
        return self._shell.count_working()

    def _shown(self, living: Living) -> Session:
        return Session(
            conversation=living.conversation,
            cwd=living.cwd,
            idle_s=Seconds(round(living.idle_s, 1)),
            flow_id=self._shell.running_in(living.conversation),
            processes=_named(living.working),
        )


def _named(processes: tuple[ProcessLine, ...]) -> list[WorkingProcess]:
    return [WorkingProcess(one.pid, one.program) for one in processes]
