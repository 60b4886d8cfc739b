"""A person's answers to inquiries: the first one counts, and only for what was shown (P1, P5)."""

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final, NoReturn, assert_never
from weakref import WeakValueDictionary

from daemon.blocks.person import PersonReply
from daemon.blocks.pieces import DECISION, VERDICT
from daemon.blocks.search import insufficient, missing_of
from daemon.blocks.secrets import Secrets
from daemon.flow.digest import text_digest
from daemon.flow.inquiring import ASKED, Asked, Inquirer, ask_of, put_inquiry, say_inquiry
from daemon.flow.ledger import Ledger
from daemon.flow.permitting import stand_for
from daemon.flow.previews import Previews
from daemon.flow.sentences import error_value
from daemon.flow.starting import begin_anew, secret_names
from daemon.flow.transitions import advance
from daemon.protocol import errors
from daemon.protocol.calls import AnswerInquiry
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    AnswerDecision,
    AnsweredBy,
    ConversationId,
    Flow,
    FlowId,
    FlowStatus,
    Inquiry,
    InquiryId,
    InquiryKind,
    InquiryStatus,
    PlannedCommand,
    Scope,
)
from daemon.reasoner import Reply
from daemon.store import Database, crash
from daemon.store.approvals import grant_approval
from daemon.store.changes import record_preview, save_set
from daemon.store.clock import now
from daemon.store.flows import StoredFlow, executing_in, find_step, load_flow, record_step
from daemon.store.inquiries import close_inquiry, closed_error, load_inquiry
from prompts import Phrase

_D: Final = AnswerDecision
_WAITING: Final = frozenset({FlowStatus.WAITING})

ACCEPTED: Final[dict[InquiryKind, tuple[AnswerDecision, ...]]] = {
    InquiryKind.RUN: (_D.ALLOW, _D.APPLY, _D.DENY),
    InquiryKind.FETCH: (_D.ALLOW, _D.DENY),
    InquiryKind.SEARCH_AGAIN: (_D.ALLOW, _D.DENY),
    InquiryKind.INFORMATION: (_D.REPLY, _D.DENY),
}
"""Which decisions each kind of inquiry takes; `deny` to information says “I do not know”."""

ENDING: Final = frozenset({InquiryKind.RUN, InquiryKind.SEARCH_AGAIN})
"""A no to these ends the flow; a no to addresses only leaves their source out."""


@dataclass(frozen=True, slots=True)
class Resume:
    """What the flow does next: goes on with its blocks, runs what was approved, or writes it."""

    flow_id: FlowId
    approval_id: str | None = None
    set_id: str | None = None


