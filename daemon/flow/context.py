"""What a reasoner is told beside the question: the conversation so far, and its last command."""

import re
from typing import Final

from daemon.blocks.pieces import CONTEXT, PIECES, Pieces
from daemon.blocks.question import Context
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    ConversationId,
    Event,
    EventKind,
    FlowId,
    StepStatus,
)
from daemon.reasoner import Exchange, RanCommand
from daemon.store import Database
from daemon.store.events import last_events
from daemon.store.flows import (
    StoredFlow,
    earlier_answers,
    earlier_plans,
    named_flow,
    plans_that_failed,
    step_history,
)

ABOUT: Final = "about"
"""The step that holds the command which a question is about; kept when the question is asked anew."""
LAST: Final = "last"
_EARLIER: Final = 5
_PIECES_OF_OUTPUT: Final = 200
_OUTPUT_TAIL: Final = 4000
_ENDED_BADLY: Final = frozenset({StepStatus.FAILED, StepStatus.INTERRUPTED})
_RAN: Final = frozenset({StepStatus.DONE, *_ENDED_BADLY})
# What a terminal would obey: colours, titles, the cursor. And what was written over on its line.
_CONTROL: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])"
)
_OVERWRITTEN: Final = re.compile(r"[^\r\n]*\r(?!\n|$)")


def context_of(db: Database, stored: StoredFlow) -> Context:
    """The same again when it is asked for again: nothing of it comes after the flow's beginning."""
    asked = step_history(db, stored.flow.id, ABOUT, RanCommand)
    ran = asked[0] if asked else last_command(db, stored)
    return Context(_earlier(db, stored), ran, about=bool(asked))


def asked_about(db: Database, given: str, conversation: ConversationId | None) -> RanCommand:
    """The failed command of the flow that was named; NO_FAILED_COMMAND, FLOW_NOT_FOUND."""
    if given == LAST:
        flows = [*plans_that_failed(db, conversation), *plans_that_failed(db, None)]
    else:
        flows = [named_flow(db, given)]
    for stored in flows:
        ran = _command(db, stored, _ENDED_BADLY)
        if ran is not None:
            return ran
    raise AlvoError(errors.NO_FAILED_COMMAND)


def last_command(db: Database, before: StoredFlow) -> RanCommand | None:
    """Of the conversation, however it ended."""
    found = (_command(db, stored, _RAN) for stored in earlier_plans(db, before.flow))
    return next((ran for ran in found if ran is not None), None)


def failed_command(db: Database, stored: StoredFlow) -> RanCommand | None:
    """What stopped the plan of this flow."""
    return _command(db, stored, frozenset({StepStatus.FAILED}))


def _command(
    db: Database, stored: StoredFlow, statuses: frozenset[StepStatus]
) -> RanCommand | None:
    flow = stored.flow
    for n, command in reversed(list(enumerate(flow.plan))):
        if command.status in statuses:
            # What a preview printed is no event: only what ran is told here.
            events = last_events(db, flow.id, EventKind.OUTPUT, _PIECES_OF_OUTPUT)
            return RanCommand(
                command.script,
                command.exit_status,
                _tail(events, n),
                flow=flow.id,
                cwd=stored.cwd,
                private=_is_private(db, flow.id),
            )
    return None


def _tail(events: list[Event], n: int) -> str:
    """The end of what a command printed, as it stood on the screen."""
    text = "".join(str(event.data["text"]) for event in events if event.data["n"] == n)
    # First the end, with room for what goes: a command may have printed megabytes.
    text = _CONTROL.sub("", text[-8 * _OUTPUT_TAIL :])
    return _OVERWRITTEN.sub("", text).replace("\r\n", "\n")[-_OUTPUT_TAIL:]


def _earlier(db: Database, stored: StoredFlow) -> tuple[Exchange, ...]:
    """The conversation so far; what rests on private passages is marked as such."""
    return tuple(
        Exchange(flow.question, flow.answer or "", private=_is_private(db, flow.id))
        for flow in earlier_answers(db, stored.flow, _EARLIER)
    )


def _is_private(db: Database, flow_id: FlowId) -> bool:
    known = (PIECES, CONTEXT)
    rounds = [found for name in known for found in step_history(db, flow_id, name, Pieces)]
    asked = step_history(db, flow_id, ABOUT, RanCommand)
    return any(ran.private for ran in asked) or any(
        piece.private for found in rounds for piece in found.pieces
    )
