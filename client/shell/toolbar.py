"""The line at the foot of the shell: what waits, who answers, which conversation."""

from dataclasses import dataclass

from prompt_toolkit.formatted_text import StyleAndTextTuples

from client.ids import short
from client.words import Words
from daemon.protocol.escape import escape


@dataclass(slots=True)
class Toolbar:
    """What it shows; the watcher and the session keep it up to date."""

    conversation: str
    reasoner: str | None = None
    waiting: int = 0
    reachable: bool = True


def fragments(bar: Toolbar, words: Words) -> StyleAndTextTuples:
    """Styled pieces, as prompt_toolkit wants them; what matters most first, a screen may be narrow."""
    if not bar.reachable:
        return [("class:toolbar.alert", f" {words('shell_lost')}")]
    parts = [("class:toolbar.alert", f" {words('shell_waits', count=bar.waiting)}")] * bool(
        bar.waiting
    )
    parts += [("class:toolbar", f" {escape(bar.reasoner)}")] if bar.reasoner else []
    place = words("shell_conversation", conversation=short(bar.conversation))
    parts.append(("class:toolbar", f" {place}"))
    joined: StyleAndTextTuples = []
    for part in parts:
        joined += [("class:toolbar", " ·")] if joined else []
        joined.append(part)
    return joined
