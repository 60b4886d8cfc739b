"""Replies as every route gives them: their bodies, and the headers that fence them in."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

import prompts
from client.remote import RemoteError
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from webui import errors as web_errors

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'"
)
FENCES: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Server": "alvo-web",
}
_JSON_HEADERS: Final = {
    **FENCES,
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-store",
}


def raw_json(body: bytes, status: int = 200) -> web.Response:
    """A reply whose body is JSON already."""
    return web.Response(body=body, status=status, headers=_JSON_HEADERS)


def as_json(value: Any, status: int = 200) -> web.Response:
    return raw_json(codec.encode(value), status)


def text(body: str, content_type: str, status: int = 200) -> web.Response:
    headers = {**FENCES, "Content-Type": content_type, "Cache-Control": "no-store"}
    return web.Response(body=body.encode(), status=status, headers=headers)


def nothing() -> web.Response:
    return web.Response(status=204, headers={**FENCES, "Cache-Control": "no-store"})


def moved(to: str, cookie: str | None = None) -> web.Response:
    headers = {**FENCES, "Location": to, "Cache-Control": "no-store"}
    if cookie is not None:
        headers["Set-Cookie"] = cookie
    return web.Response(status=303, headers=headers)


def error(told: AlvoError | RemoteError, language: str) -> web.Response:
    """What went wrong, as JSON."""
    status, body = web_errors.described(told, language)
    response = as_json(body, status)
    response.headers["Content-Language"] = language
    name = body["error"]["name"]
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Alvo"'
    elif status in (429, 503):
        response.headers["Retry-After"] = "60" if name == "WEB_TOO_MANY_ATTEMPTS" else "1"
    elif isinstance(told, AlvoError) and told.type is errors.WEB_METHOD_REFUSED:
        response.headers["Allow"] = str(told.blanks["allowed"])
    return response


def language_of(headers: Mapping[str, str]) -> str:
    """The first of ours in Accept-Language, by its weights; English if none is there."""
    wanted = []
    for n, part in enumerate(headers.get("Accept-Language", "").split(",")[:20]):
        tag, _, weight = part.strip().partition(";q=")
        if tag[:2].lower() in prompts.LANGUAGES:
            wanted.append((-_number(weight), n, tag[:2].lower()))
    return min(wanted)[2] if wanted else prompts.LANGUAGES[0]


def _number(weight: str) -> float:
    try:
        return float(weight or 1)
    except ValueError:
        return 0.0
