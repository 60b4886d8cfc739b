"""A server embeds, with a key that the daemon alone was given: documents and agents get vectors."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Home
from tests.support.gemini_server import KEY, MODEL, GeminiServer
from tests.support.waiting import wait_until

EMBEDDING = "gemini-embedding-001"
TEXT = """# The oven

The oven of the bakery is lit at 05:30 every morning by whoever comes first, and not later.
"""


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer(models=(MODEL, EMBEDDING)) as made:
        yield made


@pytest.fixture(params=["variable", "credential"])
def key(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """What the daemon's environment says of it."""
    if request.param == "variable":
        return {"GEMINI_API_KEY": KEY}
    (tmp_path / "gemini_api_key").write_text(KEY)
    return {"CREDENTIALS_DIRECTORY": str(tmp_path)}


def served(server: GeminiServer, key: dict[str, str]) -> dict[str, str]:
    return {
        "ALVO_EMBEDDER_KIND": "gemini",
        "ALVO_EMBEDDER_BASE_URL": server.base_url,
        "ALVO_AGENTS_NICENESS": "0",
        **key,
    }


def test_a_document_is_embedded(home: Home, server: GeminiServer, key: dict[str, str]) -> None:
    note = home.home / "oven.md"
    note.write_text(TEXT)
    home.start(**served(server, key))
    with home.rpc() as rpc:
        rpc("source.add", kind="documents", location=str(note))
        wait_until(lambda: rpc("source.list")["sources"][0]["state"] == "ready", within=30)
        (hit,) = rpc("index.search", query="oven", mode="vector")["hits"]
    assert "05:30" in hit["text"]


def test_an_agent_is_embedded(home: Home, server: GeminiServer, key: dict[str, str]) -> None:
    home.start(**served(server, key))
    with home.rpc() as rpc:
        rpc("agent.create", user_id="baker", training_data=TEXT)
        wait_until(lambda: rpc("agent.status", user_id="baker")["training"] is None, within=60)
        assert rpc("agent.status", user_id="baker")["error"] is None
        (hit,) = rpc("index.search", query="oven", mode="vector", agent="baker")["hits"]
    assert "05:30" in hit["text"]


def test_what_a_private_agent_knows_is_not(
    home: Home, server: GeminiServer, key: dict[str, str]
) -> None:
    home.start(**served(server, key))
    with home.rpc() as rpc:
        private = {"private": True}
        rpc("agent.create", user_id="baker", training_data=TEXT, config=private)
        wait_until(lambda: rpc("agent.status", user_id="baker")["training"] is None, within=60)
        assert rpc("index.search", query="oven", agent="baker")["hits"]
    assert "05:30" not in json.dumps([request.body for request in server.requests])
