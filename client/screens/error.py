"""What went wrong, and below it what to do."""

from client.folding import fold
from client.terminal import Paint, display_width
from daemon.protocol.escape import escape


def error_lines(message: str, action: str, paint: Paint, width: int | None) -> str:
    """Folded where there is a width; a file or a pipe gets each sentence as one line."""
    first, *rest = _folded(message, width)
    lines = [f"{paint('✗', 'red')} {first}", *(f"  {line}" for line in rest)]
    lines += [f"  {paint(line, 'dim')}" for line in _folded(action, width) if action]
    return "\n".join(lines) + "\n"


def _folded(text: str, width: int | None) -> list[str]:
    lines = escape(text, lines=True).expandtabs(4).split("\n")
    if width is None:
        return lines
    room = width - 2
    fits = (display_width(line) <= room for line in lines)
    return [
        part
        for line, whole in zip(lines, fits, strict=True)
        for part in ([line] if whole else fold(line, room))
    ]
