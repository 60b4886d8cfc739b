"""Every example of the JSON-RPC 2.0 specification, and its letter where it has no example."""

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.protocol import methods
from daemon.protocol.calls import (
    Nothing,
    SearchIndex,
    SearchResult,
)
from daemon.protocol.methods import Method
from daemon.protocol.values import (
    Hit,
    Ranks,
    Timestamp,
)
from daemon.rpc.binding import Bindings, Caller
from tests.support.rpc_peer import Serving, serving


async def search(_caller: Caller, params: SearchIndex) -> SearchResult:
    place = f"{params.query}, {params.k}, {params.mode}"
    hit = Hit("/a.md", "A", place, "…", 1.0, Ranks(1, None), Timestamp("2025-01-01T00:00:00.000Z"))
    return SearchResult([hit], 1.0)  # type: ignore[arg-type]


async def status(_caller: Caller, _params: Nothing) -> Any:
    return None


@pytest.fixture
def server(tmp_path: Path):
    table = Bindings()
    table.bind(methods.INDEX_SEARCH, search)
    table.bind(Method("test.nothing", Nothing, Nothing, "Gives null."), status)
    with serving(tmp_path / "alvo" / "alvo.sock", table) as running:
        yield running


def ask(server: Serving, frame: str) -> Any:
    """The reply to the frame, None for silence: a ping behind it shows that none came."""
    with server.peer() as peer:
        peer.send(frame.replace("\n", " ").encode() + b"\n")
        peer.send(b'{"jsonrpc":"2.0","method":"daemon.ping","id":"after"}\n')
        replies = [peer.line(), peer.line()] if not _silent(frame) else [peer.line()]
    after = {"jsonrpc": "2.0", "result": "pong", "id": "after"}
    replies.remove(after)
    return replies[0] if replies else None


def _silent(frame: str) -> bool:
    """Whether the table below expects nothing."""
    return any(frame == sent and expected is None for sent, expected in EXAMPLES)


def error(code: int, id_: Any = None) -> Any:
    return ("error", code, id_)


PARSE, INVALID, UNKNOWN, PARAMS = -32700, -32600, -32601, -32602

# The specification's own examples, with our methods in the place of `subtract` and `sum`.
EXAMPLES: list[tuple[str, Any]] = [
    # rpc call with positional parameters
    (
        '{"jsonrpc": "2.0", "method": "index.search", "params": ["cat", 3], "id": 1}',
        (1, "cat, 3, hybrid"),
    ),
    (
        '{"jsonrpc": "2.0", "method": "index.search", "params": ["dog", 4, "keyword"], "id": 2}',
        (2, "dog, 4, keyword"),
    ),
    # rpc call with named parameters
    (
        '{"jsonrpc": "2.0", "method": "index.search", "params": {"query": "cat", "k": 3}, "id": 3}',
        (3, "cat, 3, hybrid"),
    ),
    (
        '{"jsonrpc": "2.0", "method": "index.search", "params": {"k": 3, "query": "cat"}, "id": 4}',
        (4, "cat, 3, hybrid"),
    ),
    # a notification
    ('{"jsonrpc": "2.0", "method": "daemon.ping", "params": []}', None),
    ('{"jsonrpc": "2.0", "method": "foobar"}', None),
    # rpc call of non-existent method
    ('{"jsonrpc": "2.0", "method": "foobar", "id": "1"}', error(UNKNOWN, "1")),
    # rpc call with invalid JSON
    ('{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', error(PARSE)),
    # rpc call with invalid Request object
    ('{"jsonrpc": "2.0", "method": 1, "params": "bar"}', error(INVALID)),
    # rpc call Batch, invalid JSON
    (
        (
            '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},'
            '{"jsonrpc": "2.0", "method"]'
        ),
        error(PARSE),
    ),
    # rpc call with an empty Array
    ("[]", error(INVALID)),
    # rpc call with an invalid Batch (but not empty)
    ("[1]", [error(INVALID)]),
    # rpc call with invalid Batch
    ("[1,2,3]", [error(INVALID), error(INVALID), error(INVALID)]),
    # rpc call Batch
    (
        """[
        {"jsonrpc": "2.0", "method": "index.search", "params": ["cat", 1], "id": "1"},
        {"jsonrpc": "2.0", "method": "daemon.ping", "params": []},
        {"jsonrpc": "2.0", "method": "index.search", "params": ["dog", 2], "id": "2"},
        {"foo": "boo"},
        {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
        {"jsonrpc": "2.0", "method": "daemon.ping", "id": "9"}
        ]""",
        [
            ("1", "cat, 1, hybrid"),
            ("2", "dog, 2, hybrid"),
            error(INVALID),
            error(UNKNOWN, "5"),
            ("9", "pong"),
        ],
    ),
    # rpc call Batch (all notifications)
    (
        (
            '[{"jsonrpc": "2.0", "method": "daemon.ping", "params": []},'
            '{"jsonrpc": "2.0", "method": "daemon.ping"}]'
        ),
        None,
    ),
]

