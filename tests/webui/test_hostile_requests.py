"""Requests of pages, programs and users that have no business here: refused, on every route alike."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.hostile import (
    Ask,
    Change,
    cookie,
    events,
    host,
    plus,
    rest,
    rpc,
    static,
    unknown,
)
from tests.support.web import Reply, Web

EVERYWHERE: dict[str, Change] = {
    # Rebinding: the address is ours, the name is not.
    "foreign host": host("evil.example"),
    "foreign host with our port": host("evil.example:@"),
    "another port": host("127.0.0.1:1"),
    "no port": host("127.0.0.1"),
    "our name in theirs": host("127.0.0.1.evil.example:@"),
    "our name as a user": host("127.0.0.1:@@evil.example"),
    "all addresses": host("0.0.0.0:@"),
    "a short spelling": host("127.1:@"),
    "a number": host("2130706433:@"),
    "mapped": host("[::ffff:127.0.0.1]:@"),
    "a dot at the end": host("localhost.:@"),
    "a space in the host": host("127.0.0.1 :@"),
    "an empty host": host(""),
    "no host": lambda ask: ask.without("host"),
    "two hosts": plus(("Host", "evil.example")),
    "the same host twice": lambda ask: ask.plus(ask.head[0]),
    "a forwarded host": lambda ask: ask.having("Host", "evil.example").plus(
        ("X-Forwarded-Host", ask.head[0][1])
    ),
    # Pages of others.
    "foreign origin": plus(("Origin", "http://evil.example")),
    "origin null": plus(("Origin", "null")),
    "an empty origin": plus(("Origin", "")),
    "origin of another port": plus(("Origin", "http://127.0.0.1:1")),
    "origin of another scheme": lambda ask: ask.plus(("Origin", f"https{ask.origin[4:]}")),
    "origin of another name of ours": lambda ask: ask.plus(
        ("Origin", ask.origin.replace("127.0.0.1", "localhost"))
    ),
    "our origin and a foreign one": lambda ask: ask.plus(
        ("Origin", ask.origin), ("Origin", "http://evil.example")
    ),
    "a foreign origin that begins as ours": lambda ask: ask.plus(
        ("Origin", f"{ask.origin}.evil.example")
    ),
    "cross-site": plus(("Sec-Fetch-Site", "cross-site")),
    "same-site: another port": plus(("Sec-Fetch-Site", "same-site")),
    "two words on the site": plus(("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "none")),
    # Without a login.
    "nothing": lambda ask: ask.without("authorization"),
    "a wrong token": lambda ask: ask.having("Authorization", "Bearer wrong"),
    "a longer token": lambda ask: ask.having("Authorization", f"Bearer {ask.token}x"),
    "a shorter token": lambda ask: ask.having("Authorization", f"Bearer {ask.token[:-1]}"),
    "an empty token": lambda ask: ask.having("Authorization", "Bearer "),
    "a token without its scheme": lambda ask: ask.having("Authorization", ask.token),
    "a token of another scheme": lambda ask: ask.having("Authorization", f"Basic {ask.token}"),
    "two tokens, the first right": plus(("Authorization", "Bearer wrong")),
    "the same token twice": lambda ask: ask.plus(ask.head[1]),
    "a token in the address": lambda ask: replace(
        ask.without("authorization"), target=f"{ask.target}?token={ask.token}"
    ),
    "a token as cookie": lambda ask: ask.without("authorization").plus(
        ("Cookie", f"{ask.cookie.partition('=')[0]}={ask.token}"), ("Origin", ask.origin)
    ),
    "a wrong cookie": lambda ask: ask.without("authorization").plus(
        ("Cookie", f"{ask.cookie.partition('=')[0]}=wrong"), ("Origin", ask.origin)
    ),
    "a cookie alone": cookie(),
    "a cookie from another page": cookie(("Origin", "http://evil.example")),
    "a cookie from another port": cookie(("Sec-Fetch-Site", "same-site")),
    "a cookie twice": lambda ask: ask.by_cookie().plus(
        ("Cookie", ask.cookie), ("Origin", ask.origin)
    ),
    "a cookie with two values": lambda ask: ask.without("authorization").plus(
        ("Cookie", f"{ask.cookie}; {ask.cookie}"), ("Origin", ask.origin)
    ),
    "a cookie of another port's name": lambda ask: ask.without("authorization").plus(
        ("Cookie", f"alvo_1={ask.cookie.partition('=')[2]}"), ("Origin", ask.origin)
    ),
    "a wrong token beside a right cookie": lambda ask: ask.by_cookie().plus(
        ("Authorization", "Bearer wrong"), ("Origin", ask.origin)
    ),
    # Other forms of a request.
    "absolute-form": lambda ask: replace(ask, target=f"{ask.origin}{ask.target}"),
    "absolute-form of another": lambda ask: replace(ask, target=f"http://evil.example{ask.target}"),
    "two slashes": lambda ask: replace(ask, target=f"/{ask.target}"),
    "a backslash": lambda ask: replace(ask, target=f"/\\{ask.target[1:]}"),
    "letters beyond ASCII": lambda ask: replace(ask, target=f"{ask.target}é"),
    "a fragment's sign and a space": lambda ask: replace(ask, target=f"{ask.target} x"),
    "CONNECT": lambda ask: replace(ask, verb="CONNECT", target="evil.example:443"),
    "OPTIONS *": lambda ask: replace(ask, verb="OPTIONS", target="*"),
    "TRACE": lambda ask: replace(ask, verb="TRACE"),
    "a verb that nobody knows": lambda ask: replace(ask, verb="BREW"),
    "a verb in small letters": lambda ask: replace(ask, verb=ask.verb.lower()),
    "a preflight": lambda ask: replace(
        ask.without("authorization").plus(
            ("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST")
        ),
        verb="OPTIONS",
    ),
    "an upgrade to WebSocket": plus(
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ),
    "an upgrade to HTTP/2": plus(
        ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAA")
    ),
    "HTTP/0.9": lambda ask: replace(ask, version="", head=()),
    "HTTP/2.0": lambda ask: replace(ask, version="HTTP/2.0"),
    "HTTP/3.7": lambda ask: replace(ask, version="HTTP/3.7"),
    # Where a message ends.
    "both lengths": plus(("Transfer-Encoding", "chunked"), ("Content-Length", "5")),
    "two lengths": plus(("Content-Length", "5"), ("Content-Length", "50")),
    "a negative length": lambda ask: ask.having("Content-Length", "-1"),
    "a length with a sign": lambda ask: ask.having("Content-Length", "+5"),
    "a length in hexadecimal": lambda ask: ask.having("Content-Length", "0x10"),
    "chunked under another name": plus(("Transfer-Encoding", "xchunked")),
    "chunked twice": lambda ask: ask.without("content-length").plus(
        ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")
    ),
    "compressed and chunked": lambda ask: ask.without("content-length").plus(
        ("Transfer-Encoding", "gzip, chunked")
    ),
    "a chunk of no size": lambda ask: replace(
        ask.without("content-length").plus(("Transfer-Encoding", "chunked")), body=b"zz\r\n{}\r\n0\r\n\r\n"
    ),
    "a compressed body": lambda ask: ask.plus(("Content-Encoding", "gzip")),
    # Headers.
    "a space before the colon": lambda ask: ask.plus(("X-Odd ", "1")),
    "a folded header": lambda ask: ask.plus(("X-Odd", "1\r\n 2")),
    "a NUL in a header": lambda ask: ask.plus(("X-Odd", "a\0b")),
    "a header that is no header": lambda ask: ask.plus(("no colon\r\nX-Odd", "1")),
    "a bare carriage return": lambda ask: ask.plus(("X-Odd", "a\rHost: evil.example")),
    "a very long header": lambda ask: ask.plus(("X-Odd", "x" * 10_000)),
    "a hundred headers": lambda ask: ask.plus(*((f"X-{n}", "1") for n in range(100))),
    "a long address": lambda ask: replace(ask, target=f"{ask.target}?x={'x' * 5_000}"),
    "a very long address": lambda ask: replace(ask, target=f"/{'x' * 100_000}"),
}  # fmt: skip

WITH_A_BODY: dict[str, Change] = {
    "a form's text": lambda ask: ask.having("Content-Type", "text/plain"),
    "a form": lambda ask: ask.having("Content-Type", "application/x-www-form-urlencoded"),
    "a form with files": lambda ask: ask.having("Content-Type", "multipart/form-data; boundary=x"),
    "no type": lambda ask: ask.without("content-type"),
    "two types": lambda ask: ask.plus(("Content-Type", "text/plain")),
    "two types in one": lambda ask: ask.having("Content-Type", "application/json, text/plain"),
    "another charset": lambda ask: ask.having("Content-Type", "application/json; charset=utf-16"),
    "a form from a page of ours": lambda ask: (
        ask.by_cookie().having("Content-Type", "text/plain").plus(("Origin", ask.origin))
    ),
    "a cookie without an origin": cookie(("Sec-Fetch-Site", "same-origin")),
    "a strange expectation": lambda ask: ask.plus(("Expect", "the unexpected")),
    "a body beyond every limit": lambda ask: ask.having("Content-Length", str(1 << 40)),
}

WITHOUT_A_BODY: dict[str, Change] = {
    "a body where none belongs": lambda ask: replace(ask.plus(("Content-Length", "2")), body=b"{}"),
    "chunks where none belong": lambda ask: replace(
        ask.plus(("Transfer-Encoding", "chunked")), body=b"2\r\n{}\r\n0\r\n\r\n"
    ),
}

CASES = [
    pytest.param(route, change, id=f"{route.__name__}: {name}")
    for route in (rest, rpc, events, static, unknown)
    for name, change in (EVERYWHERE | (WITH_A_BODY if route in (rest, rpc) else WITHOUT_A_BODY)).items()
]  # fmt: skip


@pytest.mark.parametrize(("route", "change"), CASES)
def test_it_is_refused_and_nothing_comes_of_it(
    shared: Web, route: Callable[[Web], Ask], change: Change
) -> None:
    found = shared.raw(change(route(shared)).bytes(), within=10)
    assert len(found) <= 1, "what followed a refused request was taken for another one"
    for reply in found:
        refused_properly(reply)


def test_nothing_had_come_of_any_of_them(shared: Web) -> None:
    assert shared.rpc("flow.list") == {"flows": []}
    assert shared.process.poll() is None
    assert '"level": "error"' not in shared.log()


def refused_properly(reply: Reply) -> None:
    assert 400 <= reply.status < 500
    assert "access-control-allow-origin" not in reply.headers
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert set(reply.json["error"]) >= {"code", "name", "message", "action"}
    # By the door, and not by what lies behind it.
    assert reply.error.startswith("WEB_")
    assert reply.error != "WEB_NOT_FOUND"


@pytest.mark.parametrize("route", [rest, rpc, events, static], ids=lambda route: route.__name__)
def test_the_same_request_unchanged_is_served(shared: Web, route: Callable[[Web], Ask]) -> None:
    ask = route(shared)
    if ask.body:
        ask = replace(ask, body=ask.body.replace(b"!true", b"     "))
    head = shared.raw(ask.bytes(), within=1)[0]
    assert head.status < 300 or head.status == 422
