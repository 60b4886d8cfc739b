"""Which reasoner answers, and what the offline one does beside a model."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.config import Paths, load_config
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import SourceName
from daemon.reasoner import ContextPiece, DecisionRequest, Reply
from daemon.reasoner.choice import make_reasoner
from tests.support import gemini_server as wire
from tests.support import openai_server
from tests.support.gemini_server import KEY, GeminiServer
from tests.support.openai_server import OpenAIServer

LEAVE = ContextPiece(
    1, SourceName.DOCUMENTS, "Handbook", "leave.md", "Everybody has 30 days of vacation."
)
REQUEST = DecisionRequest("How many days of vacation do I have?", "en", (LEAVE,))


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


def made(home: Path, **environ: str) -> Any:
    environ = {"HOME": str(home), **environ}
    paths = Paths.from_environment(environ)
    return make_reasoner(load_config(paths, environ), paths, environ)


def decided(home: Path, request: DecisionRequest = REQUEST, **environ: str) -> Reply:
    async def whole() -> Reply:
        reasoner = made(home, **environ)
        try:
            reply: Reply = await reasoner.decide(request)
            return reply
        finally:
            await reasoner.close()

    return asyncio.run(whole())


def test_auto_is_gemini_with_a_key_and_offline_without(tmp_path: Path) -> None:
    assert made(tmp_path).name == "offline"
    assert made(tmp_path, GEMINI_API_KEY=KEY).name == "gemini:gemini-flash-latest"
    assert made(tmp_path, GEMINI_API_KEY=KEY, ALVO_REASONER_KIND="offline").name == "offline"


def test_the_key_may_lie_beside_the_configuration(tmp_path: Path, server: GeminiServer) -> None:
    file = tmp_path / ".config" / "alvo" / "gemini_api_key"
    file.parent.mkdir(parents=True)
    file.write_text(KEY)
    with pytest.raises(AlvoError) as caught:
        made(tmp_path)
    assert caught.value.type is errors.CONFIG_INVALID
    file.chmod(0o600)
    server.script(wire.decision(type="answer", enough=True, answer="Thirty [1]."))
    assert decided(tmp_path, ALVO_REASONER_BASE_URL=server.base_url).decision.enough


def test_gemini_without_a_key_says_so_at_each_question(tmp_path: Path) -> None:
    with pytest.raises(AlvoError) as caught:
        decided(tmp_path, ALVO_REASONER_KIND="gemini")
    assert caught.value.type is errors.REASONER_NO_KEY
    assert caught.value.blanks["key_file"].endswith(".config/alvo/gemini_api_key")


def test_a_model_that_fails_is_an_error_unless_it_may_fall_back(
    tmp_path: Path, server: GeminiServer
) -> None:
    server.otherwise = wire.quota("9s")
    environ = {"GEMINI_API_KEY": KEY, "ALVO_REASONER_BASE_URL": server.base_url}
    with pytest.raises(AlvoError) as caught:
        decided(tmp_path, **environ)
    assert caught.value.type is errors.REASONER_QUOTA
    reply = decided(tmp_path, **environ, ALVO_REASONER_FALLBACK="offline")
    assert reply.reasoner == "offline"
    assert reply.decision.answer == "Everybody has 30 days of vacation. [1]"
    assert reply.notice is not None
    assert "9 s" in reply.notice


def test_without_a_key_it_may_fall_back_too(tmp_path: Path) -> None:
    reply = decided(tmp_path, ALVO_REASONER_KIND="gemini", ALVO_REASONER_FALLBACK="offline")
    assert reply.decision.enough
    assert "no API key" in str(reply.notice)


def test_what_only_private_passages_answer_is_answered_here(
    tmp_path: Path, server: GeminiServer
) -> None:
    server.otherwise = wire.decision(type="answer", enough=False)
    request = replace(REQUEST, pieces=(replace(LEAVE, private=True),))
    reply = decided(tmp_path, request, GEMINI_API_KEY=KEY, ALVO_REASONER_BASE_URL=server.base_url)
    assert (reply.reasoner, reply.usage.calls) == ("offline", 1)
    assert reply.decision.enough
    assert reply.decision.final
    assert "30 days" not in str([sent.body for sent in server.requests])
    assert "private" in str(reply.notice)


def openai(server: OpenAIServer) -> dict[str, str]:
    return {
        "ALVO_REASONER_KIND": "openai",
        "ALVO_REASONER_BASE_URL": server.base_url,
        "ALVO_REASONER_MODEL": openai_server.MODEL,
    }


def test_a_server_on_this_machine_may_see_what_is_private(tmp_path: Path) -> None:
    request = replace(REQUEST, pieces=(replace(LEAVE, private=True),))
    with OpenAIServer() as server:
        server.script(openai_server.decision(type="answer", enough=True, answer="Thirty [1]."))
        reply = decided(tmp_path, request, **openai(server))
        assert "30 days" in server.requests[0].user
    assert (reply.reasoner, reply.notice) == ("openai:llama3.2:3b", None)
    assert (reply.usage.calls, reply.usage.tokens_in, reply.usage.tokens_out) == (1, 11, 7)


def test_a_model_that_its_server_passes_on_may_not(tmp_path: Path) -> None:
    request = replace(REQUEST, pieces=(replace(LEAVE, private=True),))
    with OpenAIServer(models=("big:cloud",)) as server:
        reply = decided(tmp_path, request, **openai(server) | {"ALVO_REASONER_MODEL": "big:cloud"})
        assert "30 days" not in str([sent.body for sent in server.requests])
    assert reply.reasoner == "offline"


def test_such_a_server_may_fall_back_too(tmp_path: Path) -> None:
    with OpenAIServer() as server:
        environ = openai(server)
    with pytest.raises(AlvoError) as caught:
        decided(tmp_path, **environ)
    assert caught.value.type is errors.REASONER_UNREACHABLE
    reply = decided(tmp_path, **environ, ALVO_REASONER_FALLBACK="offline")
    assert reply.reasoner == "offline"
    assert "cannot be reached" in str(reply.notice)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({}, "reasoner.base_url"),
        ({"ALVO_REASONER_BASE_URL": "127.0.0.1:11434"}, "reasoner.base_url"),
        ({"ALVO_REASONER_BASE_URL": "http://127.0.0.1:11434/v1"}, "reasoner.model"),
    ],
)
def test_openai_without_a_server_or_a_model_is_a_wrong_configuration(
    tmp_path: Path, given: dict[str, str], where: str
) -> None:
    with pytest.raises(AlvoError) as caught:
        made(tmp_path, ALVO_REASONER_KIND="openai", **given)
    assert caught.value.type is errors.CONFIG_INVALID
    assert caught.value.blanks["where"] == where


def test_choosing_loads_nothing_large(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib;"
        "from daemon.config import Paths, load_config;"
        "from daemon.reasoner.choice import make_reasoner;"
        f"env = {{'HOME': {str(tmp_path)!r}, 'GEMINI_API_KEY': 'k'}};"
        "paths = Paths.from_environment(env);"
        "make_reasoner(load_config(paths, env), paths, env);"
        "large = ('numpy', 'google', 'jinja2', 'httpx2', 'Stemmer', 'onnxruntime');"
        "print([m for m in sys.modules if m.split('.')[0] in large])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert printed.stdout.strip() == b"[]"
