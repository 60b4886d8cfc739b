"""Drives a flow from block to block until it has to wait, or has ended."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final, assert_never

from daemon.blocks.outcome import Ask, Deliver, Outcome, Proceed
from daemon.blocks.question import Context, QuestionBlock, direct_command
from daemon.blocks.response import ResponseBlock
from daemon.blocks.search import SearchBlock
from daemon.flow.calling import Caller
from daemon.flow.context import context_of
from daemon.flow.failing import fail
from daemon.flow.inquiring import Inquirer, put_inquiry
from daemon.flow.journal import FlowJournal
from daemon.flow.ledger import Ledger
from daemon.flow.permitting import approve_standing, standing_for
from daemon.flow.previewing import Previewed
from daemon.flow.previews import NOT_MADE, Previews
from daemon.flow.transitions import advance
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Block,
    FlowId,
    FlowStatus,
    Inquiry,
    InquiryKind,
)
from daemon.reasoner import DecisionRequest
from daemon.store import Database, crash
from daemon.store.changes import record_preview
from daemon.store.flows import StoredFlow, load_flow

_RUNNING: Final = frozenset({FlowStatus.RUNNING})
_log: Final = logging.getLogger(__name__)


class Driver:
    """Runs the block that a flow is in, and puts down what it came to."""

    def __init__(
        self,
        ledger: Ledger,
        inquirer: Inquirer,
        question: QuestionBlock,
        search: SearchBlock,
        response: ResponseBlock,
        *,
        previews: Previews | None = None,
        caller: Caller,
        execute: Callable[[FlowId, str], None],
    ) -> None:
        """`previews`: makes one of every plan before it is asked for; None: when a person asks.

        `execute`: starts what an approval is for, that a standing permission gave.
        """
        self._ledger = ledger
        self._inquirer = inquirer
        self._question = question
        self._search = search
        self._response = response
        self._previews = previews
        self._caller = caller
        self._execute = execute

    async def drive(self, flow_id: FlowId, *, again: bool = False) -> None:
        """Returns when the flow is no longer running; what goes wrong is the flow's error.

        `again`: its block was begun before, by a daemon that has ended.
        """
        try:
            stored = await self._load(flow_id)
            while stored.flow.status is FlowStatus.RUNNING:
                outcome = await self._run_block(stored, again=again)
                again = False
                crash.point(f"{stored.flow.block}-outcome")
                stored = await self._put(stored, outcome)
        except Exception as error:  # noqa: BLE001  (a flow must end with an error, whatever it was)
            await fail(self._ledger, flow_id, FlowStatus.RUNNING, error)

    async def _load(self, flow_id: FlowId) -> StoredFlow:
        return await self._ledger.read(lambda db: load_flow(db, flow_id))

    async def _context(self, stored: StoredFlow) -> Context:
        return await self._ledger.read(lambda db: context_of(db, stored))

    async def _run_block(self, stored: StoredFlow, *, again: bool) -> Outcome:
        journal = FlowJournal(self._ledger, stored, again=again)
        match stored.flow.block:
            case Block.QUESTION:
                return await self._question.run(stored, await self._context(stored), journal)
            case Block.SEARCH:
                context = await self._context(stored)
                request = await self._question.request(stored, context, journal)
                return await self._search.run(stored.flow, request, journal)
            case Block.RESPONSE:
                known: DecisionRequest | None = None
                if direct_command(stored.flow.question) is None:
                    context = await self._context(stored)
                    known = await self._question.request(stored, context, journal)
                return await self._response.run(stored, known, journal)
            case unknown:
                assert_never(unknown)

    async def _put(self, stored: StoredFlow, outcome: Outcome) -> StoredFlow:
        if not isinstance(outcome, Ask):
            return await self._ledger.commit(
                stored.flow.id, lambda db: _record(db, stored, outcome, None)
            )
        inquiry = await self._inquirer.draft(stored, outcome)
        made = await self._previewed(stored, inquiry)
        shown = inquiry if made is None else replace(inquiry, preview=made.shown)

        def put(db: Database) -> tuple[StoredFlow, str | None]:
            waiting = _record(db, stored, outcome, shown)
            if made is not None:
                record_preview(db, shown.id, made.changes)
            # A secret's variable may change what a covered word means.
            if self._inquirer.has_secrets(stored.flow.id):
                return waiting, None
            approval_id = approve_standing(db, stored, shown, self._inquirer.path)
            return load_flow(db, stored.flow.id), approval_id

        followed = self._caller.watch(stored.flow.id)
        try:
            standing, approval_id = await self._ledger.commit(stored.flow.id, put)
            if approval_id is not None:
                self._execute(stored.flow.id, approval_id)
            self._caller.opened(standing.flow, shown, followed)
            followed = None
            return standing
        finally:
            self._caller.leave(stored.flow.id, followed)
            if self._previews is not None:
                self._previews.made(inquiry)

    async def _is_covered(self, stored: StoredFlow, inquiry: Inquiry) -> bool:
        if self._inquirer.has_secrets(stored.flow.id):
            return False
        path = self._inquirer.path
        found = await self._ledger.read(lambda db: standing_for(db, stored, inquiry, path))
        return found is not None

    async def _previewed(self, stored: StoredFlow, inquiry: Inquiry) -> Previewed | None:
        """Where the configuration wants one of every plan that is asked for, if it can be made.

        What a standing permission covers runs at once: nobody would look at it.
        """
        if self._previews is None or inquiry.kind is not InquiryKind.RUN:
            return None
        if await self._is_covered(stored, inquiry):
            return None
        try:
            return await self._previews.make(stored, inquiry)
        except AlvoError as error:
            if error.type not in NOT_MADE:
                raise
            _log.info("no preview of flow %s: %s", stored.flow.id, error)
            return None


def _record(
    db: Database, stored: StoredFlow, outcome: Outcome, inquiry: Inquiry | None
) -> StoredFlow:
    flow = stored.flow
    match outcome:
        case Proceed():
            return advance(
                db,
                flow.id,
                FlowStatus.RUNNING,
                _RUNNING,
                attempts=0,
                block=outcome.block,
                type=outcome.type or flow.type,
                plan=list(outcome.plan),
                rounds=flow.rounds + outcome.next_round,
            )
        case Deliver():
            return advance(
                db,
                flow.id,
                FlowStatus.ANSWERED,
                _RUNNING,
                answer=outcome.answer,
                citations=list(outcome.citations),
            )
        case Ask():
            if inquiry is None:
                raise ValueError("an inquiry is drafted before it is put")
            return put_inquiry(db, inquiry, flow, outcome)
        case unknown:
            assert_never(unknown)
