"""What a command printed, made safe for a terminal: colours stay, every other sequence is shown.

A sequence that moves the cursor, sets the title or writes the clipboard could draw a screen of
ours that we never drew.
"""

import re

from daemon.protocol.escape import escape

# Colours and weights: CSI, numbers, m. Colons separate the parts of one colour.
_SGR = re.compile(r"\x1b\[[0-9;:]{0,64}m")
# What may have its end in the next piece: a line end, a sequence, a literal that looks like ours.
_UNFINISHED = re.compile(r"(?:\r+|\x1b(?:\[[0-9;:]{0,64})?|<U?)\Z")
_COLOUR_FOLLOWS = frozenset({38, 48, 58})
_CONCEAL = 8
RESET = "\x1b[0m"


class OutputFilter:
    """Feeds output in pieces as they come. `terminal`: whether the reader is one."""

    def __init__(self, *, terminal: bool) -> None:
        self._terminal = terminal
        self._held = ""
        self._coloured = False

    def feed(self, text: str) -> str:
        text = self._held + text
        unfinished = _UNFINISHED.search(text)
        cut = unfinished.start() if unfinished else len(text)
        self._held = text[cut:]
        return self._shown(text[:cut])

    def end(self) -> str:
        """What was held back, and an end to any colour that was left on."""
        held, self._held = self._held, ""
        tail = self._shown(held)
        if self._coloured:
            self._coloured = False
            tail += RESET
        return tail

    def _shown(self, text: str) -> str:
        # A lone return would overwrite the line before it: it begins a new one instead.
        text = re.sub(r"\r+\n?", "\n", text)
        parts, at = [], 0
        for found in _SGR.finditer(text):
            parts.append(escape(text[at : found.start()], lines=True))
            parts.append(self._sequence(found[0]))
            at = found.end()
        parts.append(escape(text[at:], lines=True))
        return "".join(parts)

    def _sequence(self, sequence: str) -> str:
        numbers = [int(n or 0) for n in re.split("[;:]", sequence[2:-1])]
        if not self._terminal or _conceals(numbers):
            return escape(sequence)
        self._coloured = numbers[-1] != 0
        return sequence


def _conceals(numbers: list[int]) -> bool:
    """Whether the sequence makes text that is there and not to be seen."""
    at = 0
    while at < len(numbers):
        if numbers[at] in _COLOUR_FOLLOWS:
            at += 3 if numbers[at + 1 : at + 2] == [5] else 5
            continue
        if numbers[at] == _CONCEAL:
            return True
        at += 1
    return False
