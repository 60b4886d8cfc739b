"""The methods that the socket's own side answers: ping, hello, discover."""

from typing import Any, Final

import prompts
from daemon import VERSION
from daemon.protocol import methods
from daemon.protocol.calls import (
    Hello,
    Nothing,
    Welcome,
)
from daemon.protocol.methods import DAEMON_HELLO, DAEMON_PING, RPC_DISCOVER
from daemon.rpc import openrpc
from daemon.rpc.binding import Bindings, Caller
from daemon.rpc.door import shown

_FALLBACK: Final = "en"


def bind_builtin(table: Bindings) -> None:
    """Binds those that are not bound yet."""
    if DAEMON_PING not in table:
        table.bind(DAEMON_PING, ping)
    if DAEMON_HELLO not in table:
        table.bind(DAEMON_HELLO, hello)
    if RPC_DISCOVER not in table:
        table.bind(RPC_DISCOVER, discover)


async def ping(_caller: Caller, _params: Nothing) -> str:
    return "pong"


async def hello(caller: Caller, params: Hello) -> Welcome:
    """The client's name goes into the audit: short, and nothing hidden in it."""
    caller.client = shown(params.client)
    if params.language is not None:
        caller.language = prompts.known_language(params.language)
    return Welcome(version=VERSION, methods=list(methods.ALL))


async def discover(_caller: Caller, _params: Nothing) -> dict[str, Any]:
    return openrpc.document()
