"""OpenAI-compatible servers through the real HTTP client, against one that speaks their format."""

import asyncio
import email.utils
import json
import logging
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from daemon.models.address import server_address
from daemon.models.calls import ATTEMPTS
from daemon.models.keys import ApiKey
from daemon.models.language_model import Prompt
from daemon.models.openai import OpenAI, OpenAISettings
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.reasoner.decision import decision_schema, decode_decision
from tests.support import openai_server as wire
from tests.support.openai_server import KEY, MODEL, OpenAIServer
from tests.support.waiting import wait_until
from tests.support.wire import Reply

PROMPT = Prompt("Be brief.", "How many days of leave?")
SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["answer", "task"]},
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"a": {"type": "string"}, "kind": {"type": "string", "enum": ["x"]}},
                "required": ["a"],
            },
        },
    },
    "required": ["type"],
}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def run(
    server: OpenAIServer | None,
    use: Callable[[OpenAI], Awaitable[Any]],
    key: str = "",
    model: str = MODEL,
    timeout_s: float = 10.0,
) -> Any:
    base_url = server.base_url if server else "http://127.0.0.1:9/v1"
    settings = OpenAISettings(model, server_address(base_url), timeout_s, "the/key/file")

    async def whole() -> Any:
        made = OpenAI(settings, ApiKey(key, "the test") if key else None)
        try:
            return await use(made)
        finally:
            await made.close()

    return asyncio.run(whole())


def complete(server: OpenAIServer | None, **how: Any) -> Any:
    return run(server, lambda model: model.complete(PROMPT, SCHEMA), **how)


def streamed(server: OpenAIServer, pieces: list[str], **how: Any) -> Any:
    async def use(model: OpenAI) -> Any:
        stream = model.stream(PROMPT)
        async for piece in stream:
            pieces.append(piece)  # noqa: PERF401 (what came before an error is looked at)
        return stream.usage

    return run(server, use, **how)


def failure(call: Callable[[], Any]) -> AlvoError:
    with pytest.raises(AlvoError) as caught:
        call()
    assert KEY not in str(caught.value)
    return caught.value


def test_a_reply_comes_with_its_text_and_what_it_cost(server: OpenAIServer) -> None:
    server.script(wire.answer('{"type": "answer"}', reasoning_content="let me think"))
    completion = complete(server)
    assert completion.text == '{"type": "answer"}'
    usage = completion.usage
    assert (usage.calls, usage.tokens_in, usage.tokens_out) == (1, 11, 7)
    assert usage.took_ms > 0


def test_the_request_is_what_openai_documents(server: OpenAIServer) -> None:
    server.key = KEY
    complete(server, key=KEY)
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert (request.system, request.user) == (PROMPT.system, PROMPT.user)
    assert request.body["model"] == MODEL
    shape = request.body["response_format"]
    assert shape["type"] == "json_schema"
    assert set(shape["json_schema"]) == {"name", "strict", "schema"}
    assert "tools" not in request.body


def test_without_a_key_none_is_sent(server: OpenAIServer) -> None:
    complete(server)
    assert "authorization" not in server.requests[0].headers


def test_a_strict_server_gets_a_schema_that_leaves_nothing_out(server: OpenAIServer) -> None:
    complete(server)
    schema = server.requests[0].body["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["type", "steps"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["type"]["type"] == "string"
    assert schema["properties"]["steps"]["type"] == ["array", "null"]
    step = schema["properties"]["steps"]["items"]
    assert step["additionalProperties"] is False
    assert step["properties"]["kind"] == {"type": ["string", "null"], "enum": ["x", None]}


def test_a_decision_that_gives_null_for_what_it_leaves_out_is_understood() -> None:
    names = decision_schema()["properties"]
    reply = {**dict.fromkeys(names), "type": "answer", "enough": True, "answer": "Thirty [1]."}
    assert decode_decision(json.dumps(reply), "a model").answer == "Thirty [1]."


@pytest.mark.parametrize(
    ("forms", "asked"),
    [
        (("json_object", "plain"), ["json_schema", "json_object"]),
        (("plain",), ["json_schema", "json_object", "plain"]),
    ],
)
def test_a_server_that_knows_no_schema_is_asked_in_a_plainer_way_and_then_at_once(
    server: OpenAIServer, forms: tuple[str, ...], asked: list[str]
) -> None:
    server.forms = forms

    async def twice(model: OpenAI) -> None:
        await model.complete(PROMPT, SCHEMA)
        await model.complete(PROMPT, SCHEMA)

    run(server, twice)
    assert [request.form for request in server.requests] == [*asked, asked[-1]]
    # The shape is told in words then.
    assert json.dumps(SCHEMA) in server.requests[-1].system
    assert json.dumps(SCHEMA) not in server.requests[0].system


def test_a_server_that_refuses_every_form_is_an_error(server: OpenAIServer) -> None:
    server.forms = ()
    assert failure(lambda: complete(server)).type is errors.REASONER_FAILED
    assert len(server.requests) == 3


def test_an_answer_streams_piece_by_piece_and_says_what_it_cost(server: OpenAIServer) -> None:
    server.script(wire.stream("Thirty ", "days ", "[1]."))
    pieces: list[str] = []
    usage = streamed(server, pieces)
    assert pieces == ["Thirty ", "days ", "[1]."]
    assert (usage.calls, usage.tokens_in, usage.tokens_out) == (1, 11, 7)
    body = server.requests[0].body
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}


