"""Asking an agent: `agent.infer` waits a while for the flow that it starts, and says what came of it."""

import logging
import time
from typing import Any, Final

from daemon.flow.engine import Engine
from daemon.flow.ledger import Ledger
from daemon.flow.starting import check_question
from daemon.protocol import errors, methods
from daemon.protocol.agents import Infer, Inference
from daemon.protocol.calls import StartFlow, WaitFlow
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Flow, FlowStatus, Inquiry, Seconds
from daemon.store.clock import now
from daemon.store.flows import ENDED, flows_of_agent
from prompts import Phrase

DEFAULT_WAIT_S: Final = 30.0
LONGEST_WAIT_S: Final = 60.0
_ANSWERED: Final = frozenset({FlowStatus.ANSWERED, FlowStatus.EXECUTED})

_log: Final = logging.getLogger(__name__)


class Inferring:
    """`log_prompts`: whether the log may hold what was asked."""

    def __init__(self, engine: Engine, ledger: Ledger, *, log_prompts: bool) -> None:
        self._engine = engine
        self._ledger = ledger
        self._log_prompts = log_prompts

    async def infer(self, given: Infer, speaks: str, *, from_session: bool = False) -> Inference:
        """The answer, or the flow with what it waits for. Raises AGENT_NOT_FOUND and
        AGENT_NOT_READY, and the error that the flow ended with.
        """
        began = time.monotonic()
        wait_s = DEFAULT_WAIT_S if given.timeout_s is None else float(given.timeout_s)
        flow: Flow | None = None
        try:
            check_question(given.prompt, "prompt", methods.AGENT_INFER.name)
            flow = await self._engine.begin(
                StartFlow(given.prompt, agent=given.user_id, conversation=given.conversation),
                speaks,
                from_session=from_session,
            )
            flow = await self._rested(flow, min(max(0.0, wait_s), LONGEST_WAIT_S))
            inference = await self._inference(flow)
        except AlvoError as error:
            self._say(given, flow, began, error=error.type.name)
            raise _in_its_words(error) from None
        self._say(given, flow, began)
        return inference

    async def forget(self, user_id: str) -> int:
        """Removes every flow of an agent; what still runs is ended. Gives how many there were."""
        flows = await self._ledger.read(lambda db: flows_of_agent(db, user_id))
        for flow in flows:
            try:
                if flow.status not in ENDED:
                    await self._engine.cancel(flow.id)
                await self._engine.delete(flow.id)
            except AlvoError as error:
                if error.type is errors.FLOW_ENDED:
                    await self._engine.delete(flow.id)
                elif error.type is not errors.FLOW_NOT_FOUND:
                    raise
        return len(flows)

    async def _rested(self, flow: Flow, wait_s: float) -> Flow:
        """The flow once it waits for a person or has ended, or when the time is up."""
        end = time.monotonic() + wait_s
        after = 0
        while flow.status not in ENDED and flow.status is not FlowStatus.WAITING:
            left = end - time.monotonic()
            if left <= 0:
                break
            told = await self._engine.wait(WaitFlow(after, Seconds(left), flow.id))
            after = told.events[-1].seq if told.events else after
            flow = told.flow or flow
        return flow

    async def _inference(self, flow: Flow) -> Inference:
        if flow.error is not None:
            raise AlvoError(errors.ALL[flow.error.name], **flow.error.blanks)
        if flow.status in _ANSWERED:
            whole = flow if flow.status is FlowStatus.EXECUTED else None
            return Inference(flow.answer or "", flow.updated_at, flow.citations, whole)
        inquiry: Inquiry | None = None
        if flow.inquiry is not None:
            inquiry = await self._engine.inquiry(flow.inquiry)
        return Inference(None, now(), [], flow, inquiry)

    def _say(self, given: Infer, flow: Flow | None, began: float, error: str | None = None) -> None:
        fields: dict[str, Any] = {
            "agent": given.user_id,
            "flow": None if flow is None else flow.id,
            "status": None if flow is None else flow.status,
            "took_ms": round((time.monotonic() - began) * 1000, 1),
            "chars": len(given.prompt),
        }
        if error is not None:
            fields["error"] = error
        if self._log_prompts:
            fields["prompt"] = given.prompt
        _log.info("agent asked", extra={"fields": fields})


def _in_its_words(error: AlvoError) -> AlvoError:
    """What does not fit a flow's question did not fit the prompt that was sent."""
    if error.type is not errors.INVALID_PARAMS:
        return error
    field, reason = error.blanks["field"], error.blanks["reason"]
    if field == "question":
        field, reason = "prompt", Phrase(reason.name, **{**reason.blanks, "field": "prompt"})
    return AlvoError(
        errors.INVALID_PARAMS, method=methods.AGENT_INFER.name, field=field, reason=reason
    )
