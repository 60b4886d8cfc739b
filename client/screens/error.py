"""What went wrong, and below it what to do."""

from client.terminal import Paint
from daemon.protocol.escape import escape


def error_lines(message: str, action: str, paint: Paint) -> str:
    text = f"{paint('✗', 'red')} {escape(message, lines=True)}\n"
    return text + (f"  {paint(escape(action, lines=True), 'dim')}\n" if action else "")