def test_a_server_that_cannot_count_streams_all_the_same(server: OpenAIServer) -> None:
    server.counts = False
    server.script(wire.stream("Thirty.", usage=False))
    pieces: list[str] = []
    usage = streamed(server, pieces)
    assert pieces == ["Thirty."]
    assert (usage.calls, usage.tokens_in) == (1, 0)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "reply",
    [
        wire.stream("Thirty ", "days", done=False),
        wire.stream("Thirty ", "days", done=False, drop=True),
        Reply(
            events=(*(wire.stream("Thirty days", finish=None).events or ()), b"data: [DONE]\n\n")
        ),
        Reply(
            events=(
                b": a comment\n\n",
                b"event: x\ndata:\n\n",
                *(wire.stream("Thirty days").events or ()),
            )
        ),
        wire.answer("Thirty days"),
        wire.stream("<thi", "nk>\nIs it", " 20?</th", "ink>\n\n", "Thirty ", "days"),
    ],
)
def test_a_stream_of_any_dialect_is_read_whole(server: OpenAIServer, reply: Reply) -> None:
    server.script(reply)
    pieces: list[str] = []
    streamed(server, pieces)
    assert "".join(pieces) == "Thirty days"


def test_what_a_model_thinks_aloud_is_no_part_of_its_reply(server: OpenAIServer) -> None:
    server.script(wire.answer('<think>\nhm\n</think>\n\n{"a": "<think>"}'), wire.answer("<thin"))
    assert complete(server).text == '{"a": "<think>"}'
    assert complete(server).text == "<thin"
    server.script(wire.answer("<think>for ever"))
    assert failure(lambda: complete(server)).type is errors.REASONER_CUT_OFF


def test_a_wrong_key_is_said_to_be_one(server: OpenAIServer) -> None:
    server.key = KEY
    error = failure(lambda: complete(server, key="another-key"))
    assert error.type is errors.REASONER_WRONG_KEY
    assert error.blanks["key_file"] == "the test"
    assert "another-key" not in str(error)


def test_a_server_that_wants_a_key_says_so(server: OpenAIServer) -> None:
    server.key = KEY
    error = failure(lambda: complete(server))
    assert error.type is errors.REASONER_NO_KEY
    assert (error.blanks["key_file"], error.blanks["variable"]) == (
        "the/key/file",
        "OPENAI_API_KEY",
    )


def test_an_unknown_model_is_answered_with_those_that_exist(server: OpenAIServer) -> None:
    error = failure(lambda: complete(server, model="gone:1b"))
    assert error.type is errors.REASONER_UNKNOWN_MODEL
    assert (error.blanks["model"], error.blanks["models"]) == ("gone:1b", "llama3.2:3b, qwen3:8b")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=404, body={"object": "error", "message": "The model `x` does not exist."}),
        Reply(status=404, body={"error": "model 'x' not found"}),
        wire.error(400, "no such thing", "model_not_found"),
        wire.error(400, "invalid model name"),
    ],
)
def test_each_servers_way_to_not_know_a_model_is_understood(
    server: OpenAIServer, reply: Reply
) -> None:
    server.script(reply)
    assert failure(lambda: complete(server)).type is errors.REASONER_UNKNOWN_MODEL


def test_a_404_of_another_server_is_no_unknown_model(server: OpenAIServer) -> None:
    server.script(Reply(status=404, raw=b"404 page not found"))
    error = failure(lambda: complete(server))
    assert error.type is errors.REASONER_FAILED
    assert "page not found" in error.blanks["reason"]


