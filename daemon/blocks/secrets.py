"""Secrets that a person gave: in memory, for one flow, nowhere else (P6)."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

from daemon.protocol.values import FlowId

MASK: Final = "•••"
_SHORTEST_TYPED: Final = 4
"""Keys that came one by one are no password: taking each out would leave no output."""


class Secrets:
    """By flow and by the name of the environment variable that its commands find it under."""

    def __init__(self) -> None:
        self._of_flow: dict[FlowId, dict[str, str]] = {}
        self._typed: dict[FlowId, list[str]] = {}

    def keep(self, flow_id: FlowId, name: str, value: str) -> None:
        self._of_flow.setdefault(flow_id, {})[name] = value

    def of(self, flow_id: FlowId) -> Mapping[str, str]:
        return self._of_flow.get(flow_id, {})

    def typed(self, flow_id: FlowId, text: str) -> None:
        """What was typed unseen, at a password prompt: no command gets it, none may print it."""
        text = text.strip("\r\n")
        if len(text) >= _SHORTEST_TYPED:
            self._typed.setdefault(flow_id, []).append(text)

    def forget(self, flow_id: FlowId) -> None:
        self._of_flow.pop(flow_id, None)
        self._typed.pop(flow_id, None)

    def scrubber(self, flow_id: FlowId) -> "Scrubber":
        """For what the flow's commands print, from now on and as more becomes known."""
        return Scrubber(lambda: (*self.of(flow_id).values(), *self._typed.get(flow_id, ())))

    def __repr__(self) -> str:
        return f"Secrets({len(self._of_flow)} flows)"


class Scrubber:
    """Takes secrets out of a text that comes in pieces.

    A command may print what it was given (`set -x`, `curl -v`, an error message); from there it
    would go into the store, to every client and into the next prompt. What a command makes of a
    secret (its base64, its letters in another order) cannot be known.
    """

    def __init__(self, values: Callable[[], tuple[str, ...]]) -> None:
        self._values = values
        self._known: tuple[str, ...] = ()
        self._forms: tuple[str, ...] = ()
        self._pattern: re.Pattern[str] | None = None
        self._held = ""

    def feed(self, text: str) -> str:
        """What can be shown now: a piece that may be the beginning of a secret is held back."""
        self._learn()
        if self._pattern is None:
            return text
        text = self._pattern.sub(MASK, self._held + text)
        cut = len(text) - self._unfinished(text)
        self._held = text[cut:]
        return text[:cut]

    def end(self) -> str:
        held, self._held = self._held, ""
        return held

    def _learn(self) -> None:
        known = self._values()
        if known == self._known:
            return
        self._known = known
        forms = {form for value in known for form in _forms(value)}
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        self._pattern = re.compile("|".join(map(re.escape, self._forms))) if forms else None

    def _unfinished(self, text: str) -> int:
        """How many characters at the end may be the beginning of a secret."""
        longest = min(len(text), max(map(len, self._forms), default=1) - 1)
        tail = text[len(text) - longest :]
        return max((_overlap(tail, form) for form in self._forms), default=0)


def _overlap(tail: str, form: str) -> int:
    """The length of the longest end of `tail` that `form` begins with."""
    start = max(0, len(tail) - len(form) + 1)
    while (at := tail.find(form[:1], start)) >= 0:
        if form.startswith(tail[at:]):
            return len(tail) - at
        start = at + 1
    return 0


def _forms(value: str) -> set[str]:
    """As it is, as bash quotes it in a trace, as it stands in an address; line by line as well."""
    stripped = value.strip()
    lines = [line for line in stripped.splitlines() if len(line) >= _SHORTEST_TYPED]
    wholes = {value, stripped, *lines}
    quoted = {form.replace("'", mark) for form in wholes for mark in ("'\\''", "'\"'\"'")}
    return {form for form in (*wholes, *quoted, *map(_in_address, wholes)) if form.strip()}


def _in_address(value: str) -> str:
    return quote(value, safe="", errors="replace")
