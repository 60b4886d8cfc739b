"""A Shell with real bash for tests, and approvals to run in it."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from daemon.config import ShellSettings
from daemon.protocol.values import (
    ConversationId,
    Digest,
    FlowId,
    InquiryId,
    Terminal,
)
from daemon.shell.processes import every_process
from daemon.shell.session import CommandResult, Shell
from daemon.shell.values import Window
from daemon.store.approvals import UsedApproval
from tests.support.waiting import until

SETTINGS = ShellSettings(
    program="/bin/bash", time_limit_s=30.0, output_limit_bytes=1 << 20, idle_s=0.0, environment=()
)
TALK = ConversationId("talk")
_numbers = itertools.count()


def approval(
    *scripts: str, cwd: str, conversation: ConversationId = TALK, id_: str | None = None
) -> UsedApproval:
    return UsedApproval(
        id=id_ or f"approval-{next(_numbers)}",
        flow_id=FlowId("flow"),
        inquiry_id=InquiryId("inquiry"),
        digest=Digest("digest"),
        scripts=scripts,
        cwd=cwd,
        conversation=conversation,
    )


@dataclass(frozen=True)
class Ran:
    result: CommandResult
    output: bytes

    @property
    def status(self) -> int | None:
        return self.result.exit_status

    @property
    def text(self) -> str:
        return self.output.decode(errors="replace")


@dataclass
class Sessions:
    """Runs each script under an approval of its own, where the session happens to be."""

    shell: Shell
    home: Path

    async def run(
        self,
        script: str,
        *,
        conversation: ConversationId = TALK,
        environment: Mapping[str, str] | None = None,
        seen: bytearray | None = None,
        told: list[Terminal | None] | None = None,
        window: Window | None = None,
    ) -> Ran:
        output = bytearray() if seen is None else seen

        async def on_output(data: bytes) -> None:
            output.extend(data)

        async def on_wait(terminal: Terminal | None) -> None:
            if told is not None:
                told.append(terminal)

        cwd = self.shell.state(conversation, str(self.home)).cwd
        result = await self.shell.run(
            approval(script, cwd=cwd, conversation=conversation),
            0,
            on_output,
            environment or {},
            on_wait=on_wait,
            window=window,
        )
        return Ran(result, bytes(output))

    @asynccontextmanager
    async def running(
        self, script: str, until_seen: bytes = b"", *, window: Window | None = None
    ) -> AsyncIterator["Running"]:
        """The script under way, once it has printed `until_seen`."""
        seen = bytearray()
        told: list[Terminal | None] = []
        task = asyncio.create_task(self.run(script, seen=seen, told=told, window=window))
        try:
            await until(lambda: until_seen in seen if until_seen else self._busy())
            yield Running(task, seen, told)
        finally:
            if not task.done():
                await self.shell.end(TALK)
            await task

    def _busy(self) -> bool:
        bash = self.shell._sessions.get(TALK)
        return bash is not None and bash.busy


@dataclass
class Running:
    task: asyncio.Task[Ran]
    seen: bytearray
    told: list[Terminal | None]
    """What the command was said to wait for, one after the other."""

    async def waits_for(self, terminal: Terminal, within: float = 5.0) -> None:
        await until(lambda: self.told[-1:] == [terminal], within)


def with_sessions(
    tmp_path: Path,
    story: Callable[[Sessions], Awaitable[None]],
    environ: Mapping[str, str] = os.environ,
    **settings: object,
) -> None:
    """Tells a story on an event loop of its own; nothing of its sessions outlives it."""

    async def tell() -> None:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        shell = Shell(
            replace(SETTINGS, **settings),  # type: ignore[arg-type]
            tmp_path / "runtime",
            home,
            environ=environ,
        )
        try:
            await story(Sessions(shell, home))
        finally:
            await shell.close()

    asyncio.run(tell())


def commands(text: str) -> list[int]:
    """The pids of living processes whose command line holds `text`."""
    found = []
    for process in every_process():
        try:
            line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        except OSError:
            continue
        if process.alive and text.encode() in line:
            found.append(process.pid)
    return found
