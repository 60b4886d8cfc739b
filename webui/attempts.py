"""Counts attempts to come in that failed: beyond a few a minute, none is looked at any more."""

import time
from collections import deque
from typing import Final

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

MAX_FAILED: Final = 20
WITHIN_S: Final = 60.0


class Attempts:
    """Who has a valid token or login is let in all the same: nobody can lock the person out."""

    def __init__(self) -> None:
        self._failed: deque[float] = deque(maxlen=MAX_FAILED)

    @property
    def exhausted(self) -> bool:
        full = len(self._failed) == MAX_FAILED
        return full and time.monotonic() - self._failed[0] < WITHIN_S

    def failed(self) -> AlvoError:
        """What the one who failed is told."""
        if self.exhausted:
            return AlvoError(errors.WEB_TOO_MANY_ATTEMPTS)
        self._failed.append(time.monotonic())
        return AlvoError(errors.WEB_LOGIN_NEEDED)
