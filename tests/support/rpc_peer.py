"""A plain client of the socket, and a server with bindings of the test's own in a thread."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from daemon.rpc.binding import Bindings
from daemon.rpc.place import Place
from daemon.rpc.server import RpcServer


class Peer:
    """One connection, blocking: sends bytes as they are, reads line by line."""

    def __init__(self, path: Path, within: float = 10.0) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(within)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def line(self) -> Any:
        """The next reply, decoded; None where the server has closed."""
        line = self.lines.readline()
        return json.loads(line) if line else None

    def ask(self, method: str, params: Any = None, id_: Any = 1) -> Any:
        """The whole reply to one call."""
        request = {"jsonrpc": "2.0", "method": method, "id": id_}
        if params is not None:
            request["params"] = params
        self.send(json.dumps(request).encode() + b"\n")
        return self.line()

    def close(self) -> None:
        self.lines.close()
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Serving:
    """A running server, the loop it runs in, and where it listens."""

    def __init__(self, server: RpcServer, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.path = path
        self.loop = loop

    def peer(self, within: float = 10.0) -> Peer:
        return Peer(self.path, within)


@contextlib.contextmanager
def serving(
    path: Path,
    bindings: Bindings | None = None,
    *,
    descends: Callable[[int], bool] = lambda _pid: False,
    listening: socket.socket | None = None,
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    **options: Any,
) -> Iterator[Serving]:
    """Serves in a thread until the block ends; errors of the start are raised here."""
    loop = new_loop()
    begun = threading.Event()
    trouble: list[BaseException] = []
    place = Place(path)
    place.take(activated=listening is not None)
    server = RpcServer(bindings or Bindings(), place, descends=descends, **options)

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(server.serve(listening))
        except BaseException as error:
            trouble.append(error)
            begun.set()
            return
        begun.set()
        loop.run_forever()

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait()
    try:
        if trouble:
            raise trouble[0]
        yield Serving(server, path, loop)
    finally:
        if not trouble:
            asyncio.run_coroutine_threadsafe(server.close(), loop).result(20)
            loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        place.leave()
