"""A server of a model, or whoever stands before it, can neither fill the memory nor get the key."""

import asyncio
import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx2
import pytest

from daemon.models import http

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    servers: list[tuple[HTTPServer, threading.Thread]] = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *_: object) -> None: ...

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def get(url: str) -> httpx2.Response:
    async def ask() -> httpx2.Response:
        async with http.open_client(10.0, environment=False) as client:
            response: httpx2.Response = await client.get(url, headers={"x-goog-api-key": "k"})
            return response

    return asyncio.run(ask())


def send(handler: BaseHTTPRequestHandler, data: bytes, **headers: str) -> None:
    handler.send_response(int(headers.pop("status", "200")))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


def test_a_reply_without_an_end_is_left(serve: Callable[[Answer], str]) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        try:
            send(handler, b"")
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            handler.close_connection = True

    with pytest.raises(httpx2.DecodingError, match="larger"):
        get(serve(endless))


def test_a_reply_that_unfolds_is_not_unfolded(serve: Callable[[Answer], str]) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    seen: list[str | None] = []

    def unfold(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["accept-encoding"])
        send(handler, bomb, content_encoding="gzip")

    with pytest.raises(httpx2.DecodingError, match="compressed"):
        get(serve(unfold))
    assert seen == ["identity"]


def test_a_key_does_not_go_along_to_another_server(serve: Callable[[Answer], str]) -> None:
    came: list[str] = []
    other = serve(lambda handler: (came.append(handler.path), send(handler, b""))[1])
    first = serve(lambda handler: send(handler, b"", status="307", location=f"{other}/stolen"))
    assert get(first).status_code == 307
    assert came == []


def test_an_ordinary_reply_is_read_whole(serve: Callable[[Answer], str]) -> None:
    assert get(serve(lambda handler: send(handler, b"{}" * 100_000))).content == b"{}" * 100_000
