"""The door to httpx2, over which models on servers are asked: a client, and what its failures are."""

from enum import Enum, auto
from typing import Any

# Loading it takes longer than a start of the daemon may: only who asks a model does it.


class Problem(Enum):
    TIMED_OUT = auto()
    UNREACHABLE = auto()


def open_client(timeout_s: float, *, environment: bool) -> Any:
    """An `httpx2.AsyncClient`. `environment`: whether it heeds the variables for proxies."""
    import httpx2

    return httpx2.AsyncClient(timeout=timeout_s, follow_redirects=False, trust_env=environment)


def problem(error: Exception) -> Problem | None:
    """What an exception says of the connection; None if it says nothing of it."""
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return Problem.TIMED_OUT
    if isinstance(error, httpx2.TransportError | OSError):
        return Problem.UNREACHABLE
    return None