# Its letter.
LETTER: list[tuple[str, Any]] = [
    # id: a string, a number or null; the same value comes back
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":"a\\u00e7\\ud83d\\ude00"}', ("aç😀", "pong")),
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":""}', ("", "pong")),
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":null}', (None, "pong")),
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":0}', (0, "pong")),
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":-7}', (-7, "pong")),
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":1.5}', (1.5, "pong")),
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":' + "9" * 60 + "}", (int("9" * 60), "pong")),
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":true}', error(INVALID)),
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":[1]}', error(INVALID)),
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":{}}', error(INVALID)),
    # what is refused keeps an id that could be read
    ('{"jsonrpc":"1.0","method":"daemon.ping","id":8}', error(INVALID, 8)),
    ('{"method":"daemon.ping","id":8}', error(INVALID, 8)),
    ('{"jsonrpc":2.0,"method":"daemon.ping","id":8}', error(INVALID, 8)),
    ('{"jsonrpc":"2.0","id":8}', error(INVALID, 8)),
    ('{"jsonrpc":"2.0","method":null,"id":8}', error(INVALID, 8)),
    ('{"jsonrpc":"2.0","method":"daemon.ping","params":null,"id":8}', error(INVALID, 8)),
    ('{"jsonrpc":"2.0","method":"daemon.ping","params":"a","id":8}', error(INVALID, 8)),
    ('{"jsonrpc":"2.0","method":"daemon.ping","params":1,"id":"x"}', error(INVALID, "x")),
    # params may be left out, may be empty of either kind
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":1}', (1, "pong")),
    ('{"jsonrpc":"2.0","method":"daemon.ping","params":{},"id":1}', (1, "pong")),
    ('{"jsonrpc":"2.0","method":"daemon.ping","params":[],"id":1}', (1, "pong")),
    # a result of null is a result
    ('{"jsonrpc":"2.0","method":"test.nothing","id":1}', (1, None)),
    # Invalid params
    ('{"jsonrpc":"2.0","method":"daemon.ping","params":[1],"id":1}', error(PARAMS, 1)),
    ('{"jsonrpc":"2.0","method":"daemon.ping","params":{"a":1},"id":1}', error(PARAMS, 1)),
    ('{"jsonrpc":"2.0","method":"index.search","id":1}', error(PARAMS, 1)),
    ('{"jsonrpc":"2.0","method":"index.search","params":[5],"id":1}', error(PARAMS, 1)),
    ('{"jsonrpc":"2.0","method":"index.search","params":{"query":"a","k":"b"},"id":1}', error(PARAMS, 1)),
    # names that begin with rpc. are the protocol's own
    ('{"jsonrpc":"2.0","method":"rpc.nothing","id":1}', error(UNKNOWN, 1)),
    ('{"jsonrpc":"2.0","method":"","id":1}', error(UNKNOWN, 1)),
    # members that the specification does not name do not make it another thing
    ('{"jsonrpc":"2.0","method":"daemon.ping","id":1,"trace":"abc"}', (1, "pong")),
    # a batch may hold what is refused beside what is not; a batch in a batch is no request
    ('[[],{"jsonrpc":"2.0","method":"daemon.ping","id":1}]', [error(INVALID), (1, "pong")]),
    ('[{"jsonrpc":"2.0","method":5,"id":3}]', [error(INVALID, 3)]),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "expected"), EXAMPLES + LETTER)
def test_a_reply_is_what_the_specification_says(server: Serving, frame: str, expected: Any) -> None:
    reply = ask(server, frame)

    if isinstance(expected, list):
        assert len(reply) == len(expected)
        for one, wanted in zip(reply, expected, strict=True):
            _check(one, wanted)
    elif expected is None:
        assert reply is None
    else:
        _check(reply, expected)


def _check(reply: Any, expected: Any) -> None:
    assert reply["jsonrpc"] == "2.0"
    if expected[0] == "error":
        assert set(reply) == {"jsonrpc", "error", "id"}
        assert (reply["error"]["code"], reply["id"]) == expected[1:]
        assert reply["error"]["message"]
        assert {"name", "action"} <= set(reply["error"]["data"])
        return
    assert set(reply) == {"jsonrpc", "result", "id"}
    id_, value = expected
    assert reply["id"] == id_
    assert type(reply["id"]) is type(id_)
    result = reply["result"]
    assert (result["hits"][0]["place"] if isinstance(result, dict) else result) == value


def test_a_batch_of_a_thousand_is_answered_in_its_order_and_a_larger_one_refused(
    server: Serving,
) -> None:
    def batch(size: int) -> str:
        return json.dumps(
            [{"jsonrpc": "2.0", "method": "daemon.ping", "id": n} for n in range(size)]
        )

    assert [reply["id"] for reply in ask(server, batch(1000))] == list(range(1000))

    refused = ask(server, batch(1001))
    assert refused["error"]["code"] == INVALID
    assert refused["id"] is None
    assert "1000" in refused["error"]["message"]


def test_the_last_frame_needs_no_newline(server: Serving) -> None:
    with server.peer() as peer:
        peer.send(b'{"jsonrpc":"2.0","method":"daemon.ping","id":1}')
        peer.socket.shutdown(1)
        assert peer.line()["result"] == "pong"
        assert peer.line() is None


def test_white_space_around_a_frame_is_json_too(server: Serving) -> None:
    with server.peer() as peer:
        peer.send(b' \t{"jsonrpc":"2.0",\t"method":"daemon.ping" , "id":1}  \r\n')
        assert peer.line()["result"] == "pong"
