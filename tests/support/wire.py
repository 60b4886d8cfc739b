"""The HTTP below the scripted model servers: whole replies, events, hangs and broken connections."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """What is sent: a status with a body, or events; then perhaps a hang or a broken connection."""

    status: int = 200
    body: Any = None
    raw: bytes | None = None
    events: tuple[Any, ...] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False


class HttpServer(ThreadingHTTPServer):
    """Serves on a free port of the loopback from its beginning until `close`."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)

    # A client that goes away in the middle is what some tests do.
    def handle_error(self, request: Any, client_address: Any) -> None: ...


def handler(
    answer: Callable[[Request], Reply], released: threading.Event, event_end: bytes
) -> type[BaseHTTPRequestHandler]:
    """`released`: ends the hangs. `event_end`: what stands between two events."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def log_message(self, *_: Any) -> None: ...

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            text = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(text) if text else None
            reply = answer(Request(self.command, self.path, headers, body))
            if reply.hang and reply.events is None:
                released.wait(60)
                self.close_connection = True
            elif reply.drop and reply.events is None:
                self._reset()
            elif reply.events is not None:
                self._send_events(reply)
            else:
                self._send_whole(reply)

        def _send_whole(self, reply: Reply) -> None:
            data = reply.raw if reply.raw is not None else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(data)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _send_events(self, reply: Reply) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in reply.events or ():
                text = event if isinstance(event, bytes) else b"data: " + json.dumps(event).encode()
                self._chunk(text if isinstance(event, bytes) else text + event_end)
            if reply.hang:
                released.wait(60)
            if reply.drop:
                self._reset()
            else:
                self._chunk(b"")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def _reset(self) -> None:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True

    return Handler
