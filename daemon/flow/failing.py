"""How a flow fails: with an error that its person can read, once the disk takes it."""

import logging
import secrets
from typing import Final

from daemon.flow.ledger import Ledger
from daemon.flow.plan import ended_plan
from daemon.flow.sentences import error_value
from daemon.flow.transitions import advance
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import FlowId, FlowStatus, StepStatus
from daemon.store import Database
from daemon.store.flows import find_flow

_log: Final = logging.getLogger(__name__)
_MOVED_ON: Final = (errors.FLOW_CONFLICT, errors.FLOW_NOT_FOUND)
"""Somebody else cancelled or deleted the flow meanwhile, and has said so already."""


async def fail(ledger: Ledger, flow_id: FlowId, during: FlowStatus, error: Exception) -> None:
    """Ends a flow that is still `during` with what went wrong; the log has what nobody foresaw."""
    told = error if isinstance(error, AlvoError) else _unforeseen(flow_id, error)
    if told.type in _MOVED_ON:
        return

    def record(db: Database) -> None:
        stored = find_flow(db, flow_id)
        if stored is not None and stored.flow.status is during:
            advance(
                db,
                flow_id,
                FlowStatus.FAILED,
                frozenset({during}),
                error=error_value(told, stored.flow),
                plan=ended_plan(stored.flow, StepStatus.FAILED),
            )

    await ledger.insist(flow_id, record)


def _unforeseen(flow_id: FlowId, error: Exception) -> AlvoError:
    reference = secrets.token_hex(4)
    _log.error("flow %s failed inside (reference %s)", flow_id, reference, exc_info=error)
    return AlvoError(errors.INTERNAL_ERROR, reference=reference, log="alvod.log")