class Answers:
    """`resume` starts what an answer sets free, after it is on disk."""

    def __init__(
        self,
        ledger: Ledger,
        inquirer: Inquirer,
        secrets: Secrets,
        previews: Previews,
        resume: Callable[[Resume], None],
    ) -> None:
        self._ledger = ledger
        self._inquirer = inquirer
        self._secrets = secrets
        self._previews = previews
        self._resume = resume
        # Held while a yes is looked at again: no other command of the session starts meanwhile.
        # Weak: a conversation that nobody answers in needs none.
        self._locks = WeakValueDictionary[ConversationId, asyncio.Lock]()

    async def answer(self, given: AnswerInquiry, by: AnsweredBy) -> Inquiry:
        inquiry = await self._ledger.read(lambda db: load_inquiry(db, given.inquiry_id))
        if inquiry.status is not InquiryStatus.WAITING:
            raise closed_error(inquiry)
        if inquiry.expires_at <= now():
            raise AlvoError(
                errors.INQUIRY_EXPIRED, expires_at=inquiry.expires_at, flow=inquiry.flow_id
            )
        _check_fit(given, inquiry)
        match given.decision:
            case AnswerDecision.DENY if inquiry.kind in ENDING:
                return await self._deny(inquiry, by)
            case AnswerDecision.DENY | AnswerDecision.REPLY:
                return await self._reply(inquiry, given, by)
            case AnswerDecision.ALLOW if inquiry.kind is InquiryKind.RUN:
                return await self._allow_run(inquiry, given, by)
            case AnswerDecision.APPLY if inquiry.kind is InquiryKind.RUN:
                return await self._apply(inquiry, given, by)
            case AnswerDecision.ALLOW | AnswerDecision.APPLY:
                if given.digest != inquiry.digest:
                    raise AlvoError(
                        errors.INQUIRY_CHANGED, what=Phrase("changed_digest"), inquiry=inquiry.id
                    )
                return await self._go_on(inquiry, given.decision, by, known=True, text=None)
            case unknown:
                assert_never(unknown)

    async def expire(self, inquiry: Inquiry) -> None:
        """Nobody answered in time: the flow fails and says so."""

        def expire(db: Database) -> None:
            closed = close_inquiry(db, inquiry, InquiryStatus.EXPIRED)
            say_inquiry(db, closed)
            flow = load_flow(db, inquiry.flow_id).flow
            error = AlvoError(errors.INQUIRY_EXPIRED, expires_at=inquiry.expires_at)
            advance(
                db,
                flow.id,
                FlowStatus.FAILED,
                _WAITING,
                inquiry=None,
                error=error_value(error, flow),
            )

        await self._ledger.commit(inquiry.flow_id, expire)
        self._secrets.forget(inquiry.flow_id)

    async def _deny(self, inquiry: Inquiry, by: AnsweredBy) -> Inquiry:
        def deny(db: Database) -> Inquiry:
            closed = close_inquiry(db, inquiry, InquiryStatus.ANSWERED, AnswerDecision.DENY, by)
            say_inquiry(db, closed)
            flow = load_flow(db, inquiry.flow_id).flow
            again = inquiry.kind is InquiryKind.SEARCH_AGAIN
            error = _still_missing(db, flow) if again else AlvoError(errors.PERMISSION_DENIED)
            advance(
                db,
                flow.id,
                FlowStatus.FAILED if again else FlowStatus.DENIED,
                _WAITING,
                inquiry=None,
                error=error_value(error, flow),
            )
            return closed

        closed = await self._ledger.commit(inquiry.flow_id, deny)
        self._secrets.forget(inquiry.flow_id)
        return closed

    async def _reply(self, inquiry: Inquiry, given: AnswerInquiry, by: AnsweredBy) -> Inquiry:
        known = given.decision is AnswerDecision.REPLY
        text = given.text if known else None
        return await self._go_on(inquiry, given.decision, by, known=known, text=text)

    async def _go_on(
        self,
        inquiry: Inquiry,
        decision: AnswerDecision,
        by: AnsweredBy,
        *,
        known: bool,
        text: str | None,
    ) -> Inquiry:
        """Records the reply under the name that the block looks for, and goes on with it."""

        def go_on(db: Database) -> tuple[Inquiry, str | None]:
            closed = close_inquiry(db, inquiry, InquiryStatus.ANSWERED, decision, by)
            say_inquiry(db, closed)
            flow = load_flow(db, inquiry.flow_id).flow
            asked = find_step(db, flow.id, flow.rounds, ASKED, Asked)
            if asked is None or asked.inquiry_id != inquiry.id:
                raise AlvoError(errors.FLOW_CONFLICT, flow=flow.id)
            said = PersonReply(known, None if inquiry.secret else text, now())
            if known and inquiry.urls:
                said = replace(said, approval_id=grant_approval(db, inquiry, (), flow.conversation))
            record_step(db, flow.id, flow.rounds, asked.step, said)
            advance(db, flow.id, FlowStatus.RUNNING, _WAITING, inquiry=None, attempts=0)
            return closed, asked.secret_name

        closed, secret_name = await self._ledger.commit(inquiry.flow_id, go_on)
        if secret_name is not None and text is not None:
            self._secrets.keep(inquiry.flow_id, secret_name, text)
        self._resume(Resume(inquiry.flow_id))
        return closed

    async def _allow_run(self, inquiry: Inquiry, given: AnswerInquiry, by: AnsweredBy) -> Inquiry:
        stored = await self._ledger.read(lambda db: load_flow(db, inquiry.flow_id))
        async with self._locks.setdefault(stored.flow.conversation, asyncio.Lock()):
            await self._refuse_what_changed(stored, inquiry, given)
            plan = list(inquiry.plan)
            if given.edited is not None:
                plan = [PlannedCommand("", given.edited)]
            kept = await self._previews.keep(inquiry) if given.edited is None else None
            crash.point("yes")

            def grant(db: Database) -> tuple[Inquiry, str]:
                if kept is not None:
                    save_set(db, kept)
                if given.scope is not Scope.ONCE:
                    place = (stored.flow.conversation, given.scope)
                    stand_for(db, inquiry, place, by, self._inquirer.path)
                return _grant(db, stored, inquiry, plan, by)

            closed, approval_id = await self._ledger.commit(inquiry.flow_id, grant)
        crash.point("answered")
        self._resume(Resume(inquiry.flow_id, approval_id))
        return closed

    async def _apply(self, inquiry: Inquiry, given: AnswerInquiry, by: AnsweredBy) -> Inquiry:
        """Writes what the preview showed, not by bash: its files are all that must be as they were."""
        stored = await self._ledger.read(lambda db: load_flow(db, inquiry.flow_id))
        async with self._locks.setdefault(stored.flow.conversation, asyncio.Lock()):
            await self._refuse_busy(stored)
            if given.digest != (inquiry.preview or {}).get("digest"):
                raise AlvoError(
                    errors.INQUIRY_CHANGED, what=Phrase("changed_digest"), inquiry=inquiry.id
                )
            written = await self._previews.prepare(inquiry)

            def begin(db: Database) -> Inquiry:
                closed = close_inquiry(
                    db, inquiry, InquiryStatus.ANSWERED, AnswerDecision.APPLY, by
                )
                say_inquiry(db, closed)
                save_set(db, written)
                advance(db, inquiry.flow_id, FlowStatus.EXECUTING, _WAITING, inquiry=None)
                return closed

            closed = await self._ledger.commit(inquiry.flow_id, begin)
        self._resume(Resume(inquiry.flow_id, set_id=written.id))
        return closed

    async def preview(self, inquiry_id: InquiryId) -> Inquiry:
        """A new inquiry with its preview, in place of this one; nothing is approved by it."""
        inquiry = await self._ledger.read(lambda db: load_inquiry(db, inquiry_id))
        if inquiry.status is not InquiryStatus.WAITING:
            raise closed_error(inquiry)
        if inquiry.kind is not InquiryKind.RUN:
            raise AlvoError(
                errors.DECISION_UNFIT,
                decision="preview",
                reason=Phrase("reason_of_kind", kind=inquiry.kind),
                accepted=", ".join(ACCEPTED[inquiry.kind]),
            )
        stored = await self._ledger.read(lambda db: load_flow(db, inquiry.flow_id))
        async with self._locks.setdefault(stored.flow.conversation, asyncio.Lock()):
            changed = await self._inquirer.again(stored, inquiry)
            if changed is not None:
                await self._refuse_changed(inquiry, changed)
        ask = ask_of(inquiry)
        fresh = await self._inquirer.draft(stored, ask)
        fresh = replace(fresh, permission_hint=inquiry.permission_hint)
        try:
            made = await self._previews.make(stored, fresh)
            previewed = replace(fresh, preview=made.shown)

            def put(db: Database) -> None:
                say_inquiry(db, close_inquiry(db, inquiry, InquiryStatus.CLOSED))
                flow = load_flow(db, inquiry.flow_id).flow
                put_inquiry(db, previewed, flow, ask)
                record_preview(db, previewed.id, made.changes)

            await self._ledger.commit(inquiry.flow_id, put)
        finally:
            self._previews.made(fresh)
        return previewed

    async def _refuse_busy(self, stored: StoredFlow) -> None:
        busy = await self._ledger.read(lambda db: executing_in(db, stored.flow.conversation))
        if busy is not None:
            raise AlvoError(errors.SESSION_BUSY, flow=busy[:6])

    async def _refuse_what_changed(
        self, stored: StoredFlow, inquiry: Inquiry, given: AnswerInquiry
    ) -> None:
        """The answer is for what was shown, and what was shown is still what would run."""
        await self._refuse_busy(stored)
        fresh = await self._inquirer.again(stored, inquiry)
        if fresh is None:
            shown = inquiry.digest if given.edited is None else text_digest(given.edited)
            if given.digest == shown:
                return
            raise AlvoError(
                errors.INQUIRY_CHANGED, what=Phrase("changed_digest"), inquiry=inquiry.id
            )
        await self._refuse_changed(inquiry, fresh)

    async def _refuse_changed(self, inquiry: Inquiry, fresh: Inquiry) -> NoReturn:
        """Asks for what it would be now instead, and says so."""
        gone = set(inquiry.environment) - set(fresh.environment)
        forgotten = await self._ledger.commit(
            inquiry.flow_id, lambda db: _ask_anew(db, inquiry, fresh, gone)
        )
        if forgotten:
            self._resume(Resume(inquiry.flow_id))
            names = ", ".join(sorted(forgotten))
            raise AlvoError(errors.SECRET_FORGOTTEN, secret=names, flow=inquiry.flow_id[:6])
        moved = fresh.cwd != inquiry.cwd
        what = Phrase("changed_directory" if moved else "changed_session")
        raise AlvoError(errors.INQUIRY_CHANGED, what=what, inquiry=fresh.id)