@pytest.mark.parametrize(
    ("reply", "low", "high"),
    [
        (wire.quota("37"), 37, 37),
        (wire.quota("0.5"), 1, 1),
        (wire.quota(email.utils.formatdate(time.time() + 3600, usegmt=True)), 3400, 3601),
        (wire.quota("Wed, 21 Oct 2015 07:28:00 GMT"), 1, 1),
        (wire.quota("soon"), 60, 60),
        (wire.quota(None), 60, 60),
        (wire.error(429, "Please try again in 12.3s."), 13, 13),
    ],
)
def test_a_used_up_quota_says_when_to_come_back(
    server: OpenAIServer, reply: Reply, low: int, high: int
) -> None:
    server.script(reply)
    error = failure(lambda: complete(server))
    assert error.type is errors.REASONER_QUOTA
    assert low <= error.blanks["retry_s"] <= high
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "type_", "reason"),
    [
        (wire.blocked(), errors.REASONER_BLOCKED, "content_filter"),
        (wire.answer(None, refusal="I may not."), errors.REASONER_BLOCKED, "I may not."),
        (wire.error(400, "filtered", "content_filter"), errors.REASONER_BLOCKED, ""),
        (wire.answer('{"type": "ans', "length"), errors.REASONER_CUT_OFF, "length"),
        (wire.answer(""), errors.REASONER_CUT_OFF, "empty"),
        (wire.answer(None), errors.REASONER_CUT_OFF, "empty"),
        (Reply(body={}), errors.REASONER_CUT_OFF, "empty"),
        (Reply(body={"choices": []}), errors.REASONER_CUT_OFF, "empty"),
        (wire.answer(None, "tool_calls"), errors.REASONER_INVALID_REPLY, "tool_calls"),
        (Reply(raw=b'{"choices": ['), errors.REASONER_INVALID_REPLY, ""),
        (Reply(raw=b"\xff\xfe\x00"), errors.REASONER_INVALID_REPLY, ""),
        (Reply(raw=b"[1, 2]"), errors.REASONER_INVALID_REPLY, ""),
        (Reply(raw=b"[" * 100_000), None, ""),
        (Reply(body={"choices": "none"}), errors.REASONER_INVALID_REPLY, ""),
        (Reply(body={"choices": [7]}), errors.REASONER_INVALID_REPLY, ""),
        (Reply(body={"choices": [{"message": "hello"}]}), None, ""),
        (wire.answer(7), errors.REASONER_INVALID_REPLY, ""),
        (Reply(body={"error": {"message": "out of memory"}}), errors.REASONER_FAILED, "memory"),
        (Reply(body={"error": {"message": "m", "code": 429}}), errors.REASONER_QUOTA, ""),
        (wire.error(403, "no"), errors.REASONER_NO_KEY, ""),
        (wire.error(400, "context too long"), errors.REASONER_FAILED, "too long"),
        (Reply(status=422, body={"detail": [{"msg": "bad"}]}), errors.REASONER_FAILED, "bad"),
        (Reply(status=302, body={}), errors.REASONER_FAILED, "302"),
        (Reply(status=413, raw=b"<html>"), errors.REASONER_FAILED, "413"),
    ],
)
def test_every_reply_that_is_no_answer_is_an_error_that_says_which(
    server: OpenAIServer, reply: Reply, type_: errors.ErrorType | None, reason: str
) -> None:
    server.script(reply)
    error = failure(lambda: complete(server))
    assert error.type.name.startswith("REASONER_")
    assert type_ is None or error.type is type_
    assert reason in str(error.blanks.get("reason", ""))


@pytest.mark.parametrize("finish", ["stop", "eos_token", "stop_sequence", None])
def test_a_whole_reply_is_whole_whatever_word_its_server_has_for_that(
    server: OpenAIServer, finish: str | None
) -> None:
    server.script(wire.answer("{}", finish))
    assert complete(server).text == "{}"


def test_a_reply_in_parts_is_put_together(server: OpenAIServer) -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "{}"}]
    server.script(wire.answer(parts))
    assert complete(server).text == "{}"


def test_a_redirect_is_not_followed(server: OpenAIServer) -> None:
    with OpenAIServer() as other:
        server.script(Reply(status=307, body={}, headers={"Location": f"{other.base_url}/x"}))
        assert failure(lambda: complete(server)).type is errors.REASONER_FAILED
        assert other.requests == []


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_a_failing_server_is_asked_again(server: OpenAIServer, code: int) -> None:
    server.script(wire.error(code, "overloaded"), wire.answer("{}"))
    assert complete(server).text == "{}"
    assert len(server.requests) == 2


def test_a_server_that_keeps_failing_is_not_asked_for_ever(server: OpenAIServer) -> None:
    server.otherwise = wire.error(503, "Loading model")
    error = failure(lambda: complete(server))
    assert error.type is errors.REASONER_FAILED
    assert "Loading model" in error.blanks["reason"]
    assert len(server.requests) == ATTEMPTS


