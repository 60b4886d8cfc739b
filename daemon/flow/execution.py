"""Carries out an approved plan, command by command, each end durable before it is told."""

import codecs
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

import prompts
from daemon.blocks.secrets import Secrets
from daemon.config import ShellSettings
from daemon.flow.failing import fail
from daemon.flow.kept import Kept
from daemon.flow.ledger import Ledger
from daemon.flow.starting import is_alone
from daemon.flow.terminal import Terminals
from daemon.flow.transitions import advance
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    EventKind,
    FlowId,
    FlowStatus,
    Json,
    Milliseconds,
    StepStatus,
    Terminal,
)
from daemon.shell.session import NEW, CommandResult, Shell
from daemon.shell.values import ProcessLine
from daemon.store import Database, crash
from daemon.store.approvals import UsedApproval, use_approval
from daemon.store.events import append_event, drop_event
from daemon.store.flows import load_flow
from daemon.store.sessions import forget_session

_SHORT: Final = 6
_NAMED: Final = 8
_EXECUTING: Final = frozenset({FlowStatus.EXECUTING})


class Executor:
    """The only caller of `Shell.run`: it has nothing to run but what an approval holds."""

    def __init__(
        self,
        ledger: Ledger,
        shell: Shell,
        secrets: Secrets,
        terminals: Terminals,
        settings: ShellSettings,
        *,
        settle: Callable[[FlowId], Awaitable[str]],
    ) -> None:
        """`settle`: looks what the plan made of the files of its preview, and says it."""
        self._ledger = ledger
        self._shell = shell
        self._secrets = secrets
        self._terminals = terminals
        self._settings = settings
        self._settle = settle

    async def run(self, flow_id: FlowId, approval_id: str) -> None:
        """Returns when the flow has ended; what goes wrong is the flow's error."""
        approval = None
        try:
            crash.point("approved")
            approval = await self._ledger.commit(flow_id, lambda db: _use(db, flow_id, approval_id))
            crash.point("approval-used")
            await self._run_all(flow_id, approval)
        except Exception as error:  # noqa: BLE001  (a flow must end with an error, whatever it was)
            await fail(self._ledger, flow_id, FlowStatus.EXECUTING, error)
        if approval is not None and is_alone(flow_id, approval.conversation):
            await self._release(approval)

    async def _release(self, approval: UsedApproval) -> None:
        conversation = approval.conversation
        await self._shell.release(conversation)
        if self._shell.state(conversation, approval.cwd).incarnation == NEW:
            await self._ledger.record(lambda db: forget_session(db, conversation))

    async def _run_all(self, flow_id: FlowId, approval: UsedApproval) -> None:
        for n in range(len(approval.scripts)):
            if n > 0:
                await self._mark(flow_id, n, StepStatus.RUNNING)
            result = await self._run_one(flow_id, approval, n)
            crash.point("command-ended")
            failure = _failure(result, n, len(approval.scripts), self._settings.time_limit_s)
            status = StepStatus.DONE if failure is None else StepStatus.FAILED
            await self._mark(flow_id, n, status, result)
            crash.point("command-recorded")
            if failure is not None or n + 1 == len(approval.scripts):
                await self._tell_working(flow_id, approval)
            if failure is not None:
                raise failure
            if result.session_ended:
                await self._tell_session_ended(flow_id, result)
        await self._finish(flow_id)

    async def _run_one(self, flow_id: FlowId, approval: UsedApproval, n: int) -> CommandResult:
        # A character may lie across two reads; what is no UTF-8 at all shows as such.
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        scrubber = self._secrets.scrubber(flow_id)

        async def say(texts: Sequence[str], missing: int) -> list[int]:
            more: Json = {"missing": missing} if missing else {}

            def append(db: Database) -> list[int]:
                data = [{"n": n, "text": text, **more} for text in texts]
                return [append_event(db, flow_id, EventKind.OUTPUT, one) for one in data]

            # Where the disk is full the command waits: what it said is not lost, nor cut off.
            return await self._ledger.insist(flow_id, append)

        async def drop(seq: int) -> None:
            await self._ledger.record(lambda db: drop_event(db, seq))

        output = Kept(say, drop, self._settings.output_limit_bytes)

        async def on_output(data: bytes) -> None:
            await output.add(scrubber.feed(decoder.decode(data)))
            crash.point("output")

        async def on_wait(terminal: Terminal | None) -> None:
            # After what it printed so far: the question is seen before it is answered.
            await output.settle()
            output.live = terminal is Terminal.SCREEN
            await self._terminals.tell(flow_id, terminal)

        try:
            return await self._shell.run(
                approval,
                n,
                on_output,
                self._secrets.of(flow_id),
                on_wait=on_wait,
                window=self._terminals.window(flow_id),
            )
        finally:
            # Also of a command that the end of the daemon cuts off.
            await output.add(scrubber.feed(decoder.decode(b"", final=True)) + scrubber.end())
            await output.close()

    async def _tell_session_ended(self, flow_id: FlowId, result: CommandResult) -> None:
        await self._notice(flow_id, "session_ended")
        if result.ended_with_it:
            await self._notice(flow_id, "ended_with_it", what=_names(result.ended_with_it))

    async def _tell_working(self, flow_id: FlowId, approval: UsedApproval) -> None:
        """What was left in the background goes on: that is the script's wish, and is said."""
        left = await self._shell.newly_working(approval.conversation)
        if left:
            session = approval.conversation
            blanks = {"what": _names(left), "session": session[:_SHORT]}
            await self._notice(flow_id, "still_working", {"session": session}, **blanks)

    async def _notice(
        self, flow_id: FlowId, name: str, about: Json | None = None, **blanks: str
    ) -> None:
        """`about`: what a client may lead to, beside the sentence."""
        flow = (await self._ledger.read(lambda db: load_flow(db, flow_id))).flow
        message = prompts.phrase(name, flow.language, **blanks)
        await self._ledger.say(flow_id, EventKind.NOTICE, {"message": message, **(about or {})})

    async def _mark(
        self, flow_id: FlowId, n: int, status: StepStatus, result: CommandResult | None = None
    ) -> None:
        await self._ledger.insist(flow_id, lambda db: _mark(db, flow_id, n, status, result))

    async def _finish(self, flow_id: FlowId) -> None:
        changed = await self._settle(flow_id)

        def finish(db: Database) -> None:
            flow = load_flow(db, flow_id).flow
            ended = prompts.phrase("executed", flow.language, count=len(flow.plan))
            answer = "\n\n".join(filter(None, [ended, changed]))
            advance(db, flow_id, FlowStatus.EXECUTED, _EXECUTING, answer=answer)

        await self._ledger.insist(flow_id, finish)