def _ask_anew(
    db: Database, inquiry: Inquiry, fresh: Inquiry, gone: AbstractSet[str]
) -> AbstractSet[str]:
    """What is as `fresh` now is asked so; but without its secrets the plan is not asked for.

    Gives the secrets that were forgotten, which the flow has to ask for from the start.
    """
    say_inquiry(db, close_inquiry(db, inquiry, InquiryStatus.CLOSED))
    flow = load_flow(db, inquiry.flow_id).flow
    forgotten = gone & secret_names(db, flow.id)
    if forgotten:
        begin_anew(db, flow)
    else:
        put_inquiry(db, fresh, flow, ask_of(inquiry))
    return forgotten


def _grant(
    db: Database,
    stored: StoredFlow,
    inquiry: Inquiry,
    plan: list[PlannedCommand],
    by: AnsweredBy,
) -> tuple[Inquiry, str]:
    closed = close_inquiry(db, inquiry, InquiryStatus.ANSWERED, AnswerDecision.ALLOW, by)
    say_inquiry(db, closed)
    scripts = tuple(command.script for command in plan)
    approval_id = grant_approval(db, inquiry, scripts, stored.flow.conversation)
    advance(db, stored.flow.id, FlowStatus.EXECUTING, _WAITING, inquiry=None, plan=plan)
    return closed, approval_id


