"""A real bridge in front of a real daemon, and plain HTTP to speak with it, to the byte."""

import contextlib
import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.daemon import Home
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Reply:
    """`status`: 0 where the bridge closed the connection without a word."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The name of the error."""
        name: str = self.json["error"]["name"]
        return name


class Web:
    """A bridge's process and how to reach it; `token`, and `cookie` once a browser logged in."""

    def __init__(self, home: Home, *arguments: str) -> None:
        self.home = home
        with (home.place / "web.err").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "webui", "--port", "0", *arguments],
                env=home.environ,
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.files = home.place / "state" / "alvo" / "web"
        wait_until(self._noted, within=20)
        self.port: int = json.loads((self.files / "bridge.json").read_text())["port"]
        self.host = f"127.0.0.1:{self.port}"
        self.origin = f"http://{self.host}"
        self.token = (self.files / "token").read_text().strip()
        self.cookie = ""

    def _noted(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"alvo-web ended: {self.log()}")
        with contextlib.suppress(OSError, ValueError):
            told = json.loads((self.files / "bridge.json").read_text())
            return bool(told["pid"] == self.process.pid)
        return False

    def log(self) -> str:
        return (self.home.place / "web.err").read_text(errors="replace")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)

    def call(
        self, verb: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """As a program with the token."""
        given = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        content = None
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        return self.ask(verb, path, content, given)

    def ask(
        self, verb: str, path: str, body: bytes | None, headers: dict[str, str], timeout: float = 60
    ) -> Reply:
        """With these headers alone (and Host)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(verb, path, body, headers)
            reply = connection.getresponse()
            found = {name.lower(): value for name, value in reply.getheaders()}
            return Reply(reply.status, found, reply.read())
        finally:
            connection.close()

    def rpc(self, method: str, **params: Any) -> Any:
        """The result of `POST /rpc`."""
        reply = self.call(
            "POST", "/rpc", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        )
        return reply.json["result"]

    def log_in(self) -> str:
        """As a browser that `alvo web` opened: gives, and keeps, its cookie."""
        from client.logins import Logins

        code = Logins(self.files).offer()
        reply = self.ask("GET", f"/login?code={code}", None, {"Sec-Fetch-Site": "none"})
        assert reply.status == 303
        self.cookie = reply.headers["set-cookie"].partition(";")[0]
        return self.cookie

    def as_page(self, verb: str, path: str, body: Any = None, **headers: str) -> Reply:
        """As a page of the bridge's own in a browser that is logged in."""
        given = {"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin", **headers}
        content = None
        if verb != "GET":
            given.setdefault("Origin", self.origin)
        if body is not None:
            given.setdefault("Content-Type", "application/json")
            content = json.dumps(body).encode()
        return self.ask(verb, path, content, given)

    def raw(self, request: bytes, within: float = 5.0) -> list[Reply]:
        """What is answered to these very bytes, until the bridge closes or says no more."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=within) as peer:
            with contextlib.suppress(OSError):
                peer.sendall(request)
            return list(replies_in(_all_of(peer)))


def _all_of(peer: socket.socket) -> bytes:
    found = bytearray()
    with contextlib.suppress(OSError):
        while piece := peer.recv(65536):
            found += piece
            if _whole(bytes(found)):
                peer.settimeout(0.3)
    return bytes(found)


def _whole(received: bytes) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    length = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"),
        0,
    )
    return len(body) >= length


def replies_in(received: bytes) -> Iterator[Reply]:
    while received:
        head, found, rest = received.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines[1:])
        headers = {name.lower(): value for name, _, value in pairs}
        length = int(headers.get("content-length", len(rest)))
        yield Reply(int(lines[0].split()[1]), headers, rest[:length])
        received = rest[length:]


@contextlib.contextmanager
def a_bridge(home: Home, *arguments: str) -> Iterator[Web]:
    """A bridge for one test; the daemon is the test's own business."""
    web = Web(home, *arguments)
    try:
        yield web
    finally:
        web.stop()
