"""A server on the loopback that speaks Gemini's wire format, scripted reply by reply."""

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

from tests.support import wire
from tests.support.embedder import direction
from tests.support.wire import Reply

KEY = "test-key-that-is-not-real"
MODEL = "gemini-flash-latest"


class Request(wire.Request):
    """A request, with the words in it."""

    @property
    def system(self) -> str:
        return _joined(self.body.get("systemInstruction"))

    @property
    def user(self) -> str:
        return "\n".join(_joined(content) for content in self.body.get("contents", ()))


def _joined(content: Any) -> str:
    return "".join(part.get("text", "") for part in (content or {}).get("parts", ()))


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
        body["error"]["details"] = list(details)
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


def embeddings(requests: list[dict[str, Any]]) -> Reply:
    """Not of unit length, as the real one shortens vectors."""
    texts = [wanted["content"]["parts"][0]["text"] for wanted in requests]
    lengths = [wanted["outputDimensionality"] for wanted in requests]
    vectors = map(direction, texts, lengths)
    return Reply(body={"embeddings": [{"values": vector} for vector in vectors]})


@dataclass
class GeminiServer:
    """`replies` are given one by one, then `otherwise` for ever; `requests` is what came in."""

    key: str = KEY
    models: tuple[str, ...] = (MODEL, "gemini-pro-latest")
    otherwise: Script = field(default_factory=lambda: decision(type="answer", enough=False))
    replies: deque[Script] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.released = threading.Event()
        self._http = wire.HttpServer(_handler(self))

    @property
    def base_url(self) -> str:
        return self._http.url

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
        self.released.set()
        self._http.close()

    def _answer(self, request: Request) -> Reply:
        self.requests.append(request)
        if request.headers.get("x-goog-api-key") != self.key:
            return wrong_key()
        if request.method == "GET":
            return Reply(body={"models": [_model(name) for name in self.models]})
        model, _, verb = request.path.rpartition("/models/")[2].partition(":")
        if model not in self.models:
            return unknown_model(model)
        if verb == "batchEmbedContents" and not self.replies:
            return embeddings(request.body["requests"])
        reply = self.replies.popleft() if self.replies else self.otherwise
        return reply if isinstance(reply, Reply) else reply(request)


def _model(name: str) -> dict[str, Any]:
    methods = ["generateContent", "countTokens"]
    return {"name": f"models/{name}", "version": "1", "supportedGenerationMethods": methods}


def _handler(server: GeminiServer) -> type[BaseHTTPRequestHandler]:
    def answer(request: wire.Request) -> Reply:
        return server._answer(Request(**vars(request)))

    return wire.handler(answer, server.released, event_end=b"\r\n\r\n")
