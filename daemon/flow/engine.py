"""The flow engine: what the methods `flow.*` and `inquiry.*` do."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from daemon.agents.serving import Serving
from daemon.blocks.databases import DatabaseSearch
from daemon.blocks.internet import InternetSearch
from daemon.blocks.person import PersonSearch
from daemon.blocks.private import PrivatePlaces
from daemon.blocks.question import QuestionBlock
from daemon.blocks.response import ResponseBlock
from daemon.blocks.search import SearchBlock
from daemon.blocks.secrets import Secrets
from daemon.config import Config, Paths, PreviewKind
from daemon.flow.answering import Answers, Resume
from daemon.flow.applying import Applier
from daemon.flow.calling import Caller
from daemon.flow.context import asked_about
from daemon.flow.drive import Driver
from daemon.flow.execution import Executor
from daemon.flow.inquiring import Inquirer, say_inquiry
from daemon.flow.ledger import STORE_FAILURES, Ledger
from daemon.flow.plan import ended_plan
from daemon.flow.previews import Previews
from daemon.flow.recovery import forgive_attempts, recover
from daemon.flow.starting import begin_again, first_state, insert_flow
from daemon.flow.terminal import Terminals
from daemon.flow.transitions import advance
from daemon.index import Index
from daemon.protocol import errors
from daemon.protocol.calls import (
    AnswerInquiry,
    FlowEvents,
    InquiryList,
    ListFlows,
    ListInquiries,
    StartFlow,
    UndoCounts,
    Undone,
    WaitFlow,
)
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    AnsweredBy,
    Flow,
    FlowId,
    FlowStatus,
    Inquiry,
    InquiryId,
    InquiryStatus,
    Seconds,
    StepStatus,
)
from daemon.reasoner import RanCommand, Reasoner
from daemon.shell.session import SessionMarker, Shell
from daemon.sources.databases import DatabaseSources
from daemon.sources.internet import Internet
from daemon.store import Database
from daemon.store.approvals import session_of
from daemon.store.flows import (
    ENDED,
    StoredFlow,
    count_flows,
    count_from_sessions,
    delete_flow,
    find_flow,
    list_flows,
    load_flow,
    named_flow,
)
from daemon.store.inquiries import (
    close_inquiry,
    expired_inquiries,
    list_inquiries,
    load_inquiry,
    next_expiry,
)
from daemon.store.sessions import record_session

_log: Final = logging.getLogger(__name__)

_MAX_WAIT_S: Final = 60.0
_EXPIRY_LOOK_S: Final = 30.0
_EXPIRY_REST_S: Final = 0.05
_LAST_WORDS_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class FlowCounts:
    running: int
    waiting: int


class Engine:
    """Owns the flows: every change of one goes through here."""

    def __init__(
        self,
        ledger: Ledger,
        index: Index,
        reasoner: Reasoner,
        shell: Shell,
        *,
        databases: DatabaseSources,
        internet: Internet,
        serving: Serving,
        config: Config,
        paths: Paths,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        secrets = Secrets()
        self._ledger = ledger
        self._reasoner = reasoner
        self._shell = shell
        self._secrets = secrets
        self._serving = serving
        self._config = config
        self._home = paths.home
        self._places = PrivatePlaces(partial(index.sources, None), paths.home)
        inquirer = Inquirer(shell, secrets, config, paths.home)
        self._applier = Applier(
            ledger, paths.home, paths.state_dir / "undo", config.shell.undo_limit_bytes
        )
        self._previews = Previews(ledger, shell, self._applier, paths)
        self._caller = Caller(ledger, environ, wanted=config.flow.notify)
        self._driver = Driver(
            self._ledger,
            inquirer,
            QuestionBlock(
                index, databases, reasoner, config.flow, places=self._places, serving=serving
            ),
            SearchBlock(
                DatabaseSearch(databases, reasoner),
                PersonSearch(secrets),
                InternetSearch(internet),
                reasoner,
                config.flow,
            ),
            ResponseBlock(reasoner, stream=config.reasoner.stream),
            previews=self._previews if config.shell.preview is PreviewKind.AUTO else None,
            caller=self._caller,
            execute=lambda flow_id, approval_id: self._resume(Resume(flow_id, approval_id)),
        )
        self.terminals = Terminals(self._ledger, shell, secrets)
        self._executor = Executor(
            self._ledger, shell, secrets, self.terminals, config.shell, settle=self._previews.settle
        )
        self._answers = Answers(self._ledger, inquirer, secrets, self._previews, self._resume)
        self._working: dict[FlowId, asyncio.Task[None]] = {}
        self._expiry: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Takes up what was there before; nothing is answered until this has returned."""
        await self._previews.recover()
        for flow_id in await recover(self._ledger):
            self._work(flow_id, partial(self._driver.drive, flow_id, again=True))
        self._expiry = asyncio.create_task(self._expire_inquiries(), name="expiry")

    async def close(self) -> None:
        """What runs is cut off as by a crash, and taken up again at the next start."""
        left = {*self._working.values(), *([self._expiry] if self._expiry else [])}
        while left:
            # Again where the last words of a command find no room on the disk.
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=_LAST_WORDS_S)
        await self._caller.close()
        if self._expiry is not None:
            await forgive_attempts(self._ledger)

    async def note_session(self, marker: SessionMarker) -> None:
        """A session is on disk before its bash gets a byte, so that a crash cannot hide it."""
        await self._ledger.record(lambda db: record_session(db, marker.incarnation, marker))

    async def begin(self, given: StartFlow, speaks: str, *, from_session: bool = False) -> Flow:
        """`flow.start`; `speaks`: the language of the caller's connection.

        `from_session`: a command asks, not a person; of such flows there may be only so many.
        """
        if given.flow_id is not None:
            wanted = given.flow_id
            known = await self._ledger.read(lambda db: find_flow(db, wanted))
            if known is not None:
                return known.flow
        if len(self._working) >= self._config.flow.max_running:
            raise AlvoError(errors.FLOW_TOO_MANY, limit=self._config.flow.max_running)
        agent = None if given.agent is None else await self._serving.in_service(given.agent)
        first = await asyncio.to_thread(first_state, given, self._home, speaks)
        stored = replace(
            first,
            from_session=from_session,
            agent_version=None if agent is None else agent.version,
        )
        flow = stored.flow
        most = self._config.flow.max_from_commands
        about = await self._asked_about(given)

        def insert(db: Database) -> StoredFlow:
            # Twice at the same moment is once.
            known = find_flow(db, flow.id)
            if known is None:
                if from_session and count_from_sessions(db) >= most:
                    raise AlvoError(errors.FLOW_TOO_MANY_BY_COMMANDS, limit=most)
                insert_flow(db, stored, about)
            return known or stored

        begun = await self._ledger.commit(flow.id, insert)
        if begun is stored:
            self._work(flow.id, partial(self._driver.drive, flow.id))
        return begun.flow

    async def _asked_about(self, given: StartFlow) -> RanCommand | None:
        if given.about is None:
            return None
        which = given.about
        ran = await self._ledger.read(lambda db: asked_about(db, which, given.conversation))
        return await asyncio.to_thread(self._places.mark, ran)

    async def get(self, flow_id: FlowId) -> Flow:
        return (await self._load(flow_id)).flow

    async def flows(self, wanted: ListFlows) -> list[Flow]:
        return await self._ledger.read(lambda db: list_flows(db, wanted))

    async def count(self) -> FlowCounts:
        def count(db: Database) -> FlowCounts:
            active = count_flows(db, FlowStatus.RUNNING) + count_flows(db, FlowStatus.EXECUTING)
            return FlowCounts(active, count_flows(db, FlowStatus.WAITING))

        return await self._ledger.read(count)

    async def wait(self, wanted: WaitFlow, *, person: bool = True) -> FlowEvents:
        """`flow.wait`: of one flow with its state, or of all. `person`: somebody sees it."""
        timeout_s = Seconds(max(0.0, min(wanted.timeout_s, _MAX_WAIT_S)))
        return await self._ledger.wait(wanted, timeout_s, person=person)

    async def cancel(self, flow_id: FlowId) -> Flow:
        """Ends a flow for good: its inquiry, its blocks, its command with all that it started."""
        stored = await self._load(flow_id)
        was = stored.flow.status
        session = await self._ledger.read(lambda db: session_of(db, stored.flow))
        try:
            cancelled = await self._ledger.commit(stored.flow.id, lambda db: _cancel(db, stored))
        except AlvoError as error:
            if was is FlowStatus.EXECUTING and error.type in STORE_FAILURES:
                # It may be the very command that fills the disk: it ends, told or untold.
                await self._shell.end(session)
            raise
        task = self._working.get(stored.flow.id)
        if was is FlowStatus.EXECUTING:
            await self._shell.end(session)
        elif task is not None:
            task.cancel()
        if task is not None:
            await asyncio.wait([task])
        self._secrets.forget(stored.flow.id)
        return cancelled.flow

    async def retry(self, flow_id: FlowId) -> Flow:
        """Asks an ended flow anew from the step that failed."""
        stored = await self._load(flow_id)
        correct = self._reasoner.name != "offline"
        again = await self._ledger.commit(
            stored.flow.id, lambda db: begin_again(db, stored.flow.id, correct=correct)
        )
        self._work(stored.flow.id, partial(self._driver.drive, stored.flow.id))
        return again.flow

    async def delete(self, flow_id: FlowId) -> None:
        stored = await self._load(flow_id)
        flow = stored.flow

        def delete(db: Database) -> None:
            status = load_flow(db, flow.id).flow.status
            if status not in ENDED:
                raise AlvoError(errors.FLOW_ACTIVE, flow=flow.id[:6], status=status)
            delete_flow(db, flow.id)

        await self._ledger.commit(flow.id, delete)

    async def inquiries(self, wanted: ListInquiries) -> InquiryList:
        return await self._ledger.read(lambda db: list_inquiries(db, wanted))

    async def inquiry(self, inquiry_id: InquiryId) -> Inquiry:
        return await self._ledger.read(lambda db: load_inquiry(db, inquiry_id))

    async def preview(self, inquiry_id: InquiryId) -> Inquiry:
        return await self._answers.preview(inquiry_id)

    async def undo_counts(self) -> UndoCounts:
        return await self._applier.counts()

    async def undo(self, flow_id: FlowId, by: AnsweredBy) -> Undone:
        flow = (await self._load(flow_id)).flow
        paths = await self._previews.undo(flow, by)
        return Undone((await self._load(flow.id)).flow, paths)

    async def answer(self, given: AnswerInquiry, by: AnsweredBy) -> Inquiry:
        return await self._answers.answer(given, by)

    async def _load(self, flow_id: FlowId) -> StoredFlow:
        return await self._ledger.read(lambda db: named_flow(db, flow_id))

    def _resume(self, next_: Resume) -> None:
        flow_id = next_.flow_id
        if next_.set_id is not None:
            self._work(flow_id, partial(self._previews.apply, flow_id, next_.set_id))
        elif next_.approval_id is not None:
            self._work(flow_id, partial(self._run, flow_id, next_.approval_id))
        else:
            self._work(flow_id, partial(self._driver.drive, flow_id))

    async def _run(self, flow_id: FlowId, approval_id: str) -> None:
        await self._executor.run(flow_id, approval_id)
        await self._previews.settle(flow_id)

    def _work(self, flow_id: FlowId, work: Callable[[], Awaitable[None]]) -> None:
        before = self._working.get(flow_id)

        async def after_it() -> None:
            # The task that put the inquiry may not have returned yet when the answer is here.
            if before is not None:
                await asyncio.wait([before])
            await work()
            await self._forget_ended(flow_id)

        task = asyncio.create_task(after_it(), name=f"flow {flow_id}")
        self._working[flow_id] = task
        task.add_done_callback(lambda done: self._done(flow_id, done))

    async def _forget_ended(self, flow_id: FlowId) -> None:
        stored = await self._ledger.read(lambda db: find_flow(db, flow_id))
        if stored is None or stored.flow.status in ENDED:
            self._secrets.forget(flow_id)
            self.terminals.forget(flow_id)

    def _done(self, flow_id: FlowId, task: asyncio.Task[None]) -> None:
        if self._working.get(flow_id) is task:
            del self._working[flow_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("work on flow %s ended", flow_id, exc_info=error)

    async def _expire_inquiries(self) -> None:
        longest = min(_EXPIRY_LOOK_S, self._config.flow.inquiry_expires_s / 4)
        while True:
            pause = longest
            try:
                for inquiry in await self._ledger.read(expired_inquiries):
                    await self._expire(inquiry)
                due = await self._ledger.read(next_expiry)
                pause = longest if due is None else min(_until(due), longest)
            except Exception:  # noqa: BLE001  (whatever it was, later inquiries expire as well)
                _log.exception("looking for expired inquiries failed; it goes on")
            await asyncio.sleep(max(pause, _EXPIRY_REST_S))

    async def _expire(self, inquiry: Inquiry) -> None:
        try:
            await self._answers.expire(inquiry)
        except AlvoError as error:
            if error.type is not errors.INQUIRY_CLOSED:
                raise
            _log.info("inquiry %s was answered just in time: %s", inquiry.id, error)


def _until(due: str) -> float:
    return (datetime.fromisoformat(due) - datetime.now(UTC)).total_seconds()


def _cancel(db: Database, stored: StoredFlow) -> StoredFlow:
    flow = load_flow(db, stored.flow.id).flow
    if flow.status in ENDED:
        raise AlvoError(errors.FLOW_ENDED, flow=flow.id[:6], status=flow.status)
    if flow.inquiry is not None:
        inquiry = load_inquiry(db, flow.inquiry)
        say_inquiry(db, close_inquiry(db, inquiry, InquiryStatus.CLOSED))
    return advance(
        db,
        flow.id,
        FlowStatus.CANCELLED,
        frozenset(FlowStatus) - ENDED,
        inquiry=None,
        terminal=None,
        plan=ended_plan(flow, StepStatus.INTERRUPTED),
    )
