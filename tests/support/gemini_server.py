"""A server on the loopback that speaks Gemini's wire format, scripted reply by reply."""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

KEY = "test-key-that-is-not-real"
MODEL = "gemini-flash-latest"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any

    @property
    def system(self) -> str:
        return _joined(self.body.get("systemInstruction"))

    @property
    def user(self) -> str:
        return "\n".join(_joined(content) for content in self.body.get("contents", ()))


def _joined(content: Any) -> str:
    return "".join(part.get("text", "") for part in (content or {}).get("parts", ()))


@dataclass(frozen=True)
class Reply:
    """What is sent: a status with a body, or events; then perhaps a hang or a broken connection."""

    status: int = 200
    body: Any = None
    raw: bytes | None = None
    events: tuple[Any, ...] | None = None
    hang: bool = False
    drop: bool = False


Script = Reply | Callable[[Request], Reply]


def candidate(text: str | None, finish: str | None = "STOP", thought: str = "") -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    if thought:
        parts.append({"text": thought, "thought": True})
    if text is not None:
        parts.append({"text": text})
    found: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
    if finish:
        found["finishReason"] = finish
    return found


def answer(text: str | None, finish: str | None = "STOP", thought: str = "") -> Reply:
    """A whole reply of `generateContent`."""
    return Reply(body=_generated(candidate(text, finish, thought)))


def decision(**fields: Any) -> Reply:
    """A whole reply whose text is a decision."""
    return answer(json.dumps(fields))


def stream(*pieces: str, finish: str | None = "STOP", **how: Any) -> Reply:
    """The events of `streamGenerateContent?alt=sse`; the last one says why it ends."""
    last = len(pieces) - 1
    events = tuple(
        _generated(candidate(piece, finish if n == last else None))
        for n, piece in enumerate(pieces)
    )
    return Reply(events=events, **how)


def _generated(*candidates: dict[str, Any]) -> dict[str, Any]:
    return {
        "candidates": list(candidates),
        "usageMetadata": {
            "promptTokenCount": 11,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 2,
            "totalTokenCount": 18,
        },
        "modelVersion": MODEL,
        "responseId": "r1",
    }


def blocked(reason: str = "PROHIBITED_CONTENT") -> Reply:
    """A prompt that was refused: no candidates at all."""
    return Reply(
        body={"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 11}}
    )


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> Reply:
    body = {"error": {"code": code, "message": message, "status": status}}
    if details:
        body["error"]["details"] = list(details)  # type: ignore[assignment]
    return Reply(status=code, body=body)


def wrong_key() -> Reply:
    return error(
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        },
    )


def quota(retry_delay: str | None = "37s") -> Reply:
    details: list[dict[str, Any]] = [{"@type": "type.googleapis.com/google.rpc.QuotaFailure"}]
    if retry_delay:
        details.append(
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry_delay}
        )
    return error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", *details)


def unknown_model(name: str) -> Reply:
    return error(
        404,
        "NOT_FOUND",
        f"models/{name} is not found for API version v1beta, or is not supported for "
        "generateContent. Call ListModels to see the list of available models.",
    )


@dataclass
class GeminiServer:
    """`replies` are given one by one, then `otherwise` for ever; `requests` is what came in."""

    key: str = KEY
    models: tuple[str, ...] = (MODEL, "gemini-pro-latest")
    otherwise: Script = field(default_factory=lambda: decision(type="answer", enough=False))
    replies: deque[Script] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._released = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def generated(self) -> list[Request]:
        """The requests for text, without those for the list of models."""
        return [request for request in self.requests if request.method == "POST"]

    def script(self, *replies: Script) -> Self:
        self.replies.extend(replies)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def _answer(self, request: Request) -> Reply:
        self.requests.append(request)
        if request.headers.get("x-goog-api-key") != self.key:
            return wrong_key()
        if request.method == "GET":
            return Reply(body={"models": [_model(name) for name in self.models]})
        model = request.path.rpartition("/models/")[2].partition(":")[0]
        if model not in self.models:
            return unknown_model(model)
        reply = self.replies.popleft() if self.replies else self.otherwise
        return reply if isinstance(reply, Reply) else reply(request)


def _model(name: str) -> dict[str, Any]:
    methods = ["generateContent", "countTokens"]
    return {"name": f"models/{name}", "version": "1", "supportedGenerationMethods": methods}


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    # A client that goes away in the middle is what some tests do.
    def handle_error(self, request: Any, client_address: Any) -> None: ...


def _handler(server: GeminiServer) -> type[BaseHTTPRequestHandler]:
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
            reply = server._answer(Request(self.command, self.path, headers, body))
            if reply.hang and reply.events is None:
                server._released.wait(60)
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
            self.end_headers()
            self.wfile.write(data)

        def _send_events(self, reply: Reply) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in reply.events or ():
                text = event if isinstance(event, bytes) else b"data: " + json.dumps(event).encode()
                self._chunk(text if isinstance(event, bytes) else text + b"\r\n\r\n")
            if reply.hang:
                server._released.wait(60)
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
