"""The door to Google's Gemini models: the only module that knows google-genai."""

import asyncio
import json
import random
import time
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from daemon.models import gemini_errors
from daemon.models.gemini_errors import brief
from daemon.models.keys import ApiKey
from daemon.models.language_model import Completion, Prompt, TextStream
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Milliseconds,
    Usage,
)

T = TypeVar("T")

ATTEMPTS: Final = 3
"""How often one call is made where the server fails or the connection breaks."""
FIRST_PAUSE_S: Final = 0.5
LONGEST_TEXT: Final = 1_000_000
"""Characters of one streamed reply; a server that never stops is cut off."""
_RETRIED: Final = frozenset({500, 502, 503, 504})
_MODELS_SHOWN: Final = 20
_MODELS_TIMEOUT_S: Final = 10.0
# A slow answer may take longer than one reply, but not for ever.
_STREAM_FACTOR: Final = 4


@dataclass(frozen=True, slots=True)
class GeminiSettings:
    """`base_url` empty: Google's own. `timeout_s`: for one call, its repetitions included."""

    model: str
    base_url: str
    api_version: str
    timeout_s: float


class Gemini:
    """One model behind one key. The SDK is loaded at the first call, in a thread: it is large."""

    # Whatever stands behind a base_url on this machine may pass it on: count it as remote.
    remote = True

    def __init__(self, settings: GeminiSettings, key: ApiKey) -> None:
        self._settings = settings
        self._key = key
        self._sdk: _Sdk | None = None
        self._opening = asyncio.Lock()
        self.name = f"gemini:{settings.model}"

    def __repr__(self) -> str:
        return f"Gemini({self._settings.model}, {self._key!r})"

    async def complete(self, prompt: Prompt, schema: Mapping[str, Any] | None = None) -> Completion:
        start = time.monotonic()

        async def once() -> Any:
            sdk = await self._open()
            return await sdk.client.aio.models.generate_content(
                model=self._settings.model,
                contents=prompt.user,
                config=sdk.configure(prompt.system, schema),
            )

        async with self._limit(self._settings.timeout_s):
            response = await self._repeated(once)
        text = _text(response)
        problem = gemini_errors.unfinished(self.name, _finish(response), _blocked(response))
        if problem is not None:
            raise problem
        if not text.strip():
            raise AlvoError(errors.REASONER_CUT_OFF, reasoner=self.name, reason="it is empty")
        return Completion(text, _usage(response, start))

    def stream(self, prompt: Prompt) -> TextStream:
        return TextStream(self._pieces(prompt))

    async def models(self) -> list[str]:
        """The models that this key can use for answers."""
        async with self._limit(min(_MODELS_TIMEOUT_S, self._settings.timeout_s)):
            return await self._repeated(self._models)

    async def close(self) -> None:
        sdk, self._sdk = self._sdk, None
        if sdk is not None:
            await sdk.close()

    async def _pieces(self, prompt: Prompt) -> AsyncGenerator[str | Usage]:
        # Leaving the SDK's stream half-way does not close it; cancelling the task that reads does.
        queue: asyncio.Queue[str | Usage | AlvoError] = asyncio.Queue(maxsize=64)
        reading = asyncio.create_task(self._read(prompt, queue))
        try:
            while True:
                piece = await queue.get()
                if isinstance(piece, AlvoError):
                    raise piece
                yield piece
                if isinstance(piece, Usage):
                    return
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading

    async def _read(self, prompt: Prompt, queue: "asyncio.Queue[str | Usage | AlvoError]") -> None:
        try:
            async with self._limit(self._settings.timeout_s * _STREAM_FACTOR):
                await queue.put(await self._follow(prompt, queue))
        except AlvoError as error:
            await queue.put(error)
        except Exception as error:  # noqa: BLE001 (who waits for a piece must hear of every end)
            await queue.put(self._failed(errors.REASONER_FAILED, error))

    async def _follow(
        self, prompt: Prompt, queue: "asyncio.Queue[str | Usage | AlvoError]"
    ) -> Usage:
        start, length, last = time.monotonic(), 0, None

        async def begin() -> tuple[Any, Any]:
            sdk = await self._open()
            chunks = await sdk.client.aio.models.generate_content_stream(
                model=self._settings.model,
                contents=prompt.user,
                config=sdk.configure(prompt.system, None),
            )
            return chunks, await anext(chunks, None)

        async with self._limit(self._settings.timeout_s):
            chunks, chunk = await self._repeated(begin)
        while chunk is not None:
            last = chunk
            text = _text(chunk)
            length += len(text)
            if length > LONGEST_TEXT:
                raise AlvoError(errors.REASONER_CUT_OFF, reasoner=self.name, reason="too long")
            if text:
                await queue.put(text)
            chunk = await self._next(chunks)
        problem = gemini_errors.unfinished(
            self.name, _finish(last) if last else None, _blocked(last) if last else None
        )
        if problem is not None:
            raise problem
        return _usage(last, start)

    async def _next(self, chunks: Any) -> Any:
        try:
            async with self._limit(self._settings.timeout_s):
                return await self._translated(lambda: anext(chunks, None))
        except AlvoError as error:
            # With a part of the reply here, what broke matters less than that the rest is missing.
            if error.type in {errors.REASONER_UNREACHABLE, errors.REASONER_INVALID_REPLY}:
                raise AlvoError(errors.REASONER_CUT_OFF, **error.blanks) from None
            raise

    async def _repeated(self, call: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(1, ATTEMPTS):
            try:
                return await self._translated(call)
            except _Passing:
                # Full jitter: many clients of one failing server must not come back together.
                pause = FIRST_PAUSE_S * 2 ** (attempt - 1)
                await asyncio.sleep(pause * (0.5 + random.random() / 2))  # noqa: S311 (no secret)
        return await self._translated(call)

    async def _translated(self, call: Callable[[], Awaitable[T]]) -> T:
        """Whatever the SDK, its HTTP client or its JSON raises comes out as an `AlvoError`."""
        try:
            return await call()
        except (AlvoError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 (three libraries, no common base)
            raise await self._translate(error) from None

    async def _translate(self, error: Exception) -> AlvoError:
        sdk = self._sdk
        if sdk is None:
            return self._failed(errors.REASONER_FAILED, error)
        if isinstance(error, sdk.api_error):
            return await self._refused(error)
        if isinstance(error, sdk.timed_out):
            return AlvoError(
                errors.REASONER_TIMEOUT, reasoner=self.name, limit=self._settings.timeout_s
            )
        if isinstance(error, sdk.unreachable):
            return self._failed(errors.REASONER_UNREACHABLE, error, passing=True)
        if isinstance(error, json.JSONDecodeError | ValueError):
            return self._failed(errors.REASONER_INVALID_REPLY, error)
        return self._failed(errors.REASONER_FAILED, error)

    async def _refused(self, error: Any) -> AlvoError:
        code, body = int(error.code or 0), error.details
        status = str(error.status or "")
        if gemini_errors.is_unknown_model(code, status, body):
            return AlvoError(
                errors.REASONER_UNKNOWN_MODEL,
                reasoner="gemini",
                model=self._settings.model,
                models=", ".join(await self._known_models()) or "?",
            )
        found = gemini_errors.from_status(self.name, self._key.origin, code, status, body)
        blanks = {
            blank: self._key.scrub(value) if isinstance(value, str) else value
            for blank, value in found.blanks.items()
        }
        type_ = _Passing if code in _RETRIED else AlvoError
        return type_(found.type, **blanks)

    def _failed(
        self, type_: errors.ErrorType, error: Exception, *, passing: bool = False
    ) -> AlvoError:
        reason = self._key.scrub(brief(str(error) or type(error).__name__))
        return (_Passing if passing else AlvoError)(type_, reasoner=self.name, reason=reason)

    async def _known_models(self) -> list[str]:
        # A help in an error: if it fails too, the error is still right without it.
        try:
            async with asyncio.timeout(_MODELS_TIMEOUT_S):
                return (await self._models())[:_MODELS_SHOWN]
        except Exception:  # noqa: BLE001
            return []

    async def _models(self) -> list[str]:
        sdk = await self._open()
        names: list[str] = []
        async for model in await sdk.client.aio.models.list(config={"page_size": 200}):
            actions = model.supported_actions or []
            if model.name and (not actions or "generateContent" in actions):
                names.append(model.name.removeprefix("models/"))
        return names

    @asynccontextmanager
    async def _limit(self, seconds: float) -> AsyncGenerator[None]:
        # The SDK knows a time limit for one read, none for a whole call.
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise AlvoError(errors.REASONER_TIMEOUT, reasoner=self.name, limit=seconds) from None

    async def _open(self) -> "_Sdk":
        async with self._opening:
            if self._sdk is None:
                self._sdk = await asyncio.to_thread(_Sdk, self._settings, self._key)
            return self._sdk


class _Passing(AlvoError):
    """A failure that may be gone at the next attempt."""


class _Sdk:
    """google-genai, loaded, with one client on a transport of our choice."""

    def __init__(self, settings: GeminiSettings, key: ApiKey) -> None:
        import httpx2
        from google import genai
        from google.genai import errors as genai_errors
        from google.genai import types

        # It warns on standard error of every word that is newer than itself; we say what we need.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"google\.genai")
        self._types = types
        self.api_error = genai_errors.APIError
        self.timed_out = httpx2.TimeoutException
        self.unreachable = (httpx2.TransportError, OSError)
        # A client of our own: the SDK would silently change to aiohttp where that is installed,
        # and a transport pinned through its options would ignore the proxy variables.
        self._http = httpx2.AsyncClient(timeout=settings.timeout_s, follow_redirects=False)
        self.client = genai.Client(
            vertexai=False,
            api_key=key.reveal(),
            http_options=types.HttpOptions(
                base_url=settings.base_url or None,
                api_version=settings.api_version or None,
                timeout=int(settings.timeout_s * 1000),
                httpx_async_client=self._http,
            ),
        )

    def configure(self, system: str, schema: Mapping[str, Any] | None) -> Any:
        structured: dict[str, Any] = {}
        if schema is not None:
            structured = {
                "response_mime_type": "application/json",
                "response_json_schema": dict(schema),
            }
        return self._types.GenerateContentConfig(
            system_instruction=system,
            automatic_function_calling=self._types.AutomaticFunctionCallingConfig(disable=True),
            **structured,
        )

    async def close(self) -> None:
        await self.client.aio.aclose()
        await self._http.aclose()
        self.client.close()


def _text(response: Any) -> str:
    """The text of the first candidate, without its thoughts. `.text` would warn about other parts."""
    candidates = response.candidates or []
    content = candidates[0].content if candidates else None
    parts = (content.parts if content else None) or []
    text = "".join(part.text for part in parts if part.text and not part.thought)
    # JSON can spell half of a character pair, which no file or message of ours could hold.
    return text.encode("utf-8", "replace").decode()


def _finish(response: Any) -> str | None:
    candidates = response.candidates or []
    reason = candidates[0].finish_reason if candidates else None
    return None if reason is None else str(getattr(reason, "value", reason))


def _blocked(response: Any) -> str | None:
    feedback = response.prompt_feedback
    reason = feedback.block_reason if feedback else None
    return None if reason is None else str(getattr(reason, "value", reason))


def _usage(response: Any, start: float) -> Usage:
    counted = response.usage_metadata
    return Usage(
        calls=1,
        tokens_in=(counted.prompt_token_count or 0) if counted else 0,
        tokens_out=(
            (counted.candidates_token_count or 0) + (counted.thoughts_token_count or 0)
            if counted
            else 0
        ),
        took_ms=Milliseconds((time.monotonic() - start) * 1000),
    )
