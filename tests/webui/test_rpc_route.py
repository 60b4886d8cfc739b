"""`POST /rpc`: JSON-RPC 2.0 to the letter, and only what the web may call."""

import json
from typing import Any

import pytest

import prompts
from tests.support.web import Reply, Web

PING = {"jsonrpc": "2.0", "method": "daemon.ping", "id": 1}


def asked(web: Web, body: Any) -> Reply:
    return web.call("POST", "/rpc", body)


def code(reply: Reply) -> Any:
    return reply.json["error"]["code"], reply.json["id"]


def test_a_call_gets_its_reply_with_its_id(shared: Web) -> None:
    for id_ in (1, "a", None, 1.5, "é"):
        reply = asked(shared, {**PING, "id": id_}).json
        assert reply == {"jsonrpc": "2.0", "result": "pong", "id": id_}


def test_a_body_over_several_lines_is_one_message(shared: Web) -> None:
    assert asked(shared, json.dumps(PING, indent=2).replace("\n", "\r\n").encode()).json["result"]


def test_a_notification_gets_no_reply(shared: Web) -> None:
    reply = asked(shared, {"jsonrpc": "2.0", "method": "daemon.ping"})
    assert (reply.status, reply.body) == (204, b"")
    reply = asked(shared, {"jsonrpc": "2.0", "method": "no.such.method"})
    assert (reply.status, reply.body) == (204, b"")
    # The connection to the daemon is in step still.
    assert asked(shared, PING).json["id"] == 1


def test_a_batch_gets_the_replies_that_somebody_waits_for(shared: Web) -> None:
    silent = {"jsonrpc": "2.0", "method": "daemon.ping"}
    stop = {"jsonrpc": "2.0", "method": "daemon.stop", "id": 3}
    replies = asked(shared, [PING, silent, {**PING, "id": 2}, stop, 1, {"id": 4}]).json
    by_id = {reply["id"]: reply for reply in replies}
    assert len(replies) == 5
    assert by_id[1]["result"] == by_id[2]["result"] == "pong"
    assert by_id[3]["error"]["data"]["name"] == "WEB_CALL_REFUSED"
    assert by_id[None]["error"]["code"] == by_id[4]["error"]["code"] == -32600
    assert asked(shared, [silent, silent]).status == 204
    assert asked(shared, [stop]).json[0]["error"]["data"]["name"] == "WEB_CALL_REFUSED"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", (-32700, None)),
        (b"", (-32700, None)),
        (b"\xff", (-32700, None)),
        (b'{"jsonrpc":"2.0","method":"daemon.ping","id":NaN}', (-32700, None)),
        (b'{"jsonrpc":"2.0","method":"daemon.ping","id":1e999}', (-32700, None)),
        (b'{"jsonrpc":"2.0","method":"daemon.ping","id":1,"id":2}', (-32700, None)),
        (b'{"jsonrpc":"2.0","method":"daemon.stop","method":"daemon.ping","id":1}', (-32700, None)),
        (b'{"jsonrpc":"2.0","method":"\\ud800","id":1}', (-32700, None)),
        (b'{"jsonrpc":"2.0","method":"daemon.ping","params":' + b"[" * 3000 + b"]" * 3000 + b"}", (-32700, None)),
        (b"[]", (-32600, None)),
        (b"1", (-32600, None)),
        (b"{}", (-32600, None)),
        (b'{"jsonrpc":"1.0","method":"daemon.ping","id":7}', (-32600, 7)),
        (b'{"jsonrpc":"1.0","method":"daemon.ping"}', (-32600, None)),
        (b'{"jsonrpc":"2.0","method":1,"id":7}', (-32600, 7)),
        (b'{"jsonrpc":"2.0","method":"daemon.ping","params":1,"id":7}', (-32600, 7)),
        (b'{"jsonrpc":"2.0","method":"nothing.here","id":7}', (-32601, 7)),
        (b'{"jsonrpc":"2.0","method":"flow.get","id":7}', (-32602, 7)),
        (b"[" + b"1," * 1500 + b"1]", (-32600, None)),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_as_the_specification_has_it(
    shared: Web, body: bytes, expected: tuple[int, Any]
) -> None:
    reply = asked(shared, body)
    assert reply.status == 200
    assert code(reply) == expected
    assert asked(shared, PING).json["result"] == "pong"


@pytest.mark.parametrize(
    "spelling", ['"daemon.stop"', '"d\\u0061emon.stop"', '"daemon\\u002estop"']
)
@pytest.mark.parametrize("key", ['"method"', '"m\\u0065thod"'])
def test_no_spelling_of_a_method_that_is_not_offered_gets_through(
    shared: Web, spelling: str, key: str
) -> None:
    text = f'{{"jsonrpc":"2.0",{key}:{spelling},"id":1}}'
    assert asked(shared, text.encode()).json["error"]["data"]["name"] == "WEB_CALL_REFUSED"
    assert (
        asked(shared, f"[{text}]".encode()).json[0]["error"]["data"]["name"] == "WEB_CALL_REFUSED"
    )
    silent = text.replace(',"id":1', "")
    assert asked(shared, silent.encode()).status == 204
    assert asked(shared, PING).json["result"] == "pong"


def test_sentences_come_in_the_language_that_the_browser_prefers(shared: Web) -> None:
    body = {**PING, "method": "flow.get", "params": {"flow_id": "none"}}
    for accepted, language in (
        ("pt-BR,en;q=0.5", "pt"),
        ("en,pt;q=0.9", "en"),
        ("en;q=0.2,pt;q=0.9", "pt"),
        ("fr", "en"),
        ("", "en"),
    ):
        reply = shared.call("POST", "/rpc", body, {"Accept-Language": accepted})
        sentence = prompts.sentence("FLOW_NOT_FOUND", language, flow="none")[0]
        assert reply.json["error"]["message"] == sentence


def test_a_daemon_that_is_away_is_503_and_one_that_is_back_is_found(web: Web) -> None:
    assert asked(web, PING).json["result"] == "pong"
    web.home.kill()
    reply = asked(web, PING)
    assert (reply.status, reply.error) == (503, "DAEMON_UNREACHABLE")
    assert web.ask("GET", "/health", None, {}).json == {"status": "degraded", "daemon": False}
    web.home.start()
    assert asked(web, PING).json["result"] == "pong"
    assert web.ask("GET", "/health", None, {}).status == 200
