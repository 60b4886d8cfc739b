"""The one table of what a flow may become, and the one door through which it does."""

from dataclasses import replace
from typing import Any, Final

from daemon.protocol import errors
from daemon.protocol.audit import AuditKind
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import EventKind, Flow, FlowId, FlowStatus, Json, StepStatus
from daemon.store.audit import append_audit
from daemon.store.clock import now
from daemon.store.database import Database
from daemon.store.events import append_event
from daemon.store.flows import StoredFlow, load_flow, save_flow

_S = FlowStatus

ALLOWED: Final[dict[FlowStatus, frozenset[FlowStatus]]] = {
    # A block goes on to the next one, delivers, asks a person, or fails.
    _S.RUNNING: frozenset({_S.RUNNING, _S.WAITING, _S.ANSWERED, _S.FAILED, _S.CANCELLED}),
    # A person's word: go on, run it, no; or what was shown has changed and is asked anew.
    _S.WAITING: frozenset(
        {_S.RUNNING, _S.WAITING, _S.EXECUTING, _S.DENIED, _S.FAILED, _S.CANCELLED}
    ),
    # Each command that ends is a step of its own; what a crash cuts off is interrupted.
    _S.EXECUTING: frozenset({_S.EXECUTING, _S.EXECUTED, _S.FAILED, _S.CANCELLED, _S.INTERRUPTED}),
    # An ended flow is only asked anew.
    _S.ANSWERED: frozenset({_S.RUNNING}),
    _S.EXECUTED: frozenset({_S.RUNNING}),
    _S.DENIED: frozenset({_S.RUNNING}),
    _S.FAILED: frozenset({_S.RUNNING}),
    _S.CANCELLED: frozenset({_S.RUNNING}),
    _S.INTERRUPTED: frozenset({_S.RUNNING}),
}

AFTER_A_CRASH: Final[dict[FlowStatus, FlowStatus]] = {
    _S.RUNNING: _S.RUNNING,
    _S.WAITING: _S.WAITING,
    _S.EXECUTING: _S.INTERRUPTED,
}


def advance(
    db: Database,
    flow_id: FlowId,
    to: FlowStatus,
    expected: frozenset[FlowStatus],
    *,
    attempts: int | None = None,
    **changes: Any,
) -> StoredFlow:
    """Moves the flow on, with the event that says so; call it inside the step's transaction.

    `changes` are fields of `Flow`. Raises FLOW_CONFLICT where the flow is not as `expected`: two
    that want to move it at once cannot both do so.
    """
    stored = load_flow(db, flow_id)
    status = stored.flow.status
    if status not in expected:
        raise AlvoError(errors.FLOW_CONFLICT, flow=flow_id, status=status)
    if to not in ALLOWED[status]:
        raise ValueError(f"a flow that is {status} cannot become {to}")
    if to is not FlowStatus.EXECUTING:
        changes.setdefault("terminal", None)
    flow = replace(
        stored.flow,
        status=to,
        revision=stored.flow.revision + 1,
        updated_at=now(),
        **changes,
    )
    moved = replace(stored, flow=flow, attempts=stored.attempts if attempts is None else attempts)
    save_flow(db, moved)
    append_event(db, flow_id, EventKind.FLOW, {"status": flow.status, "block": flow.block})
    if status is FlowStatus.EXECUTING:
        _audit_commands(db, stored.flow, flow)
    return moved


def _audit_commands(db: Database, before: Flow, after: Flow) -> None:
    """Which command began or ended, however it came to that."""
    for n, (was, is_now) in enumerate(zip(before.plan, after.plan, strict=False)):
        if was.status is is_now.status:
            continue
        told: Json = {"n": n, "of": len(after.plan)}
        if is_now.status is StepStatus.RUNNING:
            told |= {"script": is_now.script}
            append_audit(db, AuditKind.COMMAND_STARTED, after.id, told)
        elif was.status is StepStatus.RUNNING:
            told |= {"status": is_now.status, "exit_status": is_now.exit_status}
            append_audit(db, AuditKind.COMMAND_ENDED, after.id, told)
