"""The browsers that a person let in: listed for their page, and put out again."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from client.logins import Login, Logins
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from webui import bodies, replies


def listed(logins: Logins, current: str) -> web.Response:
    """`current`: the id of the login that asks."""
    found = [_shown(login, current) for login in logins.all()]
    return replies.as_json({"logins": found})


async def revoked(request: web.BaseRequest, logins: Logins, current: str) -> web.Response:
    """Those that are left after the one named in the body's `id`, or `all`, is no more."""
    id_ = (await bodies.read_object(request)).get("id")
    if not isinstance(id_, str) or not id_:
        raise AlvoError(errors.INVALID_PARAMS, method="logins", field="id", reason="text")
    logins.revoke(id_)
    return listed(logins, current)


def _shown(login: Login, current: str) -> dict[str, Any]:
    return {
        "id": login.id,
        "browser": login.browser,
        "current": login.id == current,
        "created_at": _at(login.created),
        "used_at": _at(login.used),
    }


def _at(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")
