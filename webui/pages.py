"""The pages as whole documents: the interface's shell, and what is told to who gets no further."""

import base64
import hashlib
import html
import re
from typing import Final

from aiohttp import web

import prompts
from client.remote import RemoteError
from daemon.protocol.errors import AlvoError
from webui import replies
from webui.errors import described
from webui.replies import FENCES
from webui.static import Static

ADDRESSES: Final = re.compile(
    r"/(?:flows/[^/]+|conversations/[^/]+|waiting|inquiries/[^/]+|sources|agents(?:/[^/]+)?"
    r"|databases(?:/[^/]+)?|permissions|sessions|audit|status|api|login)?"
)
"""Every place of the interface has an address of its own; the shell finds out which it is."""

_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}"
    "h1{font-size:1.25rem}"
    "code{background:#8882;border-radius:4px;padding:.1em .35em}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_DOOR_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)


def shell(static: Static, language: str, status: int = 200) -> web.Response:
    """The page in which the interface lives."""
    body = static.shell().replace(b'<html lang="en"', f'<html lang="{language}"'.encode(), 1)
    headers = {
        **FENCES,
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }
    return web.Response(body=body, status=status, headers=headers)


def is_navigation(request: web.BaseRequest) -> bool:
    """Whether a person looks at it, who has typed or followed an address; else it is a program.

    No script of ours asks for HTML, and a browser says of those of others that they do not navigate.
    """
    accepted = request.headers.get("Accept", "")
    wanted = "text/html" in accepted and "application/json" not in accepted
    return wanted and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def told(request: web.BaseRequest, error: AlvoError | RemoteError, language: str) -> web.Response:
    """What went wrong: as a page to who navigates, as JSON to a program."""
    response = replies.error(error, language)
    return _page(response, error, language) if is_navigation(request) else response


def _page(response: web.Response, error: AlvoError | RemoteError, language: str) -> web.Response:
    """What went wrong, and what to do: needs no file of ours, as the door may be closed."""
    _, body = described(error, language)
    told = body["error"]
    title = html.escape(prompts.phrase("web_title", language))
    action = re.sub(r"\b(alvo web(?: --token)?)\b", r"<code>\1</code>", html.escape(told["action"]))
    page = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{_STYLE}</style><main><h1>{html.escape(told['message'])}</h1>"
        f"<p>{action}</p></main></html>"
    )
    response.body = page.encode()
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    response.headers["Content-Security-Policy"] = _DOOR_POLICY
    return response
