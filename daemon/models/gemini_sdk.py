"""The door to google-genai: the only module that knows it."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon.models import http
from daemon.models.keys import ApiKey


@dataclass(frozen=True, slots=True)
class GeminiSettings:
    """`base_url` empty: Google's own. `timeout_s`: for one call, its repetitions included."""

    model: str
    base_url: str
    api_version: str
    timeout_s: float


class Sdk:
    """google-genai, loaded, with one client on a transport of our choice."""

    def __init__(self, settings: GeminiSettings, key: ApiKey) -> None:
        from google import genai
        from google.genai import errors as genai_errors
        from google.genai import types

        # It warns on standard error of every word that is newer than itself; we say what we need.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"google\.genai")
        self._types = types
        self.api_error = genai_errors.APIError
        # A client of our own: the SDK would silently change to aiohttp where that is installed,
        # and a transport pinned through its options would ignore the proxy variables.
        self._http = http.open_client(settings.timeout_s, environment=True)
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

    def content(self, text: str) -> Any:
        """One text as a content of its own: a list of strings would become a single one."""
        return self._types.Content(parts=[self._types.Part(text=text)])

    def embedding(self, dimensions: int, task: str | None) -> Any:
        return self._types.EmbedContentConfig(output_dimensionality=dimensions, task_type=task)

    async def close(self) -> None:
        await self.client.aio.aclose()
        await self._http.aclose()
        self.client.close()