def _still_missing(db: Database, flow: Flow) -> AlvoError:
    """What the reasoner of this round said it lacks."""
    steps = (find_step(db, flow.id, flow.rounds, name, Reply) for name in (VERDICT, DECISION))
    return insufficient(missing_of(next(filter(None, steps), None), flow), flow.agent)


def _check_fit(given: AnswerInquiry, inquiry: Inquiry) -> None:
    accepted = ACCEPTED[inquiry.kind]
    problem = _problem(given, inquiry, accepted)
    if problem is not None:
        raise AlvoError(
            errors.DECISION_UNFIT,
            decision=given.decision,
            reason=problem,
            accepted=", ".join(accepted),
        )


def _problem(
    given: AnswerInquiry, inquiry: Inquiry, accepted: tuple[AnswerDecision, ...]
) -> Phrase | None:
    checks = (
        (given.decision not in accepted, Phrase("reason_of_kind", kind=inquiry.kind)),
        (not _may_stand(given, inquiry), Phrase("reason_scope", scope=given.scope)),
        (
            given.decision is _D.REPLY and not (given.text or "").strip(),
            Phrase("reason_reply_empty"),
        ),
        (given.decision is _D.ALLOW and given.digest is None, Phrase("reason_no_digest")),
        (
            given.decision is _D.APPLY and not _may_apply(given, inquiry),
            Phrase("reason_no_preview"),
        ),
        (given.edited is not None and not _may_edit(given, inquiry), Phrase("reason_edited")),
    )
    return next((problem for wrong, problem in checks if wrong), None)


def _may_stand(given: AnswerInquiry, inquiry: Inquiry) -> bool:
    """A standing yes is to the pattern that was shown, and to nothing else."""
    shown = given.decision is _D.ALLOW and inquiry.permission_hint is not None
    return given.scope is Scope.ONCE or (shown and given.edited is None)


def _may_apply(given: AnswerInquiry, inquiry: Inquiry) -> bool:
    """A preview that a limit cut off is to look at only."""
    previewed = inquiry.preview is not None and inquiry.preview.get("digest") is not None
    return previewed and given.digest is not None


def _may_edit(given: AnswerInquiry, inquiry: Inquiry) -> bool:
    script = given.edited or ""
    fits = given.decision is _D.ALLOW and inquiry.kind is InquiryKind.RUN
    return fits and bool(script.strip()) and "\0" not in script
