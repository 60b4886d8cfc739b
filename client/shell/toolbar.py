"""The line at the foot of the shell: who answers, what waits, which conversation."""

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
    """Styled pieces, as prompt_toolkit wants them."""
    if not bar.reachable:
        return [("class:toolbar.alert", f" {words('shell_lost')}")]
    parts = [("class:toolbar", f" {escape(bar.reasoner)}")] if bar.reasoner else []
    if bar.waiting:
        parts.append(("class:toolbar.alert", f" {words('shell_waits', count=bar.waiting)}"))
    place = words("shell_conversation", conversation=short(bar.conversation))
    parts.append(("class:toolbar", f" {place}"))
    joined: StyleAndTextTuples = []
    for part in parts:
        joined += [("class:toolbar", " ·")] if joined else []
        joined.append(part)
    return joined
