"""The one door: every request but `/health` passes it before anything else looks at it."""

import hmac
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, cast

from aiohttp import HttpVersion10, HttpVersion11, web

from client.logins import Logins
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from webui.attempts import Attempts
from webui.errors import refused
from webui.listening import Connection

SAFE: Final = frozenset({"GET", "HEAD"})
UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LOGIN_PATH: Final = "/login"
UPLOAD_PATH: Final = re.compile(r"/api/v1/agents(/[^/]+/data)?")
MAX_TARGET: Final = 4096

_ONCE: Final = frozenset(
    {
        b"host", b"authorization", b"origin", b"content-length", b"content-type", b"cookie",
        b"transfer-encoding", b"sec-fetch-site", b"content-encoding", b"expect", b"last-event-id",
    }
)  # fmt: skip
_TARGET: Final = re.compile(r"/(?!/)[!-\[\]-~]*")
"""Origin-form (RFC 9112 3.2.1): begins with one slash; ASCII without space or backslash."""

_JSON: Final = re.compile(r'application/json(\s*;\s*charset="?utf-8"?)?', re.IGNORECASE)
_OWN_SITE: Final = frozenset({"same-origin", "none"})


class By(StrEnum):
    """What let a request in."""

    TOKEN = "token"  # noqa: S105  (a word, no secret)
    LOGIN = "login"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Entry:
    """`login`: the id of the browser's login."""

    by: By
    login: str = ""


class Guards:
    """`origins`: by Host, the origin of the bridge's own pages. `local`: other users are refused."""

    def __init__(
        self,
        origins: Callable[[], Mapping[str, str]],
        logins: Logins,
        cookie: Callable[[], str],
        *,
        local: bool,
    ) -> None:
        self._origins = origins
        self._logins = logins
        self._token = f"Bearer {logins.token()}".encode()
        self._cookie = cookie
        self._local = local
        self._users = (os.geteuid(), 0)  # the superuser can do all this without us
        self._attempts = Attempts()
        self.codes = Attempts()
        """Counted apart: tabs with an old cookie must not keep their person from logging in."""

    def enter(self, request: web.BaseRequest) -> Entry:
        """Who may come in, or an AlvoError that says why not."""
        self._form(request)
        own = self._host(request)
        self._origin(request, own)
        self._user(request)
        entry = self._login(request)
        self._type(request)
        return entry

    def secret(self, request: web.BaseRequest) -> str:
        """What the cookie of this bridge says; empty without one."""
        name = self._cookie()
        pairs = (
            part.strip().partition("=") for part in request.headers.get("Cookie", "").split(";")
        )
        found = [value for key, _, value in pairs if key == name]
        return found[0] if len(found) == 1 else ""

    def _form(self, request: web.BaseRequest) -> None:
        seen: set[bytes] = set()
        for raw, _ in request.raw_headers:
            name = raw.lower()
            if name in _ONCE and name in seen:
                raise refused("web_reason_doubled")
            seen.add(name)
        if request.version not in (HttpVersion10, HttpVersion11):
            raise refused("web_reason_malformed")
        if request.method not in SAFE | UNSAFE:
            raise AlvoError(
                errors.WEB_METHOD_REFUSED,
                method=request.method[:20],
                allowed=", ".join(sorted(SAFE | UNSAFE)),
            )
        if len(request.raw_path) > MAX_TARGET or not _TARGET.fullmatch(request.raw_path):
            raise refused("web_reason_target")
        if b"upgrade" in seen or b"http2-settings" in seen:
            raise refused("web_reason_upgrade")
        if b"content-encoding" in seen:
            raise refused("web_reason_encoding")
        if request.headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
            raise refused("web_reason_encoding")
        if request.method in SAFE and request.can_read_body:
            raise refused("web_reason_body")

    def _host(self, request: web.BaseRequest) -> str:
        origins = self._origins()
        host = request.headers.get("Host", "").lower()
        if host not in origins:
            allowed = ", ".join(origins.values())
            raise AlvoError(errors.WEB_HOST_REFUSED, allowed=allowed)
        return origins[host]

    def _origin(self, request: web.BaseRequest, own: str) -> None:
        """What is there must be ours, whoever sends it."""
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "none")
        if (origin is not None and origin != own) or site not in _OWN_SITE:
            raise AlvoError(errors.WEB_ORIGIN_REFUSED)

    def _user(self, request: web.BaseRequest) -> None:
        """A cookie goes to every port of a host, thus to servers of other users of this machine."""
        if not self._local:
            return
        connection = cast("Connection", request.protocol)
        found = connection.owner()
        # Of another machine (which takes TLS) there is nothing to be known but its token.
        unknown = found is None and connection.is_local
        if unknown or (found is not None and found.uid not in self._users):
            raise AlvoError(errors.WEB_USER_REFUSED)

    def _login(self, request: web.BaseRequest) -> Entry:
        given = request.headers.get("Authorization")
        if given is not None:
            if hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._token):
                return Entry(By.TOKEN)
            raise self._attempts.failed()
        if request.path == LOGIN_PATH and request.method == "GET" and "code" in request.query:
            return Entry(By.CODE)
        secret = self.secret(request)
        if not secret:
            raise AlvoError(errors.WEB_LOGIN_NEEDED)
        self._from_own_page(request)
        login = self._logins.known(secret)
        if login is None:
            raise self._attempts.failed()
        return Entry(By.LOGIN, login)

    def _from_own_page(self, request: web.BaseRequest) -> None:
        """A browser adds the cookie by itself, so it must also say that our page asked."""
        if "Origin" in request.headers:
            return
        if request.method in SAFE and "Sec-Fetch-Site" in request.headers:
            return
        raise AlvoError(errors.WEB_ORIGIN_REFUSED)

    def _type(self, request: web.BaseRequest) -> None:
        if request.method in SAFE or not request.can_read_body:
            return
        found = request.headers.get("Content-Type", "")
        if _JSON.fullmatch(found.strip()):
            return
        if UPLOAD_PATH.fullmatch(request.path) and found.lower().startswith("multipart/form-data;"):
            return
        raise AlvoError(errors.WEB_TYPE_REFUSED, found=found[:80], expected="application/json")