def _names(processes: Sequence[ProcessLine]) -> str:
    shown = [process.name for process in processes[:_NAMED]]
    return ", ".join([*shown, *["…"] * (len(processes) > _NAMED)])


def _use(db: Database, flow_id: FlowId, approval_id: str) -> UsedApproval:
    """Used up, and its first command marked, in one commit: bash gets nothing before it."""
    approval = use_approval(db, approval_id)
    _mark(db, flow_id, 0, StepStatus.RUNNING)
    return approval


def _mark(
    db: Database,
    flow_id: FlowId,
    n: int,
    status: StepStatus,
    result: CommandResult | None = None,
) -> None:
    plan = load_flow(db, flow_id).flow.plan
    command = replace(plan[n], status=status)
    if result is not None:
        took_ms = Milliseconds(round(result.took_ms, 3))
        command = replace(command, exit_status=result.exit_status, took_ms=took_ms)
    advance(
        db,
        flow_id,
        FlowStatus.EXECUTING,
        _EXECUTING,
        plan=[*plan[:n], command, *plan[n + 1 :]],
    )
    append_event(
        db,
        flow_id,
        EventKind.COMMAND,
        {
            "n": n,
            "of": len(plan),
            "script": command.script,
            "status": status,
            "exit_status": command.exit_status,
            "took_ms": command.took_ms,
        },
    )


def _failure(result: CommandResult, n: int, of: int, limit_s: float) -> AlvoError | None:
    place = {"n": n + 1, "of": of}
    if result.timed_out:
        return AlvoError(errors.COMMAND_TIMEOUT, **place, limit=limit_s)
    if result.exit_status is None:
        return AlvoError(errors.COMMAND_INTERRUPTED, **place, left="")
    if result.exit_status != 0:
        return AlvoError(errors.COMMAND_FAILED, **place, exit_status=result.exit_status)
    if result.session_ended and n + 1 < of:
        # What follows was approved for the session that is gone.
        return AlvoError(errors.SESSION_ENDED, **place)
    return None
