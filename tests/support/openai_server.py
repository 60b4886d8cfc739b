"""A server on the loopback that speaks OpenAI's wire format as Ollama, llama.cpp and vLLM do."""

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

from tests.support.embedder import direction
from tests.support.wire import HttpServer, Reply, Request, handler

KEY = "test-key-that-is-not-real"
MODEL = "llama3.2:3b"
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}

Script = Reply | Callable[["Asked"], Reply]


class Asked(Request):
    """A request, with the words in it."""

    def _said(self, role: str) -> str:
        return "\n".join(m["content"] for m in self.body["messages"] if m["role"] == role)

    @property
    def system(self) -> str:
        return self._said("system")

    @property
    def user(self) -> str:
        return self._said("user")

    @property
    def form(self) -> str:
        """How the reply's form was asked for."""
        return str((self.body.get("response_format") or {}).get("type", "plain"))


def answer(text: Any, finish: str | None = "stop", **message: Any) -> Reply:
    """A whole reply of `/chat/completions`."""
    said = {"role": "assistant", "content": text, **message}
    choice = {"index": 0, "message": said, "finish_reason": finish}
    return Reply(body=_object("chat.completion", [choice]) | {"usage": USAGE})


def decision(**fields: Any) -> Reply:
    """A whole reply whose text is a decision."""
    return answer(json.dumps(fields))


def stream(
    *pieces: str, finish: str | None = "stop", usage: bool = True, done: bool = True, **how: Any
) -> Reply:
    """Events with a piece each, then the reason for the end, what it cost, and `[DONE]`."""
    events: list[Any] = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"content": piece}) for piece in pieces]
    if finish:
        events.append(chunk({}, finish))
    if usage and finish:
        events.append(_object("chat.completion.chunk", []) | {"usage": USAGE})
    if done and finish:
        events.append(b"data: [DONE]\n\n")
    return Reply(events=tuple(events), **how)


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _object("chat.completion.chunk", [choice])


def _object(kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "c1", "object": kind, "created": 1, "model": MODEL, "choices": choices}


def error(status: int, message: str, code: Any = None, **headers: str) -> Reply:
    body = {"error": {"message": message, "type": "invalid_request_error", "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=body, headers=named)


def wrong_key() -> Reply:
    return error(401, "Incorrect API key provided.", "invalid_api_key")


def quota(retry_after: str | None = "37") -> Reply:
    headers = {"retry_after": retry_after} if retry_after else {}
    return error(429, "Rate limit reached for requests.", "rate_limit_exceeded", **headers)


def unknown_model(name: str) -> Reply:
    return error(404, f'model "{name}" not found, try pulling it first')


def blocked() -> Reply:
    """A reply that the server's filter cut."""
    return answer("", "content_filter")


def embeddings(vectors: list[list[float]]) -> Reply:
    """Out of order, as a server may give them."""
    data = [
        {"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return Reply(body={"object": "list", "data": data[::-1], "usage": usage})


@dataclass
class OpenAIServer:
    """`replies` are given one by one, then `otherwise` for ever; `requests` is what came in.

    `key` empty: it wants none. `forms`: the ways of asking for a form that it knows.
    """

    key: str = ""
    models: tuple[str, ...] = (MODEL, "qwen3:8b")
    forms: tuple[str, ...] = ("json_schema", "json_object", "plain")
    counts: bool = True
    otherwise: Script = field(default_factory=lambda: decision(type="answer", enough=False))
    replies: deque[Script] = field(default_factory=deque)
    requests: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.released = threading.Event()
        self._http = HttpServer(_handler(self))

    @property
    def base_url(self) -> str:
        return f"{self._http.url}/v1"

    @property
    def generated(self) -> list[Asked]:
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
        asked = Asked(request.method, request.path, request.headers, request.body)
        self.requests.append(asked)
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return wrong_key()
        if (request.method, request.path) == ("GET", "/v1/models"):
            return Reply(body={"object": "list", "data": [_model(name) for name in self.models]})
        if (request.method, request.path) == ("POST", "/v1/embeddings"):
            return self._embedded(asked)
        if (request.method, request.path) != ("POST", "/v1/chat/completions"):
            return Reply(status=404, raw=b"404 page not found")
        return self._complaint(asked) or self._next(asked)

    def _embedded(self, asked: Asked) -> Reply:
        if self.replies:
            return self._next(asked)
        if asked.body["model"] not in self.models:
            return unknown_model(asked.body["model"])
        length = asked.body.get("dimensions", 8)
        return embeddings([direction(text, length) for text in asked.body["input"]])

    def _complaint(self, asked: Asked) -> Reply | None:
        if asked.body["model"] not in self.models:
            return unknown_model(asked.body["model"])
        if asked.form not in self.forms:
            return error(400, f"'response_format.type' {asked.form} is not supported")
        if "stream_options" in asked.body and not self.counts:
            return error(400, "Unrecognized request argument supplied: stream_options")
        return None

    def _next(self, asked: Asked) -> Reply:
        reply = self.replies.popleft() if self.replies else self.otherwise
        return reply if isinstance(reply, Reply) else reply(asked)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1, "owned_by": "library"}


def _handler(server: OpenAIServer) -> type[BaseHTTPRequestHandler]:
    return handler(server._answer, server.released, event_end=b"\n\n")
