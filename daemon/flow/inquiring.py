"""Makes inquiries: what a person is shown, and the digest that ties their answer to it."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from daemon.blocks.outcome import Ask
from daemon.blocks.question import direct_command
from daemon.blocks.secrets import Secrets
from daemon.config import Config
from daemon.flow.digest import run_digest, text_digest
from daemon.flow.transitions import advance
from daemon.protocol.values import (
    Digest,
    EventKind,
    Flow,
    FlowId,
    FlowStatus,
    Inquiry,
    InquiryId,
    InquiryKind,
    InquiryStatus,
    ResolvedProgram,
    StepStatus,
)
from daemon.shell.parse import programs
from daemon.shell.permissions import find_program, hint, read_pattern
from daemon.shell.resolving import resolve
from daemon.shell.session import Shell
from daemon.store import Database
from daemon.store.clock import later, now
from daemon.store.events import append_event
from daemon.store.flows import StoredFlow, record_step
from daemon.store.ids import new_id
from daemon.store.inquiries import insert_inquiry

ASKED = "asked"
YOU = "you"
"""Who proposed what a person typed as a command."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Under which name the reply to an inquiry is recorded, and what of it is secret."""

    inquiry_id: InquiryId
    step: str
    secret_name: str | None


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """All that decides, beside its text, what a plan would do."""

    cwd: str
    environment: tuple[str, ...]
    digest: Digest
    programs: tuple[ResolvedProgram, ...] = ()


class Inquirer:
    """Turns what a block asks into an inquiry, and looks again before a yes counts."""

    def __init__(self, shell: Shell, secrets: Secrets, config: Config, home: Path) -> None:
        self._shell = shell
        self._secrets = secrets
        self._config = config
        self._home = home

    async def draft(self, stored: StoredFlow, ask: Ask) -> Inquiry:
        around = await self._look(stored, ask)
        scripts = [command.script for command in ask.plan]
        return Inquiry(
            id=InquiryId(new_id()),
            flow_id=stored.flow.id,
            kind=ask.kind,
            status=InquiryStatus.WAITING,
            text=ask.text,
            secret=ask.secret_name is not None,
            script="\n".join(scripts) if scripts else None,
            plan=list(ask.plan),
            cwd=around.cwd or None,
            environment=list(around.environment),
            urls=list(ask.urls),
            digest=around.digest,
            preview=None,
            permission_hint=self._hint(stored, ask, around.cwd),
            created_at=now(),
            expires_at=later(self._config.flow.inquiry_expires_s),
            programs=list(around.programs),
            proposed_by=_proposer(stored.flow),
            citations=list(ask.citations),
        )

    async def again(self, stored: StoredFlow, inquiry: Inquiry) -> Inquiry | None:
        """The inquiry as it would be asked now, where that differs from what was shown."""
        fresh = await self.draft(stored, ask_of(inquiry))
        # An inquiry of an older version told of no programs.
        same_programs = not inquiry.programs or fresh.programs == inquiry.programs
        return None if fresh.digest == inquiry.digest and same_programs else fresh

    async def _look(self, stored: StoredFlow, ask: Ask) -> _Surroundings:
        if ask.kind is not InquiryKind.RUN:
            shown = "\0".join([ask.kind, ask.text, *ask.urls])
            return _Surroundings("", (), text_digest(shown))
        scripts = [command.script for command in ask.plan]
        state = self._shell.state(stored.flow.conversation, stored.cwd)
        names = sorted({*state.environment, *self._secrets.of(stored.flow.id)})

        def look() -> _Surroundings:
            digest = run_digest(
                scripts=scripts,
                cwd=state.cwd,
                environment=names,
                shell=self._config.shell.program,
                incarnation=state.incarnation,
                commands_run=state.commands_run,
                programs=self._programs(scripts, state.cwd),
            )
            programs = resolve(scripts, state.cwd, self.path, used=state.commands_run > 0)
            return _Surroundings(state.cwd, tuple(names), digest, programs)

        return await asyncio.to_thread(look)

    @property
    def path(self) -> str:
        return self._shell.path

    def has_secrets(self, flow_id: FlowId) -> bool:
        return bool(self._secrets.of(flow_id))

    def _hint(self, stored: StoredFlow, ask: Ask, cwd: str) -> str | None:
        """The one pattern that would cover the whole plan; a secret's variable may mean anything."""
        hints = {hint(command.script) for command in ask.plan}
        if ask.kind is not InquiryKind.RUN or len(hints) != 1 or self._secrets.of(stored.flow.id):
            return None
        (pattern,) = hints
        if pattern is None:
            return None
        word = read_pattern(pattern).words[0]
        return pattern if find_program(word, cwd, self.path) else None

    def _programs(self, scripts: Sequence[str], cwd: str) -> list[Path]:
        path = os.environ.get("PATH", os.defpath)
        return [
            file for script in scripts for file in programs(script, Path(cwd), path, self._home)
        ]


def ask_of(inquiry: Inquiry) -> Ask:
    """What was asked, to be asked once more as things are now."""
    return Ask(
        inquiry.kind,
        inquiry.text,
        plan=tuple(inquiry.plan),
        urls=tuple(inquiry.urls),
        citations=tuple(inquiry.citations),
    )


def _proposer(flow: Flow) -> str | None:
    return YOU if direct_command(flow.question) is not None else flow.reasoner


def put_inquiry(db: Database, inquiry: Inquiry, flow: Flow, ask: Ask) -> StoredFlow:
    """The flow waits for it from here on; call it inside a transaction."""
    insert_inquiry(db, inquiry)
    record_step(db, flow.id, flow.rounds, ASKED, Asked(inquiry.id, ask.step, ask.secret_name))
    say_inquiry(db, inquiry)
    return advance(
        db,
        flow.id,
        FlowStatus.WAITING,
        frozenset({FlowStatus.RUNNING, FlowStatus.WAITING}),
        inquiry=inquiry.id,
        plan=[replace(command, status=StepStatus.PENDING) for command in ask.plan] or flow.plan,
        citations=list(ask.citations) or flow.citations,
    )


def say_inquiry(db: Database, inquiry: Inquiry) -> None:
    append_event(
        db,
        FlowId(inquiry.flow_id),
        EventKind.INQUIRY,
        {"inquiry_id": inquiry.id, "kind": inquiry.kind, "status": inquiry.status},
    )
