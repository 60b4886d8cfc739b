"""Gemini through the real SDK, against a server on the loopback that speaks its wire format."""

import asyncio
import logging
import pickle
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from daemon.models.calls import ATTEMPTS
from daemon.models.gemini import Gemini, GeminiSettings
from daemon.models.keys import ApiKey
from daemon.models.language_model import Prompt
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from tests.support import gemini_server as wire
from tests.support.gemini_server import KEY, MODEL, GeminiServer, Reply

PROMPT = Prompt("Be brief.", "How many days of leave?")
SCHEMA = {"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type"]}


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


def run(
    server: GeminiServer | None,
    use: Callable[[Gemini], Awaitable[Any]],
    key: str = KEY,
    **settings: Any,
) -> Any:
    base_url = server.base_url if server else "http://127.0.0.1:9"
    chosen = replace(GeminiSettings(MODEL, base_url, "v1beta", 10.0), **settings)

    async def whole() -> Any:
        model = Gemini(chosen, ApiKey(key, "the test"))
        try:
            return await use(model)
        finally:
            await model.close()

    return asyncio.run(whole())


def complete(server: GeminiServer | None, **how: Any) -> Any:
    return run(server, lambda model: model.complete(PROMPT, SCHEMA), **how)


def streamed(server: GeminiServer, pieces: list[str], **how: Any) -> Any:
    async def use(model: Gemini) -> Any:
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


def test_a_reply_comes_with_its_text_and_what_it_cost(server: GeminiServer) -> None:
    server.script(wire.answer('{"type": "answer"}', thought="let me think"))
    completion = complete(server)
    assert completion.text == '{"type": "answer"}'
    assert (completion.usage.calls, completion.usage.tokens_in, completion.usage.tokens_out) == (
        1,
        11,
        7,
    )


def test_the_request_is_what_gemini_documents(server: GeminiServer) -> None:
    complete(server)
    (request,) = server.requests
    assert request.path == f"/v1beta/models/{MODEL}:generateContent"
    assert request.headers["x-goog-api-key"] == KEY
    assert KEY not in request.path
    assert request.system == PROMPT.system
    assert request.user == PROMPT.user
    assert request.body["generationConfig"]["responseMimeType"] == "application/json"
    assert request.body["generationConfig"]["responseJsonSchema"] == SCHEMA
    assert "tools" not in request.body


def test_an_answer_streams_piece_by_piece(server: GeminiServer) -> None:
    server.script(wire.stream("Thirty ", "days ", "[1]."))
    pieces: list[str] = []
    usage = streamed(server, pieces)
    assert pieces == ["Thirty ", "days ", "[1]."]
    assert usage.tokens_in == 11
    assert server.requests[0].path == f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"


def test_a_wrong_key_is_said_to_be_one(server: GeminiServer) -> None:
    error = failure(lambda: complete(server, key="another-key"))
    assert error.type is errors.REASONER_WRONG_KEY
    assert error.blanks["key_file"] == "the test"
    assert "another-key" not in str(error)


def test_an_unknown_model_is_answered_with_those_that_exist(server: GeminiServer) -> None:
    error = failure(lambda: complete(server, model="gemini-0.1"))
    assert error.type is errors.REASONER_UNKNOWN_MODEL
    assert error.blanks["model"] == "gemini-0.1"
    assert error.blanks["models"] == "gemini-flash-latest, gemini-pro-latest"


def test_a_404_of_another_server_is_no_unknown_model(server: GeminiServer) -> None:
    server.script(Reply(status=404, raw=b"<html>nothing here</html>"))
    assert failure(lambda: complete(server)).type is errors.REASONER_FAILED


@pytest.mark.parametrize(
    ("reply", "retry_s"),
    [
        (wire.quota("37s"), 37),
        (wire.quota("0.5s"), 1),
        (wire.quota("12.3s"), 13),
        (wire.quota(None), 60),
        (wire.error(429, "RESOURCE_EXHAUSTED", "Please retry in 41.2s."), 42),
    ],
)
def test_a_used_up_quota_says_when_to_come_back(
    server: GeminiServer, reply: Reply, retry_s: int
) -> None:
    server.script(reply)
    error = failure(lambda: complete(server))
    assert error.type is errors.REASONER_QUOTA
    assert error.blanks["retry_s"] == retry_s
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "type_", "reason"),
    [
        (wire.blocked("PROHIBITED_CONTENT"), errors.REASONER_BLOCKED, "PROHIBITED_CONTENT"),
        (wire.answer(None, "SAFETY"), errors.REASONER_BLOCKED, "SAFETY"),
        (wire.answer("{", "RECITATION"), errors.REASONER_BLOCKED, "RECITATION"),
        (wire.answer('{"type": "ans', "MAX_TOKENS"), errors.REASONER_CUT_OFF, "MAX_TOKENS"),
        (wire.answer('{"type": "ans', None), errors.REASONER_CUT_OFF, "middle"),
        (wire.answer("", "STOP"), errors.REASONER_CUT_OFF, "empty"),
        (wire.answer("x", "SOMETHING_NEW"), errors.REASONER_BLOCKED, "SOMETHING_NEW"),
        (Reply(body={}), errors.REASONER_CUT_OFF, "middle"),
        (Reply(raw=b'{"candidates": ['), errors.REASONER_INVALID_REPLY, ""),
        (Reply(raw=b"\xff\xfe\x00"), errors.REASONER_INVALID_REPLY, ""),
        (Reply(raw=b"[1, 2]"), None, ""),
        (Reply(body={"candidates": "none"}), None, ""),
        (Reply(body={"candidates": [{"content": {"parts": [{"text": 7}]}}]}), None, ""),
        (wire.error(403, "PERMISSION_DENIED", "no"), errors.REASONER_WRONG_KEY, ""),
        (wire.error(400, "INVALID_ARGUMENT", "too long"), errors.REASONER_FAILED, "too long"),
        (Reply(status=302, body={}), errors.REASONER_FAILED, ""),
        (Reply(status=413, raw=b"<html>"), errors.REASONER_FAILED, "413"),
    ],
)
def test_every_reply_that_is_no_answer_is_an_error_that_says_which(
    server: GeminiServer, reply: Reply, type_: errors.ErrorType | None, reason: str
) -> None:
    server.script(reply)
    error = failure(lambda: complete(server))
    assert error.type.name.startswith("REASONER_")
    assert type_ is None or error.type is type_
    assert reason in str(error.blanks.get("reason", ""))


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_a_failing_server_is_asked_again(server: GeminiServer, code: int) -> None:
    server.script(wire.error(code, "UNAVAILABLE", "overloaded"), wire.answer("{}"))
    assert complete(server).text == "{}"
    assert len(server.requests) == 2


