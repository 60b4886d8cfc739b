"""How many rows fit one reply, whose frame is bounded (`daemon.protocol.framing`)."""

from collections.abc import Iterable
from typing import Final

from daemon.store.database import Row

LIST_CHARS: Final = 4 * 1024 * 1024


def fitting(rows: Iterable[Row], chars: int = LIST_CHARS) -> list[Row]:
    """As many as there is room for: at least one if there is any."""
    found, size = list[Row](), 0
    for row in rows:
        size += sum(len(value) for value in row if isinstance(value, str))
        if found and size > chars:
            break
        found.append(row)
    return found
