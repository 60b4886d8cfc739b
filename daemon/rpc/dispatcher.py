"""From a request to its reply: the only one that knows jsonrpcserver.

Its functions for one request, not those for text: the door has parsed and checked, and the detour
by text costs 15 µs a call, of which the aim of 3 raw echoes leaves no room.
"""

import asyncio
import inspect
import logging
import secrets
from collections.abc import Callable, Iterator
from typing import Any, Final

from jsonrpcserver import Error, Result, Success
from jsonrpcserver.async_dispatcher import dispatch_request
from jsonrpcserver.dispatcher import to_response
from jsonrpcserver.request import Request as LibraryRequest
from jsonrpcserver.response import to_serializable_one
from jsonrpcserver.sentinels import NOID

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.framing import MAX_FRAME_BYTES
from daemon.rpc import replies
from daemon.rpc.binding import Binding, Bindings, Caller, Params
from daemon.rpc.door import Message, Refusal, Request, shown

_log: Final = logging.getLogger(__name__)

BATCH_WORKERS: Final = 16
"""How many members of one batch are handled at once: between them others get their turn."""

_REFUSALS_A_TURN: Final = 32


class Dispatcher:
    """Answers messages. `from_session` is asked again before every guarded method (P1)."""

    def __init__(
        self, bindings: Bindings, from_session: Callable[[Caller], bool], log_file: str = ""
    ) -> None:
        self._from_session = from_session
        self._log_file = log_file
        self._methods = _Methods(
            {binding.method.name: self._method(binding) for binding in bindings},
            self._unknown,
        )
        self._running: dict[asyncio.Task[Any], _Call] = {}
        self.stopping = False
        """Set: nothing new is begun, and what is cancelled is told why."""

    async def answer(self, message: Message, caller: Caller) -> bytes | None:
        """The reply without its newline; None where the protocol wants silence. Never raises."""
        if isinstance(message, list):
            return await self._batch(message, caller)
        return await self._one(message, caller)

    def cancel(self, which: Callable[[Caller, str], bool]) -> None:
        """Cancels the running calls that `which` (caller, method) names; each still gets a reply."""
        for task, call in list(self._running.items()):
            if which(call.caller, call.method):
                call.called_off = True
                task.cancel()

    async def _one(self, member: Request | Refusal, caller: Caller) -> bytes | None:
        if isinstance(member, Refusal):
            return replies.refusal_reply(member, caller.language)
        call = _Call(caller, member.method)
        reply = await self._called(call, member)
        if member.is_notification or reply is None:
            return None
        if len(reply) >= MAX_FRAME_BYTES:
            return replies.too_large(caller.language, member.id)
        return reply

    async def _called(self, call: "_Call", member: Request) -> bytes | None:
        # Our own methods take two arguments by position: the library unpacks this list.
        id_ = NOID if member.is_notification else member.id
        request = LibraryRequest(member.method, [member.params], id_)
        try:
            done = await dispatch_request(self._methods, call, request)
            if member.is_notification:
                return None
            return replies.encoded(to_serializable_one(to_response(*done)))
        except Exception as error:  # noqa: BLE001  (a result that is no JSON; logged by _told)
            return replies.error_reply(self._told(error, call), call.caller.language, member.id)

    async def _batch(self, members: list[Request | Refusal], caller: Caller) -> bytes | None:
        given: list[bytes | None] = [None] * len(members)
        left = iter(enumerate(members))
        room = _Room(MAX_FRAME_BYTES - 2)

        async def work(left: Iterator[tuple[int, Request | Refusal]]) -> None:
            for n, member in left:
                reply = await self._one(member, caller)
                if reply is not None and not room.take(len(reply) + 1):
                    reply = replies.too_large(caller.language, member.id)
                given[n] = reply
                if n % _REFUSALS_A_TURN == 0:
                    await asyncio.sleep(0)

        await asyncio.gather(*(work(left) for _ in range(min(BATCH_WORKERS, len(members)))))
        said = [reply for reply in given if reply is not None]
        return b"[" + b",".join(said) + b"]" if said else None

    def _method(self, binding: Binding) -> "Callable[[_Call, Params], Any]":
        guarded, handler, read = binding.method.guarded, binding.handler, binding.read

        async def method(call: _Call, params: Params) -> Result:
            task = asyncio.current_task()
            assert task is not None
            self._running[task] = call
            try:
                if self.stopping:
                    raise AlvoError(errors.DAEMON_STOPPING)
                if guarded and self._from_session(call.caller):
                    raise AlvoError(errors.ANSWER_FROM_SESSION)
                return Success(await handler(call.caller, read(params)))
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  (logged by _told)
                # A cancelled call still gets its reply, and the batch it may be in goes on.
                if isinstance(error, asyncio.CancelledError):
                    task.uncancel()
                return self._failed(error, call)
            finally:
                del self._running[task]

        # Else the library inspects the function again for every call.
        method.__signature__ = _SIGNATURE  # type: ignore[attr-defined]
        return method

    async def _unknown(self, call: "_Call", _params: Params) -> Result:
        error = AlvoError(errors.METHOD_NOT_FOUND, method=shown(call.method))
        return self._failed(error, call)

    def _failed(self, error: BaseException, call: "_Call") -> Result:
        told = replies.error_body(self._told(error, call), call.caller.language)
        return Error(told["code"], told["message"], told["data"])

    def _told(self, error: BaseException, call: "_Call") -> AlvoError:
        """What the caller hears: never more than a reference of what was not foreseen."""
        if isinstance(error, AlvoError):
            return error
        if isinstance(error, asyncio.CancelledError) and (self.stopping or call.called_off):
            # We end, or the caller has gone: then nobody hears it, and it is no mishap to log.
            return AlvoError(errors.DAEMON_STOPPING)
        reference = secrets.token_hex(4)
        _log.error("reference %s in %s", reference, shown(call.method), exc_info=error)
        return AlvoError(errors.INTERNAL_ERROR, reference=reference, log=self._log_file)


class _Call:
    """What a method is told of its call, apart from the parameters."""

    __slots__ = ("called_off", "caller", "method")

    def __init__(self, caller: Caller, method: str) -> None:
        self.caller = caller
        self.method = method
        self.called_off = False


class _Methods(dict[str, Any]):
    """jsonrpcserver's own answer to an unknown name has no sentence; so that name has a method."""

    def __init__(self, bound: dict[str, Any], unknown: Any) -> None:
        super().__init__(bound)
        self._unknown = unknown

    def __missing__(self, name: str) -> Any:
        return self._unknown


class _Room:
    """How many bytes a batch's reply may still grow by."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, size: int) -> bool:
        if size > self._left:
            return False
        self._left -= size
        return True


def _arguments(_call: _Call, _params: Params) -> None: ...


_SIGNATURE: Final = inspect.signature(_arguments)