def test_a_server_that_keeps_failing_is_not_asked_for_ever(server: GeminiServer) -> None:
    server.otherwise = wire.error(503, "UNAVAILABLE", "The model is overloaded.")
    error = failure(lambda: complete(server))
    assert error.type is errors.REASONER_FAILED
    assert "overloaded" in error.blanks["reason"]
    assert len(server.requests) == ATTEMPTS


def test_a_broken_connection_is_tried_again(server: GeminiServer) -> None:
    server.script(Reply(drop=True), wire.answer("{}"))
    assert complete(server).text == "{}"


def test_a_refused_connection_is_unreachable() -> None:
    assert failure(lambda: complete(None)).type is errors.REASONER_UNREACHABLE


def test_a_server_that_hangs_ends_with_the_time_limit(server: GeminiServer) -> None:
    server.otherwise = Reply(hang=True)
    run(server, lambda model: model._open())  # loading the SDK is not what is measured
    start = time.monotonic()
    error = failure(lambda: complete(server, timeout_s=0.6))
    assert error.type is errors.REASONER_TIMEOUT
    assert error.blanks["limit"] == 0.6
    assert time.monotonic() - start < 3


def test_a_stream_that_breaks_off_is_cut_off_and_what_came_was_given(
    server: GeminiServer,
) -> None:
    for reply in (
        wire.stream("Thirty ", "days", finish=None),
        wire.stream("Thirty ", "days", finish=None, drop=True),
        wire.stream("Thirty ", "days", finish="MAX_TOKENS"),
        replace(
            wire.stream("Thirty "),
            events=(
                *(wire.stream("Thirty ", "days", finish=None).events or ()),
                b'data: {"cand\r\n\r\n',
            ),
        ),
    ):
        server.script(reply)
        pieces: list[str] = []
        assert failure(lambda: streamed(server, pieces)).type is errors.REASONER_CUT_OFF  # noqa: B023
        assert "".join(pieces) == "Thirty days"


def test_a_stream_that_stalls_ends_with_the_time_limit(server: GeminiServer) -> None:
    server.script(wire.stream("Thirty ", finish=None, hang=True))
    pieces: list[str] = []
    error = failure(lambda: streamed(server, pieces, timeout_s=1.0))
    assert error.type is errors.REASONER_TIMEOUT
    assert pieces == ["Thirty "]


def test_an_error_in_a_stream_is_the_same_error(server: GeminiServer) -> None:
    server.script(wire.quota("9s"))
    error = failure(lambda: streamed(server, []))
    assert (error.type, error.blanks["retry_s"]) == (errors.REASONER_QUOTA, 9)
    server.script(wire.blocked("SAFETY"))
    server.script(Reply(events=(wire.blocked("SAFETY").body,)))
    assert failure(lambda: streamed(server, [])).type is errors.REASONER_BLOCKED


def test_who_leaves_a_stream_half_way_leaves_nothing_running(server: GeminiServer) -> None:
    server.script(wire.stream("Thirty ", finish=None, hang=True))

    async def use(model: Gemini) -> int:
        before = len(asyncio.all_tasks())
        async with model.stream(PROMPT) as stream:
            assert await anext(stream) == "Thirty "
        return len(asyncio.all_tasks()) - before

    assert run(server, use) == 0


def test_a_call_that_is_cancelled_ends_at_once(server: GeminiServer) -> None:
    server.otherwise = Reply(hang=True)

    async def use(model: Gemini) -> None:
        await model._open()
        call = asyncio.create_task(model.complete(PROMPT))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(call, 2)

    run(server, use)


def test_the_models_of_a_key_can_be_listed(server: GeminiServer) -> None:
    assert run(server, lambda model: model.models()) == list(server.models)


def test_the_environment_cannot_turn_it_to_another_service(
    server: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_API_KEY", "from-the-environment")
    complete(server)
    assert server.requests[0].headers["x-goog-api-key"] == KEY


def test_the_key_shows_nowhere(server: GeminiServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(wire.error(400, "INVALID_ARGUMENT", f"something about {KEY}"))
    error = failure(lambda: complete(server))
    assert "something about …" in error.blanks["reason"]
    key = ApiKey(KEY, "the test")
    gemini = Gemini(GeminiSettings(MODEL, "", "", 1.0), key)
    assert KEY not in repr(key) + str(key) + repr(gemini) + repr(gemini.__dict__)
    assert KEY not in caplog.text
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_importing_the_door_does_not_load_the_sdk() -> None:
    program = (
        "import sys, daemon.models.gemini;"
        "print([m for m in sys.modules if m.startswith(('google', 'httpx', 'pydantic'))])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert printed.stdout.strip() == b"[]"
