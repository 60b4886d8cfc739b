"""What every call to a model on a server shares: its time limit, its repetition, its errors."""

import asyncio
import math
import random
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

from daemon.models import http
from daemon.models.language_model import TextStream
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Milliseconds,
    Usage,
)

T = TypeVar("T")
Put = Callable[[str], Awaitable[None]]

ATTEMPTS: Final = 3
"""How often one call is made where the server fails or the connection breaks."""
FIRST_PAUSE_S: Final = 0.5
LONGEST_TEXT: Final = 1_000_000
"""Characters of one streamed reply; a server that never stops is cut off."""
RETRIED: Final = frozenset({500, 502, 503, 504})
DEFAULT_RETRY_S: Final = 60
MODELS_TIMEOUT_S: Final = 10.0
_MODELS_SHOWN: Final = 20
_LONGEST_REASON: Final = 300
# A slow answer may take longer than one reply, but not for ever.
_STREAM_FACTOR: Final = 4
_IN_WORDS: Final = re.compile(r"(?:retry|try again) in (\d+(?:\.\d+)?) ?s", re.IGNORECASE)


class Passing(AlvoError):
    """A failure that may be gone at the next attempt."""


class Calls:
    """The calls to one model.

    `explain` makes an error of ours of an exception that only this model's library raises, or
    gives None; `scrub` takes what is secret out of a text.
    """

    def __init__(
        self,
        name: str,
        timeout_s: float,
        *,
        explain: Callable[[Exception], Awaitable[AlvoError | None]],
        scrub: Callable[[str], str],
    ) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._explain = explain
        self._scrub = scrub

    @asynccontextmanager
    async def limit(self, seconds: float | None = None) -> AsyncGenerator[None]:
        """A time limit for a whole call: the libraries know one for a single read only."""
        limit = self._timeout_s if seconds is None else min(seconds, self._timeout_s)
        try:
            async with asyncio.timeout(limit):
                yield
        except TimeoutError:
            raise self._timed_out(limit) from None

    async def repeated(self, call: Callable[[], Awaitable[T]]) -> T:
        """Again, with growing pauses, where the failure may pass; then its error."""
        for attempt in range(1, ATTEMPTS):
            try:
                return await self._translated(call)
            except Passing:
                # Jitter: many clients of one failing server must not come back together.
                pause = FIRST_PAUSE_S * 2 ** (attempt - 1)
                await asyncio.sleep(pause * (0.5 + random.random() / 2))  # noqa: S311 (no secret)
        return await self._translated(call)

    async def going_on(self, call: Callable[[], Awaitable[T]]) -> T:
        """The next piece of a reply that has begun: never asked for twice."""
        try:
            async with self.limit():
                return await self._translated(call)
        except AlvoError as error:
            # With a part of the reply here, what broke matters less than that the rest is missing.
            if error.type in {errors.REASONER_UNREACHABLE, errors.REASONER_INVALID_REPLY}:
                raise AlvoError(errors.REASONER_CUT_OFF, **error.blanks) from None
            raise

    def stream(self, follow: Callable[[Put], Awaitable[Usage]]) -> TextStream:
        """What `follow` puts, as it comes; it is cancelled when the stream is left."""
        return TextStream(self._pieces(follow))

    async def listed(self, models: Callable[[], Awaitable[list[str]]]) -> str:
        """Which models there are, for the sentence of an error; "?" where that fails too."""
        try:
            async with asyncio.timeout(MODELS_TIMEOUT_S):
                return ", ".join((await models())[:_MODELS_SHOWN]) or "?"
        except Exception:  # noqa: BLE001 (the error that this helps to explain is the one to raise)
            return "?"

    def scrubbed(self, error: AlvoError, *, passing: bool = False) -> AlvoError:
        """The error without what is secret, should a server have quoted it."""
        blanks = {
            blank: self._scrub(value) if isinstance(value, str) else value
            for blank, value in error.blanks.items()
        }
        return (Passing if passing else AlvoError)(error.type, **blanks)

    async def _pieces(
        self, follow: Callable[[Put], Awaitable[Usage]]
    ) -> AsyncGenerator[str | Usage]:
        # Leaving a stream of HTTP half-way does not close it; cancelling the task that reads does.
        queue: asyncio.Queue[str | Usage | AlvoError] = asyncio.Queue(maxsize=64)
        reading, start = asyncio.create_task(self._read(follow, queue)), time.monotonic()
        try:
            while True:
                piece = await queue.get()
                if isinstance(piece, AlvoError):
                    # It was a call, too, though nobody says what it cost.
                    yield spent(start, time.monotonic(), 0, 0)
                    raise piece
                yield piece
                if isinstance(piece, Usage):
                    return
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading

    async def _read(
        self,
        follow: Callable[[Put], Awaitable[Usage]],
        queue: "asyncio.Queue[str | Usage | AlvoError]",
    ) -> None:
        length = 0

        async def put(text: str) -> None:
            nonlocal length
            length += len(text)
            if length > LONGEST_TEXT:
                raise AlvoError(errors.REASONER_CUT_OFF, reasoner=self._name, reason="too long")
            if text:
                await queue.put(text)

        limit = self._timeout_s * _STREAM_FACTOR
        try:
            async with asyncio.timeout(limit):
                await queue.put(await follow(put))
        except TimeoutError:
            await queue.put(self._timed_out(limit))
        except AlvoError as error:
            await queue.put(error)
        except Exception as error:  # noqa: BLE001 (who waits for a piece must hear of every end)
            await queue.put(self._failed(errors.REASONER_FAILED, error))

    async def _translated(self, call: Callable[[], Awaitable[T]]) -> T:
        """Whatever a library, its HTTP client or its JSON raises comes out as an `AlvoError`."""
        try:
            return await call()
        except (AlvoError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 (several libraries, no common base)
            raise (await self._explain(error) or self._of_transport(error)) from None

    def _of_transport(self, error: Exception) -> AlvoError:
        match http.problem(error):
            case http.Problem.TIMED_OUT:
                return self._timed_out(self._timeout_s)
            case http.Problem.UNREACHABLE:
                return self._failed(errors.REASONER_UNREACHABLE, error, passing=True)
            case None if isinstance(error, ValueError):
                return self._failed(errors.REASONER_INVALID_REPLY, error)
            case None:
                return self._failed(errors.REASONER_FAILED, error)

    def _failed(
        self, type_: errors.ErrorType, error: Exception, *, passing: bool = False
    ) -> AlvoError:
        reason = brief(str(error) or type(error).__name__)
        return self.scrubbed(AlvoError(type_, reasoner=self._name, reason=reason), passing=passing)

    def _timed_out(self, limit: float) -> AlvoError:
        return AlvoError(errors.REASONER_TIMEOUT, reasoner=self._name, limit=limit)


def brief(text: str) -> str:
    """One line that a sentence can hold."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_REASON else line[:_LONGEST_REASON] + "…"


def whole_seconds(seconds: float) -> int:
    """Rounded up: who comes back a moment too early is refused again."""
    return max(1, math.ceil(seconds))


def retry_in_words(message: str) -> int:
    """How long a server's sentence asks to wait, else a minute."""
    found = _IN_WORDS.search(message)
    return whole_seconds(float(found[1])) if found else DEFAULT_RETRY_S


def spent(start: float, end: float, tokens_in: object, tokens_out: object) -> Usage:
    """One call between two moments of `time.monotonic`; a count that is none is nought."""
    return Usage(
        calls=1,
        tokens_in=_count(tokens_in),
        tokens_out=_count(tokens_out),
        took_ms=Milliseconds((end - start) * 1000),
    )


def _count(given: object) -> int:
    return given if isinstance(given, int) and given > 0 else 0
