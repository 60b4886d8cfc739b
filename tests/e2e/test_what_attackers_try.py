"""Story: hostile documents, models, commands and clients; each is refused, shown, or bounded."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import gemini_server as wire
from tests.support.daemon import Home, Rpc, RpcError
from tests.support.gemini_server import KEY, GeminiServer

ENDED = {"executed", "failed", "denied", "interrupted", "cancelled", "answered"}


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as made:
        yield made


def with_model(home: Home, server: GeminiServer) -> Rpc:
    home.start(
        ALVO_REASONER_KIND="gemini", ALVO_REASONER_BASE_URL=server.base_url, GEMINI_API_KEY=KEY
    )
    return home.rpc()


def run(rpc: Rpc, home: Home, script: str, **more: Any) -> dict[str, Any]:
    """A command of the person's own, allowed and over."""
    flow = rpc("flow.start", question="!" + script, cwd=str(home.home), **more)
    rpc.allow(rpc.inquiry(flow["id"]))
    return rpc.follow(flow["id"], ENDED)


@pytest.mark.timeout(60)
def test_a_program_that_is_no_file_holds_no_flow_up(home: Home) -> None:
    home.start()
    os.mkfifo(home.home / "pipe")
    (home.home / "zero").symlink_to("/dev/zero")
    with (home.home / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with home.rpc() as rpc:
        for command in ("!./pipe", "!./zero", "!sh sparse", "!sh /*/*/*/*/*/*/*/*"):
            flow = rpc("flow.start", question=command, cwd=str(home.home))
            assert rpc.inquiry(flow["id"])["kind"] == "run"


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("flow.wait", {"after": 10**30, "timeout_s": 0}),
        ("flow.wait", {"after": -(10**30), "timeout_s": 0, "limit": 10**30}),
        ("flow.start", {"question": "!ls", "cwd": "/tmp\0/x"}),
        ("flow.list", {"limit": -(10**30), "before": "\0"}),
        ("index.search", {"query": "\0\"* NEAR(", "k": 10**30, "filter": "\0", "agent": "\0"}),
        ("source.add", {"kind": "documents", "location": "/\0"}),
    ],
)  # fmt: skip
def test_no_value_of_a_parameter_makes_an_error_without_a_sentence(
    home: Home, method: str, params: dict[str, Any]
) -> None:
    home.start()
    with home.rpc() as rpc:
        try:
            rpc(method, **params)
        except RpcError as error:
            assert error.name != "INTERNAL_ERROR", home.log()
