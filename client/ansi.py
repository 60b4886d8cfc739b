"""What a command printed, made safe for a terminal: colours stay, every other sequence is shown.

But for what changes nothing in a text (the end of a line erased, the cursor hidden), and for what
a full-screen program drew on the screen that it had for itself: a note stands for that.
A sequence that moves the cursor, sets the title or writes the clipboard could draw a screen of
ours that we never drew.
"""

import re

from daemon.protocol.escape import escape

# Colours and weights: CSI, numbers, m. Colons separate the parts of one colour.
_SGR = re.compile(r"\x1b\[[0-9;:]{0,64}m")
_OTHER_SCREEN = r"\x1b\[\?(?:1049|1047|47)[hl]"
_SILENT = r"\x1b(?:\[[0-2]?K|\[\?(?:1|7|12|25|1004|2004)[hl]|[=>]|\(B)"
_KNOWN = re.compile(f"{_SGR.pattern}|{_OTHER_SCREEN}|{_SILENT}")
# What may have its end in the next piece: a sequence, a literal that looks like ours.
_UNFINISHED = re.compile(r"(?:\x1b(?:\(|\[\??[0-9;:]{0,64})?|<U?)\Z")
_LONGEST_UNFINISHED = 70
_REMEMBERED = 256
_COLOUR_FOLLOWS = frozenset({38, 48, 58})
_CONCEAL = 8
RESET = "\x1b[0m"


class OutputFilter:
    """Feeds output in pieces as they come. `terminal`: whether the reader is one.

    `left_out`: stands for what was drawn on a screen of its own.
    """

    def __init__(self, *, terminal: bool, left_out: str = "…") -> None:
        self._terminal = terminal
        self._left_out = left_out
        self._elsewhere = False
        self._held = ""
        self._coloured = False
        self._colours = dict[str, tuple[str, bool | None]]()

    def feed(self, text: str) -> str:
        text = self._held + text
        cut = _finished(text)
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
        if "\r" in text:
            text = re.sub(r"\r+\n?", "\n", text)
        parts, at = [], 0
        for found in _KNOWN.finditer(text):
            if at < found.start():
                parts.append(self._plain(text[at : found.start()]))
            parts.append(self._sequence(found[0]))
            at = found.end()
        parts.append(self._plain(text[at:]))
        return "".join(parts)

    def _plain(self, text: str) -> str:
        return "" if self._elsewhere else escape(text, lines=True)

    def _sequence(self, sequence: str) -> str:
        if sequence.endswith("m"):
            return "" if self._elsewhere else self._colour(sequence)
        if re.fullmatch(_OTHER_SCREEN, sequence):
            return self._switched(elsewhere=sequence.endswith("h"))
        return ""

    def _switched(self, *, elsewhere: bool) -> str:
        before, self._elsewhere = self._elsewhere, elsewhere
        return f"\n{self._left_out}\n" if elsewhere and not before else ""

    def _colour(self, sequence: str) -> str:
        known = self._colours.get(sequence)
        if known is None:
            numbers = [int(n or 0) for n in re.split("[;:]", sequence[2:-1])]
            passes = self._terminal and not _conceals(numbers)
            known = (sequence, numbers[-1] != 0) if passes else (escape(sequence), None)
            if len(self._colours) < _REMEMBERED:
                self._colours[sequence] = known
        shown, coloured = known
        self._coloured = self._coloured if coloured is None else coloured
        return shown


def _finished(text: str) -> int:
    """Up to where the text can be shown: not the returns, or the half of a sequence, at its end."""
    cut = len(text.rstrip("\r"))
    if cut == len(text):
        # Its end alone is looked at: a long piece would be gone through again for each of its parts.
        found = _UNFINISHED.search(text, max(0, cut - _LONGEST_UNFINISHED))
        return found.start() if found else cut
    return cut


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
