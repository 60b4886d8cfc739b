"""Reads what a request brings along, within a size and a time."""

import asyncio
from typing import Any, Final

from aiohttp import web

from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.framing import MAX_FRAME_BYTES
from webui.errors import refused

MAX_BODY: Final = MAX_FRAME_BYTES - 64 * 1024
"""Room is left for what the bridge puts around it."""

_WITHIN_S: Final = 30.0


async def read(request: web.BaseRequest, limit: int = MAX_BODY) -> bytes:
    """The whole body; WEB_TOO_LARGE, WEB_TOO_SLOW."""
    if (request.content_length or 0) > limit:
        raise AlvoError(errors.WEB_TOO_LARGE, limit=limit)
    go_on(request)
    found = bytearray()
    try:
        async with asyncio.timeout(_WITHIN_S):
            async for piece in request.content.iter_any():
                found += piece
                if len(found) > limit:
                    raise AlvoError(errors.WEB_TOO_LARGE, limit=limit)
    except TimeoutError:
        raise AlvoError(errors.WEB_TOO_SLOW) from None
    except web.RequestPayloadError:
        raise refused("web_reason_malformed") from None
    return bytes(found)


async def read_object(request: web.BaseRequest, limit: int = MAX_BODY) -> dict[str, Any]:
    """The body as a JSON object; without a body, an empty one."""
    body = await read(request, limit) if request.can_read_body else b""
    if not body:
        return {}
    try:
        return codec.decode(body, dict[str, Any])
    except (codec.Malformed, RecursionError, UnicodeDecodeError):
        raise refused("web_reason_json") from None


def go_on(request: web.BaseRequest) -> None:
    """Curl asks first whether a large body is welcome (RFC 9110 10.1.1)."""
    expected = request.headers.get("Expect")
    if expected is None:
        return
    if expected.lower() != "100-continue":
        raise refused("web_reason_malformed")
    if request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
