"""Secrets that a person gave: in memory, for one flow, nowhere else (P6)."""

from collections.abc import Mapping

from daemon.protocol.values import FlowId


class Secrets:
    """By flow and by the name of the environment variable that its commands find it under."""

    def __init__(self) -> None:
        self._of_flow: dict[FlowId, dict[str, str]] = {}

    def keep(self, flow_id: FlowId, name: str, value: str) -> None:
        self._of_flow.setdefault(flow_id, {})[name] = value

    def of(self, flow_id: FlowId) -> Mapping[str, str]:
        return self._of_flow.get(flow_id, {})

    def forget(self, flow_id: FlowId) -> None:
        self._of_flow.pop(flow_id, None)

    def __repr__(self) -> str:
        return f"Secrets({len(self._of_flow)} flows)"
