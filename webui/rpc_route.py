"""`POST /rpc`: JSON-RPC 2.0 as the daemon speaks it, for the methods that the web may call.

What is allowed goes through as the bytes that came, and so does the reply; only the method's name
is read. Where msgspec and the daemon's stricter reader could disagree the daemon is the stricter:
it refuses whatever this reader might have understood in another way.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

import prompts
from client.remote import RemoteError
from daemon.protocol import codec, errors, methods
from daemon.protocol.errors import AlvoError
from webui import bodies, replies
from webui.errors import remote
from webui.person import Persons
from webui.upstream import Upstream

_NOT_OFFERED: Final = frozenset(
    {methods.DAEMON_STOP.name, methods.DAEMON_HELLO.name, methods.DAEMON_DESCENDS.name}
)
_ALLOWED: Final = frozenset(methods.ALL) - _NOT_OFFERED
_GUARDED: Final = frozenset(name for name, method in methods.ALL.items() if method.guarded)
MAX_BATCH: Final = 1_000
"""As the daemon has it; it refuses a larger one whole."""

_SPACES: Final = bytes.maketrans(b"\r\n", b"  ")
_SILENT: Final = "alvo-web: nobody waits for this"
_PLACE: Final = re.compile(r"\(byte (\d+)\)")


@dataclass(frozen=True, slots=True)
class Called:
    """What is read of a request; everything else passes unread."""

    method: Any = None
    id: Any = ...
    """Left out, it stays an ellipsis: null is an id too."""

    @property
    def is_silent(self) -> bool:
        """A notification: whatever comes of it, nobody is told."""
        return self.id is ... and isinstance(self.method, str)


class RpcRoute:
    """Answers `POST /rpc`."""

    def __init__(self, upstream: Upstream, persons: Persons) -> None:
        self._upstream = upstream
        self._persons = persons

    async def answer(self, request: web.BaseRequest, language: str) -> web.Response:
        body = await bodies.read(request)
        # Outside of strings line ends are spaces, and inside of them they are not JSON.
        frame = body.translate(_SPACES)
        try:
            if frame.lstrip()[:1] == b"[":
                members = codec.decode(frame, list[codec.Raw])
                if 0 < len(members) <= MAX_BATCH:
                    return await self._batch(request, members, language)
                return _json(await self._upstream.ask(frame, language))  # which it refuses
            codec.decode(frame, codec.Raw)
            called = _called(frame)
        except (codec.Malformed, RecursionError, UnicodeDecodeError) as error:
            return _json(_error(_unreadable(error), language, b"null"))
        refusal = await self._refusal(request, called, language)
        if refusal is not None:
            return replies.nothing() if called.is_silent else _json(refusal)
        if called.is_silent:
            return await self._notified(frame, language)
        return _json(await self._upstream.ask(frame, language))

    async def _notified(self, frame: bytes, language: str) -> web.Response:
        """A notification gets no reply, but the connection needs one: it is asked with an id."""
        reply = await self._upstream.ask(_with_id(frame), language)
        kept = _unless_silent(reply)
        return _json(kept) if kept is not None else replies.nothing()

    async def _batch(
        self, request: web.BaseRequest, members: list[codec.Raw], language: str
    ) -> web.Response:
        passed: list[bytes] = []
        said: list[bytes] = []
        silent = False
        for raw in members:
            member = bytes(raw)
            called = _called(member)
            refusal = await self._refusal(request, called, language)
            if refusal is not None:
                said += [] if called.is_silent else [refusal]
            elif called.is_silent:
                silent = True
                passed.append(_with_id(member))
            else:
                passed.append(member)
        if passed:
            reply = await self._upstream.ask(b"[" + b",".join(passed) + b"]", language)
            if not reply.startswith(b"["):
                return _json(reply)
            if silent:
                each = (_unless_silent(bytes(one)) for one in codec.decode(reply, list[codec.Raw]))
                said += [one for one in each if one is not None]
            else:
                said.append(reply[1:-1])
        return _json(b"[" + b",".join(said) + b"]") if said else replies.nothing()

    async def _refusal(
        self, request: web.BaseRequest, called: Called, language: str
    ) -> bytes | None:
        name = called.method
        if not isinstance(name, str) or (name in _ALLOWED and name not in _GUARDED):
            return None
        id_ = b"null" if called.id is ... else codec.encode(called.id)
        if name in _NOT_OFFERED:
            return _error(AlvoError(errors.WEB_CALL_REFUSED, method=name), language, id_)
        if name in _GUARDED:
            try:
                await self._persons.check(request, language)
            except AlvoError as error:
                return _error(error, language, id_)
        return None  # One that nobody knows: the daemon says so.


def _called(member: bytes) -> Called:
    """Of what is no object, nothing: the daemon says what is wrong with it."""
    return codec.decode(member, Called) if member.lstrip()[:1] == b"{" else Called()


def _with_id(member: bytes) -> bytes:
    begin = member.index(b"{") + 1
    return member[:begin] + b'"id":' + codec.encode(_SILENT) + b"," + member[begin:]


def _unless_silent(reply: bytes) -> bytes | None:
    """A reply that somebody waits for: those to notifications are dropped, whatever they say.

    Except that a notification which is no request at all is answered, with an id of null (§5.1).
    """
    value = codec.decode(reply, dict[str, Any])
    if value.get("id") != _SILENT:
        return reply
    if value.get("error", {}).get("code") != errors.INVALID_REQUEST.code:
        return None
    return codec.encode({**value, "id": None})


def _unreadable(error: Exception) -> AlvoError:
    if isinstance(error, RecursionError):
        return AlvoError(errors.PARSE_ERROR, reason=prompts.Phrase("reason_depth", limit=100))
    found = _PLACE.search(str(error))
    place = int(found[1]) + 1 if found else 1
    return AlvoError(errors.PARSE_ERROR, reason=prompts.Phrase("reason_syntax", place=place))


def _error(error: AlvoError, language: str, id_: bytes) -> bytes:
    told: RemoteError = remote(error, language)
    data = {"name": told.name, "action": told.action}
    body = codec.encode({"code": told.code, "message": told.message, "data": data})
    return b'{"jsonrpc":"2.0","error":' + body + b',"id":' + id_ + b"}"


def _json(body: bytes) -> web.Response:
    return replies.raw_json(body)
