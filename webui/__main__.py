"""`alvo-web`: the bridge's process, from its arguments to its clean end."""

import argparse
import asyncio
import errno
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

import prompts
from client import place
from client.bridge import forget_note, write_note
from client.connection import VERSION
from client.logins import Logins
from client.remote import RemoteError
from daemon.protocol import errors
from daemon.protocol.calls import Processes
from daemon.protocol.errors import AlvoError
from daemon.protocol.methods import DAEMON_DESCENDS
from webui import log
from webui.app import Bridge
from webui.listening import Server
from webui.options import Options

_log: Final = logging.getLogger(__name__)
_GRACE_S: Final = 2.0


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 ended as asked, 1 did not start, 2 usage."""
    chosen = parser().parse_args(arguments)
    language = prompts.language_of(os.environ)
    if chosen.token:
        print(Logins.from_environment(os.environ).token())  # noqa: T201  (what was asked for)
        return 0
    options = Options(
        chosen.host, chosen.port, chosen.tls_cert, chosen.tls_key, chosen.behind_proxy,
        tuple(chosen.name or ()),
    )  # fmt: skip
    try:
        options.check()
        _harden()
        logins = Logins.from_environment(os.environ)
        log.set_up(logins.directory.parent / "alvo-web.log")
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(options, logins, os.environ))
    except AlvoError as error:
        return _complain(*prompts.sentence(error.type.name, language, **error.blanks))
    except RemoteError as error:
        return _complain(error.message, error.action)
    except OSError as error:
        return _complain(f"{error.strerror or error}", "")
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="alvo-web",
        description="Alvo's bridge: the web interface and REST, over the daemon's socket.",
        epilog="A person opens it with alvo web. How it is guarded: docs/web.md.",
    )
    made.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
    made.add_argument(
        "--port", type=int, default=8420, help="at which port (8420); 0: any free one"
    )
    made.add_argument("--name", action="append", help="a further name that it is reached by")
    made.add_argument("--tls-cert", metavar="FILE", help="certificate chain, to serve https itself")
    made.add_argument("--tls-key", metavar="FILE", help="its key")
    made.add_argument(
        "--behind-proxy", metavar="ORIGIN", help="https://name, under which a proxy serves it"
    )
    made.add_argument("--token", action="store_true", help="print the token for programs, and end")
    made.add_argument("--version", action="version", version=f"alvo-web {VERSION}")
    return made


def _harden() -> None:
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _complain(sentence: str, action: str) -> int:
    told = [f"alvo-web: {sentence}", *([action] if action else [])]
    print(*told, sep="\n", file=sys.stderr)  # noqa: T201  (for the person who started it)
    return 1


async def _serve(options: Options, logins: Logins, environ: Mapping[str, str]) -> None:
    context = options.context()
    bridge = Bridge(options, logins, place.socket_path(environ))
    await _refuse_session(bridge)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.ServerRunner(Server(bridge.answer, bridge.broken), shutdown_timeout=_GRACE_S)
    await runner.setup()
    listening = _listen(options)
    port = listening.getsockname()[1]
    bridge.listens(port)
    site = web.SockSite(runner, listening, ssl_context=context, backlog=256)
    await site.start()
    url = options.url(port)
    write_note(environ, port, url)
    _log.info("alvo-web %s (process %d) answers at %s", VERSION, os.getpid(), url)
    try:
        await stop.wait()
    finally:
        forget_note(environ)
        await bridge.close()
        await runner.cleanup()
        _log.info("alvo-web ends")


async def _refuse_session(bridge: Bridge) -> None:
    """The daemon would refuse it every answer; the person would not know why."""
    try:
        ours = Processes([os.getpid()])
        told = await bridge.upstream.call(DAEMON_DESCENDS, ours, prompts.language_of(os.environ))
    except (AlvoError, RemoteError):
        return  # Away: it is asked again before each such answer.
    if told.from_session:
        raise AlvoError(errors.WEB_IN_SESSION)


def _listen(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family, backlog=256)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        address = f"{options.host}:{options.port}"
        blanks = {"address": address, "other": options.port + 1}
        raise AlvoError(errors.WEB_PORT_TAKEN, **blanks) from None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
