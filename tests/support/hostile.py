"""A request before it is bytes, so that a test can bend any part of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.support.web import Web

QUESTION = {"jsonrpc": "2.0", "id": 1, "method": "flow.start", "params": {"question": "!true"}}
BODY = json.dumps(QUESTION).encode()


@dataclass(frozen=True)
class Ask:
    """A request before it is bytes; `head` in the order in which it is sent."""

    verb: str
    target: str
    head: tuple[tuple[str, str], ...]
    body: bytes = b""
    version: str = "HTTP/1.1"
    line_end: str = "\r\n"
    origin: str = ""
    token: str = field(default="", repr=False)
    cookie: str = field(default="", repr=False)

    def bytes(self) -> bytes:
        lines = [f"{self.verb} {self.target} {self.version}"]
        lines += [f"{name}: {value}" for name, value in self.head]
        text = self.line_end.join([*lines, "", ""])
        return text.encode("latin-1") + self.body

    def without(self, *names: str) -> "Ask":
        kept = [pair for pair in self.head if pair[0].lower() not in names]
        return replace(self, head=tuple(kept))

    def plus(self, *pairs: tuple[str, str]) -> "Ask":
        return replace(self, head=(*self.head, *pairs))

    def having(self, name: str, value: str) -> "Ask":
        return self.without(name.lower()).plus((name, value))

    def by_cookie(self) -> "Ask":
        return self.without("authorization").plus(("Cookie", self.cookie))


def rest(web: Web) -> Ask:
    return _ask(web, "POST", "/api/v1/flows", b'{"question":"!true"}')


def rpc(web: Web) -> Ask:
    return _ask(web, "POST", "/rpc", BODY)


def events(web: Web) -> Ask:
    return _ask(web, "GET", "/api/v1/events?after=0")


def static(web: Web) -> Ask:
    return _ask(web, "GET", "/static/index.html")


def status(web: Web) -> Ask:
    return _ask(web, "GET", "/api/v1/status")


def unknown(web: Web) -> Ask:
    return _ask(web, "GET", "/nothing/here")


def _ask(web: Web, verb: str, target: str, body: bytes = b"") -> Ask:
    head = [("Host", web.host), ("Authorization", f"Bearer {web.token}")]
    if body:
        head += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return Ask(verb, target, tuple(head), body, origin=web.origin, token=web.token, cookie=web.cookie)  # fmt: skip


Change = Callable[[Ask], Ask]


def host(value: str) -> Change:
    """`@`: the bridge's own port."""
    return lambda ask: ask.having("Host", value.replace("@", ask.origin.rpartition(":")[2]))


def plus(*pairs: tuple[str, str]) -> Change:
    return lambda ask: ask.plus(*pairs)


def cookie(*pairs: tuple[str, str]) -> Change:
    return lambda ask: ask.by_cookie().plus(*pairs)
