"""Google's Gemini models as language models."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from daemon.models import gemini_errors
from daemon.models.calls import MODELS_TIMEOUT_S, RETRIED, Calls, Put, spent
from daemon.models.gemini_sdk import GeminiSettings, Sdk
from daemon.models.keys import ApiKey
from daemon.models.language_model import Completion, Prompt, TextStream
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Usage


class Gemini:
    """One model behind one key. The SDK is loaded at the first call, in a thread: it is large."""

    # Whatever stands behind a base_url on this machine may pass it on: count it as remote.
    remote = True

    def __init__(self, settings: GeminiSettings, key: ApiKey) -> None:
        self.name = f"gemini:{settings.model}"
        self._settings = settings
        self._key = key
        self._sdk: Sdk | None = None
        self._opening = asyncio.Lock()
        self._calls = Calls(self.name, settings.timeout_s, explain=self._explain, scrub=key.scrub)

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

        async with self._calls.limit():
            response = await self._calls.repeated(once)
        text = _text(response)
        problem = gemini_errors.unfinished(self.name, _finish(response), _blocked(response))
        if problem is not None:
            raise problem
        if not text.strip():
            raise AlvoError(errors.REASONER_CUT_OFF, reasoner=self.name, reason="it is empty")
        return Completion(text, _usage(response, start))

    def stream(self, prompt: Prompt) -> TextStream:
        return self._calls.stream(lambda put: self._follow(prompt, put))

    async def models(self) -> list[str]:
        async with self._calls.limit(MODELS_TIMEOUT_S):
            return await self._calls.repeated(self._models)

    async def close(self) -> None:
        sdk, self._sdk = self._sdk, None
        if sdk is not None:
            await sdk.close()

    async def _follow(self, prompt: Prompt, put: Put) -> Usage:
        start, last = time.monotonic(), None

        async def begin() -> tuple[Any, Any]:
            sdk = await self._open()
            chunks = await sdk.client.aio.models.generate_content_stream(
                model=self._settings.model,
                contents=prompt.user,
                config=sdk.configure(prompt.system, None),
            )
            return chunks, await anext(chunks, None)

        async with self._calls.limit():
            chunks, chunk = await self._calls.repeated(begin)
        while chunk is not None:
            last = chunk
            await put(_text(chunk))
            chunk = await self._calls.going_on(lambda: anext(chunks, None))
        problem = gemini_errors.unfinished(
            self.name, _finish(last) if last else None, _blocked(last) if last else None
        )
        if problem is not None:
            raise problem
        return _usage(last, start)

    async def _explain(self, error: Exception) -> AlvoError | None:
        if self._sdk is None or not isinstance(error, self._sdk.api_error):
            return None
        refusal: Any = error
        code, status, body = int(refusal.code or 0), str(refusal.status or ""), refusal.details
        if gemini_errors.is_unknown_model(code, status, body):
            return AlvoError(
                errors.REASONER_UNKNOWN_MODEL,
                reasoner="gemini",
                model=self._settings.model,
                models=await self._calls.listed(self._models),
            )
        found = gemini_errors.from_status(self.name, self._key.origin, code, status, body)
        return self._calls.scrubbed(found, passing=code in RETRIED)

    async def _models(self) -> list[str]:
        sdk = await self._open()
        names: list[str] = []
        async for model in await sdk.client.aio.models.list(config={"page_size": 200}):
            actions = model.supported_actions or []
            if model.name and (not actions or "generateContent" in actions):
                names.append(model.name.removeprefix("models/"))
        return names

    async def _open(self) -> Sdk:
        async with self._opening:
            if self._sdk is None:
                self._sdk = await asyncio.to_thread(Sdk, self._settings, self._key)
            return self._sdk


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
    tokens_in = counted.prompt_token_count if counted else 0
    written = (counted.candidates_token_count, counted.thoughts_token_count) if counted else ()
    return spent(start, time.monotonic(), tokens_in, sum(count or 0 for count in written))
