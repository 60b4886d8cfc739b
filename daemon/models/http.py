"""The door to httpx2, over which models on servers are asked: a client, and what its failures are."""

from collections.abc import AsyncIterator
from enum import Enum, auto
from typing import Any, Final

LARGEST_REPLY_BYTES: Final = 32 * 1024 * 1024
"""Of one reply, streamed ones included; a decision of the largest size takes a fifth of it."""

# Loading it takes longer than a start of the daemon may: only who asks a model does it.


class Problem(Enum):
    TIMED_OUT = auto()
    UNREACHABLE = auto()


def open_client(timeout_s: float, *, environment: bool) -> Any:
    """An `httpx2.AsyncClient`. `environment`: whether it heeds the variables for proxies.

    No redirect is followed: the key would go along. Nothing compressed is taken: a few kilobytes
    can be made to fill the memory.
    """
    import httpx2

    class Counted(httpx2.AsyncByteStream):
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for piece in self._stream:
                size += len(piece)
                if size > LARGEST_REPLY_BYTES:
                    raise httpx2.DecodingError(f"it is larger than {LARGEST_REPLY_BYTES} bytes")
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def bound(response: httpx2.Response) -> None:
        coding = response.headers.get("content-encoding", "identity")
        if coding.strip().lower() not in ("", "identity"):
            raise httpx2.DecodingError("it is compressed, which was not asked for")
        response.stream = Counted(response.stream)

    return httpx2.AsyncClient(
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=environment,
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [bound]},
    )


def problem(error: Exception) -> Problem | None:
    """What an exception says of the connection; None if it says nothing of it."""
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return Problem.TIMED_OUT
    if isinstance(error, httpx2.TransportError | OSError):
        return Problem.UNREACHABLE
    return None
