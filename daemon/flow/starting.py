"""How a flow begins, and how an ended one begins again."""

import os
from pathlib import Path
from typing import Any, Final

from daemon.blocks.pieces import DECISION, VERDICT
from daemon.blocks.question import COMMAND_SIGN, direct_command
from daemon.flow.context import ABOUT, failed_command
from daemon.flow.plan import remaining
from daemon.flow.transitions import advance
from daemon.index.language import detect, known
from daemon.protocol import errors, methods
from daemon.protocol.calls import StartFlow
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Block,
    ConversationId,
    EventKind,
    Flow,
    FlowId,
    FlowStatus,
    ReplyType,
    Usage,
)
from daemon.reasoner import RanCommand, Reply
from daemon.store import Database
from daemon.store.clock import now
from daemon.store.events import append_event
from daemon.store.flows import (
    ENDED,
    StoredFlow,
    forget_steps,
    load_flow,
    record_step,
    save_flow,
    step_history,
)
from daemon.store.ids import is_id, new_id
from prompts import Phrase

MAX_QUESTION_CHARS: Final = 100_000
MAX_GIVEN_CHARS: Final = 1_000_000


def first_state(given: StartFlow, home: Path, speaks: str) -> StoredFlow:
    """The flow as it starts; INVALID_PARAMS names what is wrong.

    `speaks`: the caller's language, for a question that is in none.
    """
    _check(given)
    cwd = given.cwd or str(home)
    if "\0" in cwd or not Path(cwd).is_absolute():
        raise AlvoError(errors.DIRECTORY_MISSING, path=cwd)
    if not os.access(cwd, os.X_OK) or not Path(cwd).is_dir():
        raise AlvoError(errors.DIRECTORY_MISSING, path=cwd)
    at = now()
    flow_id = FlowId(given.flow_id or new_id())
    flow = Flow(
        id=flow_id,
        conversation=ConversationId(given.conversation or flow_id),
        question=given.question,
        agent=given.agent,
        language=_language(given, speaks),
        type=None,
        block=Block.QUESTION,
        status=FlowStatus.RUNNING,
        inquiry=None,
        terminal=None,
        plan=[],
        answer=None,
        citations=[],
        error=None,
        rounds=1,
        revision=1,
        reasoner=None,
        usage=Usage(),
        created_at=at,
        updated_at=at,
    )
    return StoredFlow(flow, cwd, given.context, attempts=0)


def is_alone(flow_id: FlowId, conversation: ConversationId) -> bool:
    """Whether the session is the flow's own, so that nobody comes back to it."""
    return str(conversation) == str(flow_id) or conversation.startswith(f"{flow_id}~")


def insert_flow(db: Database, stored: StoredFlow, about: RanCommand | None = None) -> None:
    """`about`: the command that the question is about."""
    save_flow(db, stored)
    if about is not None:
        record_step(db, stored.flow.id, 1, ABOUT, about)
    append_event(
        db,
        stored.flow.id,
        EventKind.FLOW,
        {"status": stored.flow.status, "block": stored.flow.block},
    )


def begin_again(db: Database, flow_id: FlowId, *, correct: bool) -> StoredFlow:
    """An ended flow from the step that failed; `correct`: a reasoner may mend a failed plan."""
    stored = load_flow(db, flow_id)
    flow = stored.flow
    if flow.status not in ENDED:
        raise AlvoError(errors.FLOW_ACTIVE, flow=flow.id[:6], status=flow.status)
    left = remaining(flow.plan)
    failed = _failed_command(db, stored) if correct else None
    if flow.type is ReplyType.TASK and left and failed is None and not secret_names(db, flow.id):
        return _go_on_in(db, flow, Block.RESPONSE, type=flow.type, plan=left)
    again = begin_anew(db, flow)
    if failed is not None:
        record_step(db, flow.id, 1, "failed", failed)
    return again


def begin_anew(db: Database, flow: Flow) -> StoredFlow:
    """From the question on, with nothing of what was found or said."""
    forget_steps(db, flow.id, but=ABOUT)
    return _go_on_in(db, flow, Block.QUESTION, type=None, plan=[], rounds=1)


def secret_names(db: Database, flow_id: FlowId) -> frozenset[str]:
    """Of the secrets that the flow asked for: with its end, or ours, they are forgotten."""
    replies = [
        reply for name in (DECISION, VERDICT) for reply in step_history(db, flow_id, name, Reply)
    ]
    return frozenset(
        missing.name for reply in replies for missing in reply.decision.missing if missing.secret
    )


def _go_on_in(db: Database, flow: Flow, block: Block, **changes: Any) -> StoredFlow:
    return advance(
        db,
        flow.id,
        FlowStatus.RUNNING,
        frozenset({flow.status}),
        attempts=0,
        block=block,
        answer=None,
        citations=[],
        error=None,
        inquiry=None,
        **changes,
    )


def _failed_command(db: Database, stored: StoredFlow) -> RanCommand | None:
    """What a model is told to mend; a person's own command is theirs to mend."""
    if direct_command(stored.flow.question) is not None:
        return None
    return failed_command(db, stored)


def _language(given: StartFlow, speaks: str) -> str:
    if given.language:
        return known(given.language)
    # A command is in the language of bash.
    if given.question.startswith(COMMAND_SIGN):
        return known(speaks)
    return detect(given.question, default=known(speaks))


def check_question(text: str, field: str, method: str = methods.FLOW_START.name) -> None:
    """INVALID_PARAMS, in the words of the method by which it was asked."""
    if len(text) > MAX_QUESTION_CHARS:
        raise _invalid(method, field, "reason_text_long", limit=MAX_QUESTION_CHARS)
    if not text.strip():
        raise _invalid(method, field, "reason_text_empty")


def _check(given: StartFlow) -> None:
    method = methods.FLOW_START.name
    check_question(given.question, "question")
    if len(given.context or "") > MAX_GIVEN_CHARS:
        raise _invalid(method, "context", "reason_text_long", limit=MAX_GIVEN_CHARS)
    for field, id_ in (("flow_id", given.flow_id), ("conversation", given.conversation)):
        if id_ is not None and not is_id(id_):
            raise _invalid(method, field, "reason_id_form")


def _invalid(method: str, field: str, phrase: str, **blanks: int) -> AlvoError:
    reason = Phrase(phrase, field=field, **blanks)
    return AlvoError(errors.INVALID_PARAMS, method=method, field=field, reason=reason)
