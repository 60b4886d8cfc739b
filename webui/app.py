"""Puts the bridge together: the door, then one handler for each kind of address."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from client.logins import LOGIN_S, Logins
from client.remote import RemoteError
from daemon.protocol import errors
from daemon.protocol.calls import Nothing
from daemon.protocol.errors import AlvoError
from daemon.protocol.escape import escape
from daemon.protocol.methods import DAEMON_PING
from webui import bodies, logins_route, openapi, pages, replies
from webui.errors import described, refused
from webui.events import Events
from webui.guards import LOGIN_PATH, SAFE, By, Entry, Guards
from webui.metrics import Metrics
from webui.options import Options
from webui.person import Persons
from webui.rest import Rest
from webui.rpc_route import RpcRoute
from webui.static import PREFIX, Static
from webui.uploads import Uploads
from webui.upstream import Upstream

_log: Final = logging.getLogger(__name__)
_HEALTH_S: Final = 2.0
_LOGGED_PATH: Final = 120

Handler = Callable[[web.BaseRequest, Entry, str], Awaitable[web.StreamResponse]]


class Bridge:
    """Answers every request."""

    def __init__(self, options: Options, logins: Logins, socket: str) -> None:
        self._options = options
        self._port, self._origins = options.port, options.origins(options.port)
        self._logins = logins
        self.upstream = Upstream(socket)
        self._static = Static()
        self._persons = Persons(self.upstream)
        self._rpc = RpcRoute(self.upstream, self._persons)
        self._rest = Rest(self.upstream, self._persons, Uploads(logins.directory / "uploads"))
        self._events = Events(self.upstream)
        self._metrics = Metrics(self.upstream, self._events.feed)
        self._guards = Guards(
            lambda: self._origins,
            logins,
            self._cookie_name,
            local=options.proxy is None,
        )
        self._exact: dict[tuple[str, str], Handler] = {
            ("POST", "/rpc"): self._answer_rpc,
            ("GET", "/api/v1/events"): self._answer_events,
            ("GET", "/api/v1/openapi.json"): self._answer_openapi,
            ("POST", "/api/v1/markdown"): self._answer_markdown,
            ("GET", "/api/v1/logins"): self._answer_logins,
            ("DELETE", "/api/v1/logins"): self._answer_revoke,
            ("GET", "/metrics"): self._answer_metrics,
            ("GET", LOGIN_PATH): self._answer_login,
            ("POST", "/logout"): self._answer_logout,
        }

    def listens(self, port: int) -> None:
        """At this port, which is known once the socket is bound."""
        self._port, self._origins = port, self._options.origins(port)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Never raises but for a client that is gone."""
        begun = time.perf_counter()
        language = replies.language_of(request.headers)
        if request.path == "/health" and request.method in ("GET", "HEAD"):
            return await self._health(language)
        try:
            entry = self._guards.enter(request)
        except AlvoError as error:
            return self._closed(request, error, language)
        failed = ""
        try:
            response = await self._answered(request, entry, language)
        except (AlvoError, RemoteError) as error:
            response = self._failed(request, error, language)
            failed = error.type.name if isinstance(error, AlvoError) else error.name
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001  (logged; the caller gets a reference)
            response = self.broken(request, 500, error)
        took_s = time.perf_counter() - begun
        self._metrics.count(request, response.status, took_s)
        if failed or (request.method not in SAFE and request.path != "/rpc"):
            _tell(request, response.status, took_s, failed)
        return response

    def broken(
        self, request: web.BaseRequest, status: int, error: BaseException | None
    ) -> web.Response:
        """What nobody foresaw, and what is no HTTP at all: never a word of it to the other side."""
        language = replies.language_of(request.headers)
        if status < 500:
            return replies.error(refused("web_reason_malformed"), language)
        reference = secrets.token_hex(4)
        _log.error("reference %s", reference, exc_info=error)
        unforeseen = AlvoError(errors.INTERNAL_ERROR, reference=reference, log="alvo-web.log")
        return pages.told(request, unforeseen, language)

    async def close(self) -> None:
        await self._events.close()
        await self._persons.close()
        await self.upstream.close()

    def _closed(
        self, request: web.BaseRequest, error: AlvoError, language: str
    ) -> web.StreamResponse:
        """A refusal ends the connection: what follows on it was not asked by whom we know."""
        status, _ = described(error, language)
        response = pages.told(request, error, language)
        response.force_close()
        self._metrics.count_refusal(error.type.name)
        _log.info("refused", extra={"fields": {"error": error.type.name, "status": status}})
        return response

    def _failed(
        self, request: web.BaseRequest, error: AlvoError | RemoteError, language: str
    ) -> web.Response:
        """To a person within, an address that does not exist says so in the interface itself."""
        missing = isinstance(error, AlvoError) and error.type is errors.WEB_NOT_FOUND
        if missing and pages.is_navigation(request):
            return pages.shell(self._static, language, 404)
        return pages.told(request, error, language)

    async def _answered(
        self, request: web.BaseRequest, entry: Entry, language: str
    ) -> web.StreamResponse:
        verb = "GET" if request.method == "HEAD" else request.method
        handler = self._exact.get((verb, request.path))
        if handler is not None:
            return await handler(request, entry, language)
        if verb == "GET":
            if request.path.startswith(PREFIX) and (file := self._static.answer(request)):
                return file
            if pages.ADDRESSES.fullmatch(request.path):
                return pages.shell(self._static, language)
        if found := self._rest.find(request):
            return await self._rest.answer(request, *found, language)
        allowed = [verb for verb, path in self._exact if path == request.path]
        if allowed or pages.ADDRESSES.fullmatch(request.path):
            blanks = {"method": request.method, "allowed": ", ".join(allowed or ["GET"])}
            raise AlvoError(errors.WEB_METHOD_REFUSED, **blanks)
        raise AlvoError(errors.WEB_NOT_FOUND)

    # Addresses with a handler of their own.

    async def _health(self, language: str) -> web.StreamResponse:
        answers = False
        with contextlib.suppress(AlvoError, RemoteError, TimeoutError):
            async with asyncio.timeout(_HEALTH_S):
                await self.upstream.call(DAEMON_PING, Nothing(), language)
                answers = True
        state = {"status": "ok" if answers else "degraded", "daemon": answers}
        return replies.as_json(state, 200 if answers else 503)

    async def _answer_rpc(
        self, request: web.BaseRequest, _: Entry, language: str
    ) -> web.StreamResponse:
        return await self._rpc.answer(request, language)

    async def _answer_events(
        self, request: web.BaseRequest, _: Entry, language: str
    ) -> web.StreamResponse:
        if request.method == "HEAD":
            raise AlvoError(errors.WEB_METHOD_REFUSED, method="HEAD", allowed="GET")
        return await self._events.answer(request, language)

    async def _answer_openapi(self, _: web.BaseRequest, __: Entry, ___: str) -> web.StreamResponse:
        return replies.raw_json(openapi.text())

    async def _answer_markdown(
        self, request: web.BaseRequest, _: Entry, __: str
    ) -> web.StreamResponse:
        body = await bodies.read_object(request)
        text = body.get("text")
        if not isinstance(text, str):
            raise AlvoError(errors.INVALID_PARAMS, method="markdown", field="text", reason="text")
        from webui.markdown import render

        return replies.as_json({"html": await asyncio.to_thread(render, text)})

    async def _answer_metrics(
        self, _: web.BaseRequest, __: Entry, language: str
    ) -> web.StreamResponse:
        return replies.text(await self._metrics.text(language), "text/plain; version=0.0.4")

    async def _answer_login(
        self, request: web.BaseRequest, entry: Entry, language: str
    ) -> web.StreamResponse:
        """A one-time code becomes a cookie, and leaves the address."""
        if entry.by is not By.CODE:
            return pages.shell(self._static, language)
        if self._guards.codes.exhausted:
            return self._closed(request, AlvoError(errors.WEB_TOO_MANY_ATTEMPTS), language)
        browser = request.headers.get("User-Agent", "")
        secret = self._logins.redeem(request.query["code"], browser)
        if secret is None:
            return self._closed(request, self._guards.codes.failed(), language)
        _log.info("a browser has logged in")
        return replies.moved("/", self._cookie(secret, LOGIN_S))

    async def _answer_logout(
        self, request: web.BaseRequest, _: Entry, __: str
    ) -> web.StreamResponse:
        self._logins.forget(self._guards.secret(request))
        return replies.moved("/", self._cookie("", 0))

    async def _answer_logins(self, _: web.BaseRequest, entry: Entry, __: str) -> web.StreamResponse:
        return logins_route.listed(self._logins, entry.login)

    async def _answer_revoke(
        self, request: web.BaseRequest, entry: Entry, _: str
    ) -> web.StreamResponse:
        return await logins_route.revoked(request, self._logins, entry.login)

    def _cookie_name(self) -> str:
        """A port of its own, as cookies do not know ports."""
        return f"{'__Host-' if self._options.secure else ''}alvo_{self._port}"

    def _cookie(self, secret: str, lifetime_s: int) -> str:
        secure = "; Secure" if self._options.secure else ""
        return (
            f"{self._cookie_name()}={secret}; Path=/; Max-Age={lifetime_s}; "
            f"HttpOnly; SameSite=Strict{secure}"
        )


def _tell(request: web.BaseRequest, status: int, took_s: float, failed: str) -> None:
    """For the log: which agent or flow, and how it went; never what was sent or answered."""
    fields = {
        "verb": request.method,
        "path": escape(request.path[:_LOGGED_PATH]),
        "status": status,
        "ms": round(took_s * 1000, 1),
        **({"error": failed} if failed else {}),
    }
    _log.info("request", extra={"fields": fields})
