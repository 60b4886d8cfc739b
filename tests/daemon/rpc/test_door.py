"""Bad bytes get a clear reply and harm nobody."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompts
from daemon.protocol import errors
from daemon.protocol.framing import MAX_FRAME_BYTES
from daemon.rpc import door, replies
from daemon.rpc.door import MAX_DEPTH, MAX_VALUES, Refusal, Request
from tests.support.rpc_peer import serving

GOOD = b'{"jsonrpc":"2.0","method":"daemon.ping","id":"good"}\n'

PING = b'{"jsonrpc":"2.0","method":"daemon.ping","id":1,"params":'


def nested(opening: bytes, closing: bytes, depth: int) -> bytes:
    return opening * depth + closing * depth


NOT_JSON: list[bytes] = [
    b"",
    b" ",
    b"\r",
    b"\x00",
    b"nonsense",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[,]",
    b"[1,]",
    b'{"a":1,}',
    b'{"a"}',
    b"{a:1}",
    b"{'a':1}",
    b'{"a":1} {"b":2}',
    b'"',
    b'"\t"',
    b'"\x1b[2J"',
    b'"\\x41"',
    b'"\\u12"',
    b"01",
    b"+1",
    b"1.",
    b".5",
    b"1e",
    b"0x1F",
    b"--1",
    b"1_000",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"[NaN]",
    b"1e999",
    b"-1e999",
    b"9" * 5000,
    b"nul",
    b"True",
    b"undefined",
    b"// a comment",
    b"/* a comment */ 1",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b'"\xed\xb2\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"\xe2\x82"',
    b'"\\ud800"',
    b'"\\udc00"',
    b'"\\udc00\\ud800"',
    b'"\\uD83D"',
    b'{"\\ud800":1}',
    b'[{"a":["\\udfff"]}]',
    b'{"a":1,"a":1}',
    b'{"a":1,"\\u0061":2}',
    b'[{"b":{"a":1,"a":2}}]',
    b'{"jsonrpc":"2.0","method":"daemon.ping","id":1,"id":2}',
    b'{"jsonrpc":"2.0","method":"daemon.ping","method":"daemon.stop","id":1}',
    PING + b"NaN}",
    PING + b'{"a":1,"a":2}}',
    PING + b'["\\ud800"]}',
    PING + nested(b"[", b"]", MAX_DEPTH) + b"}",
    nested(b"[", b"]", MAX_DEPTH + 1),
    nested(b"[", b"]", 100_000),
    nested(b'{"a":', b"}", 100_000)[:-100_000] + b"1" + b"}" * 100_000,
    b"[" * 1_000_000,
    b'{"a":' * 500_000,
    b"GET / HTTP/1.1",
    b"Host: localhost",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"Content-Length: 20\r",
    b"<?xml version='1.0'?>",
    b"\x93\x00\x01",
    b"$(reboot)",
    b"; DROP TABLE flows; --",
]

NO_REQUEST: list[bytes] = [
    b"1",
    b"-0",
    b"1e5",
    b"0.1",
    b"null",
    b"true",
    b"false",
    b'""',
    b'"daemon.ping"',
    b"{}",
    b"[]",
    b"[[]]",
    b"[{}]",
    b"[null]",
    b"[true]",
    b'["a"]',
    b"[[[[]]]]",
    b'{"id":1}',
    b'{"jsonrpc":"2.0"}',
    b'{"jsonrpc":"2.0","result":1,"id":1}',
    b'{"jsonrpc":"2.0","error":{"code":1,"message":""},"id":1}',
    b'{"JSONRPC":"2.0","METHOD":"daemon.ping","ID":1}',
    b'{"jsonrpc":["2.0"],"method":"daemon.ping","id":1}',
    b'{"jsonrpc":"2.0 ","method":"daemon.ping","id":1}',
    b'{"jsonrpc":"2","method":"daemon.ping","id":1}',
    b'{"jsonrpc":"2.0","method":["daemon.ping"],"id":1}',
    b'{"jsonrpc":"2.0","method":{"a":1},"id":1}',
    b'{"jsonrpc":"2.0","method":true,"id":1}',
    b'{"jsonrpc":"2.0","method":"daemon.ping","id":false}',
    b'{"jsonrpc":"2.0","method":"daemon.ping","id":{"a":1}}',
    b'{"jsonrpc":"2.0","method":"daemon.ping","params":false,"id":1}',
    b'{"jsonrpc":"2.0","method":"daemon.ping","params":0}',
    b"[" + b"1," * 1000 + b"1]",
    b"[" + b"[]," * (MAX_VALUES + 1) + b"[]]",
    PING + b"[" + b"0," * (MAX_VALUES + 1) + b"0]}",
    nested(b"[", b"]", MAX_DEPTH),
]

NO_CALL: list[bytes] = [
    b'{"jsonrpc":"2.0","method":"","id":1}',
    b'{"jsonrpc":"2.0","method":"\\u0000","id":1}',
    b'{"jsonrpc":"2.0","method":"daemon.ping\\n","id":1}',
    b'{"jsonrpc":"2.0","method":"Daemon.Ping","id":1}',
    b'{"jsonrpc":"2.0","method":"__class__","id":1}',
    b'{"jsonrpc":"2.0","method":"rpc.on","id":1}',
    b'{"jsonrpc":"2.0","method":"\\u202edaemon.ping","id":1}',
    b'{"jsonrpc":"2.0","method":"{0.__class__}","id":1}',
    b'{"jsonrpc":"2.0","method":"%s%n","id":1}',
    b'{"jsonrpc":"2.0","method":"' + b"m" * 100_000 + b'","id":1}',
    b'{"jsonrpc":"2.0","method":"x","id":"' + b"i" * 100_000 + b'"}',
    PING + b"[1,2,3]}",
    PING + b'{"":1}}',
    PING + b'{"__class__":1}}',
    PING + b'{"self":1}}',
    PING + b'{"caller":{"from_session":false}}}',
    PING + b'{"params":{}}}',
    b'{"jsonrpc":"2.0","method":"daemon.hello","id":1}',
    b'{"jsonrpc":"2.0","method":"daemon.hello","params":[],"id":1}',
    b'{"jsonrpc":"2.0","method":"daemon.hello","params":[null,null],"id":1}',
    b'{"jsonrpc":"2.0","method":"daemon.hello","params":[1,2,3,4,5,6],"id":1}',
    b'{"jsonrpc":"2.0","method":"daemon.hello","params":{"client":{},"version":[]},"id":1}',
    b'{"jsonrpc":"2.0","method":"daemon.hello","params":{"client":"a"},"id":1}',
    b'{"jsonrpc":"2.0","method":"daemon.hello","params":{"client":"a","version":"1","x":1},"id":1}',
]


def mutations() -> list[bytes]:
    """A good frame with bytes changed, cut out or doubled, always in the same way."""
    dice = random.Random(20250101)
    made = []
    while len(made) < 120:
        frame = bytearray(GOOD[:-1])
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(frame))
            match dice.randrange(3):
                case 0:
                    frame[place] = dice.choice([b for b in range(256) if b != 10])
                case 1:
                    del frame[place : place + dice.randint(1, 9)]
                case _:
                    frame[place:place] = frame[place : place + dice.randint(1, 9)]
        if isinstance(door.read(frame), Refusal):
            made.append(bytes(frame))
    return made


@pytest.mark.parametrize("frame", NOT_JSON, ids=lambda frame: repr(frame[:24]))
def test_what_is_not_json_is_a_parse_error(frame: bytes) -> None:
    refused = door.read(frame)

    assert isinstance(refused, Refusal)
    assert refused.type == errors.PARSE_ERROR
    assert refused.id is None


@pytest.mark.parametrize("frame", NO_REQUEST, ids=lambda frame: repr(frame[:24]))
def test_json_that_is_no_request_is_an_invalid_request(frame: bytes) -> None:
    read = door.read(frame)

    refusals = read if isinstance(read, list) else [read]
    for refused in refusals:
        assert isinstance(refused, Refusal)
        assert refused.type == errors.INVALID_REQUEST


def test_hostile_frames_are_answered_one_by_one_and_a_good_one_after_them(tmp_path: Path) -> None:
    frames = [*NOT_JSON, *NO_REQUEST, *NO_CALL, *mutations()]
    assert len(frames) >= 200

    with serving(tmp_path / "alvo.sock") as server, server.peer() as healthy, server.peer() as peer:
        for frame in frames:
            peer.send(frame + b"\n")
            reply = peer.line()
            for one in reply if isinstance(reply, list) else [reply]:
                assert one["error"]["code"] in range(-32702, -32599), frame[:80]
                assert "Traceback" not in json.dumps(one)
            assert healthy.ask("daemon.ping")["result"] == "pong"
        peer.send(GOOD)
        assert peer.line() == {"jsonrpc": "2.0", "result": "pong", "id": "good"}


def test_hostile_frames_all_at_once_get_a_reply_each(tmp_path: Path) -> None:
    frames = [frame for frame in [*NOT_JSON, *NO_REQUEST, *NO_CALL] if len(frame) < 10_000]

    with serving(tmp_path / "alvo.sock") as server, server.peer() as peer:
        peer.send(b"\n".join(frames) + b"\n" + GOOD)
        replies_ = [peer.line() for _ in range(len(frames) + 1)]

    assert (
        sum(reply == {"jsonrpc": "2.0", "result": "pong", "id": "good"} for reply in replies_) == 1
    )


@pytest.mark.parametrize("language", prompts.LANGUAGES)
@pytest.mark.parametrize("frame", NOT_JSON + NO_REQUEST, ids=lambda frame: repr(frame[:24]))
def test_every_refusal_is_a_whole_sentence_in_both_languages(frame: bytes, language: str) -> None:
    read = door.read(frame)
    refused = read[0] if isinstance(read, list) else read
    assert isinstance(refused, Refusal)

    message = json.loads(replies.refusal_reply(refused, language))["error"]["message"]

    assert message.endswith(".")
    assert "{" not in message
    assert "reason_" not in message
    assert message.isprintable()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)  # fmt: skip
ids = st.none() | st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(2**63), 2**63)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise(frame: bytes) -> None:
    door.read(frame)


@settings(max_examples=300, deadline=None)
@given(anything)
def test_no_json_raises_and_everything_is_a_request_or_refused(value: Any) -> None:
    read = door.read(json.dumps(value, ensure_ascii=False).encode())

    for one in read if isinstance(read, list) else [read]:
        assert isinstance(one, Request | Refusal)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.lists(anything) | st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"])), anything), ids, st.booleans())  # fmt: skip
def test_what_a_request_holds_comes_through_unchanged(
    method: str, params: Any, id_: Any, plain: bool
) -> None:
    frame = {"jsonrpc": "2.0", "method": method, "params": params, "id": id_}

    read = door.read(json.dumps(frame, ensure_ascii=plain).encode())

    assert read == Request(method, params, id_, is_notification=False)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["jsonrpc", "method", "params", "id", "x"]), anything), ids)
def test_a_readable_id_is_kept_whatever_else_is_wrong(members: dict[str, Any], id_: Any) -> None:
    read = door.read(json.dumps({**members, "id": id_}).encode())

    assert not isinstance(read, list)
    assert read.id == id_


def test_a_long_text_full_of_commas_and_braces_is_no_reason_to_refuse() -> None:
    text = '{"a,b":[1,2,"\\\\",{}],' * 200_000

    read = door.read(
        json.dumps({"jsonrpc": "2.0", "method": "x", "params": [text], "id": 1}).encode()
    )

    assert isinstance(read, Request)
    assert read.params == [text]


@pytest.mark.parametrize("body", [b"[1],", b'"a",', b"{},", b'{"a":1},', b'["\\ud83d\\ude00"],'])
def test_the_largest_hostile_frame_is_refused_quickly(body: bytes) -> None:
    import time

    frame = b"[" + body * (MAX_FRAME_BYTES // len(body) - 1) + b"1]"
    begun = time.process_time()

    refused = door.read(frame)

    assert isinstance(refused, Refusal)
    assert time.process_time() - begun < 1.0
