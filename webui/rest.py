"""REST: an address and a verb become one call of the protocol, its result the reply."""

from typing import Any, Final, get_type_hints
from urllib.parse import unquote

from aiohttp import web

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from webui import bodies, replies
from webui.person import Persons
from webui.routes import ROUTES, Route
from webui.uploads import Uploads
from webui.upstream import Upstream

_TRUTH: Final = {"true": True, "false": False, "1": True, "0": False}


class Rest:
    """Answers the addresses of `ROUTES`."""

    def __init__(self, upstream: Upstream, persons: Persons, uploads: Uploads) -> None:
        self._upstream = upstream
        self._uploads = uploads
        self._persons = persons
        self._kinds = {route: _kinds(route) for route in ROUTES}

    def find(self, request: web.BaseRequest) -> tuple[Route, dict[str, str]] | None:
        """The route and what stands in its path; WEB_METHOD_REFUSED for another verb's address."""
        verb = "GET" if request.method == "HEAD" else request.method
        allowed = []
        for route in ROUTES:
            if found := route.pattern.fullmatch(raw_path(request)):
                if route.verb == verb:
                    return route, {name: unquote(text) for name, text in found.groupdict().items()}
                allowed.append(route.verb)
        if allowed:
            raise AlvoError(
                errors.WEB_METHOD_REFUSED, method=request.method, allowed=", ".join(allowed)
            )
        return None

    async def answer(
        self, request: web.BaseRequest, route: Route, in_path: dict[str, str], language: str
    ) -> web.Response:
        if route.method.guarded:
            await self._persons.check(request, language)
        if route.uploads:
            async with self._uploads.taken(request) as given:
                return await self._done(route, {**given, **in_path}, language)
        if route.has_body:
            given = await bodies.read_object(request)
        else:
            given = self._query(request, route) if route.verb == "GET" else {}
        return await self._done(route, {**given, **in_path}, language)

    async def _done(self, route: Route, params: dict[str, Any], language: str) -> web.Response:
        result = await self._upstream.result(route.method, params, language)
        if not route.parks:
            return replies.as_json(result, route.status)
        told = {name: value for name, value in result.items() if value is not None}
        if result.get("response") is not None:
            return replies.as_json(told, route.status)
        # It waits for a person, or takes longer: the flow goes on, and tells how it ends.
        response = replies.as_json({"response": None, **told}, 202)
        if (flow := result.get("flow")) is not None:
            response.headers["Location"] = f"/api/v1/flows/{flow['id']}"
        return response

    def _query(self, request: web.BaseRequest, route: Route) -> dict[str, Any]:
        """As numbers and truths where the method wants such; what does not fit, the daemon says."""
        kinds = self._kinds[route]
        return {name: _as(kinds.get(name, ""), text) for name, text in request.query.items()}


def raw_path(request: web.BaseRequest) -> str:
    """The path as it was sent: `%2F` within a name is no border between two."""
    return request.raw_path.partition("?")[0]


def _kinds(route: Route) -> dict[str, str]:
    return {name: str(hint) for name, hint in get_type_hints(route.method.params).items()}


def _as(kind: str, text: str) -> Any:
    if "bool" in kind:
        return _TRUTH.get(text.lower(), text)
    if "int" in kind:
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else text
    return text
