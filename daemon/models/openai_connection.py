"""The HTTP of an OpenAI-compatible server: one client, the key in its header, errors as such."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from daemon.models import http
from daemon.models import openai_wire as wire
from daemon.models.address import ServerAddress
from daemon.models.keys import ApiKey

# Ollama passes questions to these models on to its makers' machines.
_ELSEWHERE: Final = (":cloud", "-cloud")


def leaves_the_machine(address: ServerAddress, model: str) -> bool:
    """Whether what this model is given goes further than a server on this machine."""
    return not address.loopback or model.endswith(_ELSEWHERE)


class Connection:
    """Opened by the first call; for one event loop."""

    def __init__(self, address: ServerAddress, key: ApiKey | None, timeout_s: float) -> None:
        self._address = address
        self._key = key
        self._timeout_s = timeout_s
        self._http: Any = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def sent(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[Any]:
        """The response, not yet read; `openai_errors.Refused` where it is no success."""
        client = await self._open()
        headers = {} if self._key is None else {"Authorization": f"Bearer {self._key.reveal()}"}
        url = self._address.url + path
        async with client.stream(method, url, json=body, headers=headers) as response:
            if not response.is_success:
                raise await wire.refused(response, body or {})
            yield response

    async def close(self) -> None:
        client, self._http = self._http, None
        if client is not None:
            await client.aclose()

    async def _open(self) -> Any:
        async with self._opening:
            if self._http is None:
                # On this machine means on this machine: no proxy in between.
                environment = not self._address.loopback
                self._http = await asyncio.to_thread(
                    http.open_client, self._timeout_s, environment=environment
                )
            return self._http
