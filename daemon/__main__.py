"""`alvod`: the daemon's process, from its arguments to its clean end."""

import argparse
import asyncio
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import prompts
from daemon import VERSION
from daemon.config import Config, Paths, load_config, private_directory
from daemon.notify import READY, STOPPING, Notifier
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.escape import escape

if TYPE_CHECKING:
    from daemon.rpc.place import Place

_log: Final = logging.getLogger(__name__)

# They were meant for this process; what we start must not take them for its own.
_FOR_US_ALONE: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC")  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 ended as asked, 1 did not start or a check failed, 2 usage."""
    chosen = _arguments().parse_args(arguments)
    language = prompts.language_of(os.environ)
    paths = Paths.from_environment(os.environ)
    if chosen.check:
        from daemon import checks

        return checks.run(paths, os.environ, language)
    try:
        _serve(load_config(paths, os.environ), paths, os.environ)
    except AlvoError as error:
        return _complain(error, language)
    except Exception as error:  # noqa: BLE001  (logged; a person gets a sentence)
        reference = secrets.token_hex(4)
        _log.exception("reference %s at the start", reference)
        blanks = {"reference": reference, "log": paths.log_file}
        return _complain(AlvoError(errors.INTERNAL_ERROR, **blanks), language, str(error))
    return 0


def _complain(error: AlvoError, language: str, detail: str = "") -> int:
    sentence, action = prompts.sentence(error.type.name, language, **error.blanks)
    told = (part for part in (f"alvod: {sentence}", detail, action) if part)
    print(*map(escape, told), sep="\n", file=sys.stderr)  # noqa: T201  (for the person who started it)
    return 1


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="alvod",
        description="Alvo's daemon: answers at a Unix socket until it is told to end.",
        epilog="Settings: ~/.config/alvo/config.toml (docs/configuration.md).",
    )
    parser.add_argument(
        "--check", action="store_true", help="say what is fit and what is not, without starting"
    )
    parser.add_argument("--version", action="version", version=f"alvod {VERSION}")
    return parser  # fmt: skip


def _serve(config: Config, paths: Paths, environ: MutableMapping[str, str]) -> None:
    from daemon import log, process
    from daemon.rpc.lock import Lock
    from daemon.rpc.place import Place, inherited
    from daemon.shell.descent import in_session

    if in_session():
        # Its settings would be the command's, and it would end with the session.
        raise AlvoError(errors.DAEMON_IN_SESSION)
    # A session's bash sets it again: files that a command makes have the person's own modes.
    environ["ALVO_UMASK"] = f"{process.harden(config.daemon.max_connections):04o}"
    listening = inherited(environ)
    notifier = Notifier(environ)
    for name in _FOR_US_ALONE:
        environ.pop(name, None)
    place = Place(paths.socket if listening is None else Path(listening.getsockname()))
    place.take(activated=listening is not None)
    try:
        # Another socket does not make it another state.
        state = Lock(private_directory(paths.state_dir) / "alvod.lock")
        state.take(place.path)
        log.set_up(paths.log_file, environ)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(
                _run(config, paths, environ, place=place, listening=listening, notifier=notifier)
            )
    finally:
        place.leave()


async def _run(
    config: Config,
    paths: Paths,
    environ: Mapping[str, str],
    *,
    place: "Place",
    listening: socket.socket | None,
    notifier: Notifier,
) -> None:
    from daemon.app import App
    from daemon.rpc.server import RpcServer

    app = App(config, paths, environ)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, app.stop_requested.set)
    server = RpcServer(
        app.bindings,
        place,
        max_connections=config.daemon.max_connections,
        descends=app.descends,
        language=config.daemon.language,
        log_file=str(paths.log_file),
    )
    await app.start()
    watching = loop.create_task(notifier.watch())
    try:
        await server.serve(listening)
        notifier.tell(READY)
        _log.info("alvod %s (process %d) answers at %s", VERSION, os.getpid(), paths.socket)
        await app.stop_requested.wait()
    finally:
        notifier.tell(STOPPING)
        await server.close()
        await app.close()
        watching.cancel()
        _log.info("alvod ends")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
