"""What becomes of a plan when its flow ends, and what is left of it."""

from collections.abc import Sequence
from dataclasses import replace

from daemon.protocol.values import Flow, PlannedCommand, StepStatus


def ended_plan(flow: Flow, running: StepStatus) -> list[PlannedCommand]:
    """The plan of a flow that ends now: what ran becomes `running`, what did not is skipped."""
    became = {StepStatus.RUNNING: running, StepStatus.PENDING: StepStatus.SKIPPED}
    return [
        replace(command, status=became.get(command.status, command.status)) for command in flow.plan
    ]


def remaining(plan: Sequence[PlannedCommand]) -> list[PlannedCommand]:
    """What is left to do of a plan that was cut off: never what was done."""
    return [
        PlannedCommand(command.explanation, command.script)
        for command in plan
        if command.status is not StepStatus.DONE
    ]
