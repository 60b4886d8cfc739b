"""Times as a person reads them, from the protocol's UTC timestamps."""

from __future__ import annotations

from client.words import Words

TYPE_CHECKING = False  # a constant that type checkers know
if TYPE_CHECKING:
    from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def parsed(timestamp: str) -> datetime:
    from datetime import datetime

    return datetime.fromisoformat(timestamp).astimezone()


def _now() -> datetime:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def moment(timestamp: str, now: datetime | None = None) -> str:
    """`14:05` today, else the date and time."""
    at, now = parsed(timestamp), (now or _now()).astimezone()
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"


def day(timestamp: str) -> str:
    return f"{parsed(timestamp):%Y-%m-%d}"


def left(timestamp: str, words: Words, now: datetime | None = None) -> str:
    """How long until then: `in 23 h`; or that it is past."""
    seconds = (parsed(timestamp) - (now or _now())).total_seconds()
    if seconds <= 0:
        return words("time_past")
    return words("time_in", span=span(seconds + _MINUTE / 2))


def span(seconds: float) -> str:
    """A length of time in its two largest units at most."""
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < 2 * _DAY:
        hours, minutes = divmod(whole // _MINUTE, 60)
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    return f"{whole // _DAY} d"


def size(count: int) -> str:
    """Bytes in the largest fitting unit."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