def test_a_broken_connection_is_tried_again(server: OpenAIServer) -> None:
    server.script(Reply(drop=True), wire.answer("{}"))
    assert complete(server).text == "{}"


def test_a_refused_connection_is_unreachable() -> None:
    assert failure(lambda: complete(None)).type is errors.REASONER_UNREACHABLE


def test_a_server_that_hangs_ends_with_the_time_limit(server: OpenAIServer) -> None:
    server.otherwise = Reply(hang=True)
    start = time.monotonic()
    error = failure(lambda: complete(server, timeout_s=0.6))
    assert (error.type, error.blanks["limit"]) == (errors.REASONER_TIMEOUT, 0.6)
    assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    "reply",
    [
        wire.stream("Thirty ", "days", finish=None),
        wire.stream("Thirty ", "days", finish=None, drop=True),
        wire.stream("Thirty ", "days", finish="length"),
        Reply(
            events=(*(wire.stream("Thirty days", finish=None).events or ()), b'data: {"cho\n\n'),
        ),
    ],
)
def test_a_stream_that_breaks_off_is_cut_off_and_what_came_was_given(
    server: OpenAIServer, reply: Reply
) -> None:
    server.script(reply)
    pieces: list[str] = []
    assert failure(lambda: streamed(server, pieces)).type is errors.REASONER_CUT_OFF
    assert "".join(pieces) == "Thirty days"


def test_a_stream_that_stalls_ends_with_the_time_limit(server: OpenAIServer) -> None:
    server.script(wire.stream("Thirty ", finish=None, hang=True))
    pieces: list[str] = []
    error = failure(lambda: streamed(server, pieces, timeout_s=1.0))
    assert error.type is errors.REASONER_TIMEOUT
    assert pieces == ["Thirty "]


def test_a_stream_that_has_said_all_may_stall(server: OpenAIServer) -> None:
    server.script(wire.stream("Thirty.", usage=False, done=False, hang=True))
    pieces: list[str] = []
    streamed(server, pieces, timeout_s=0.6)
    assert pieces == ["Thirty."]


def test_an_error_in_a_stream_is_the_same_error(server: OpenAIServer) -> None:
    server.script(wire.quota("9"))
    error = failure(lambda: streamed(server, []))
    assert (error.type, error.blanks["retry_s"]) == (errors.REASONER_QUOTA, 9)
    broken = {"error": {"message": "out of memory", "code": 400}}
    server.script(Reply(events=(wire.chunk({"content": "Thirty"}), broken)))
    error = failure(lambda: streamed(server, []))
    assert (error.type, error.blanks["reason"]) == (errors.REASONER_FAILED, "400: out of memory")


def test_who_leaves_a_stream_half_way_leaves_nothing_running(server: OpenAIServer) -> None:
    server.script(wire.stream("Thirty ", finish=None, hang=True))

    async def use(model: OpenAI) -> int:
        before = len(asyncio.all_tasks())
        async with model.stream(PROMPT) as stream:
            assert await anext(stream) == "Thirty "
        return len(asyncio.all_tasks()) - before

    assert run(server, use) == 0


def test_a_call_that_is_cancelled_ends_at_once(server: OpenAIServer) -> None:
    server.otherwise = Reply(hang=True)

    async def use(model: OpenAI) -> None:
        call = asyncio.create_task(model.complete(PROMPT))
        await asyncio.to_thread(wait_until, lambda: server.requests, 5)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(call, 2)

    run(server, use)


def test_the_models_of_a_server_can_be_listed(server: OpenAIServer) -> None:
    assert run(server, lambda model: model.models()) == list(server.models)


def test_no_proxy_stands_between_it_and_a_server_on_this_machine(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    complete(server)
    assert len(server.requests) == 1


def test_the_key_shows_nowhere(server: OpenAIServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(wire.error(400, f"something about {KEY}"))
    error = failure(lambda: complete(server, key=KEY))
    assert "something about …" in error.blanks["reason"]
    made = OpenAI(OpenAISettings(MODEL, server_address("http://[::1]/v1"), 1.0), ApiKey(KEY, "x"))
    assert KEY not in repr(made) + repr(vars(made))
    assert KEY not in caplog.text


def test_importing_the_door_does_not_load_the_client() -> None:
    program = (
        "import sys, daemon.models.openai;"
        "print([m for m in sys.modules if m.startswith(('httpx', 'httpcore', 'jinja2'))])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert printed.stdout.strip() == b"[]"
