"""Story: hostile documents, models, commands and clients; each is refused, shown, or bounded."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import gemini_server as wire
from tests.support.daemon import Home, Rpc, RpcError
from tests.support.gemini_server import KEY, GeminiServer
from tests.support.waiting import wait_until

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
        ("index.search", {"query": '\0"* NEAR(', "k": 10**30, "filter": "\0", "agent": "\0"}),
        ("source.add", {"kind": "documents", "location": "/\0"}),
    ],
)  # fmt: skip
def test_no_value_of_a_parameter_makes_an_error_without_a_sentence(
    home: Home, method: str, params: dict[str, Any]
) -> None:
    home.start()
    with home.rpc() as rpc, contextlib.suppress(RpcError):
        rpc(method, **params)
    assert "reference" not in home.log()


SECRET = "canary-7f3a it's"
ASKED = {
    "information": "the password",
    "source": "USER",
    "question": "What is the password?",
    "secret": True,
    "name": "VAULT_API_KEY",
}


def test_a_secret_that_a_command_prints_reaches_no_event_no_prompt_and_no_file(
    home: Home, server: GeminiServer
) -> None:
    leaks = (
        'echo "$VAULT_API_KEY"; env; set -x; : "$VAULT_API_KEY"; set +x; printf "%s" "${VAULT_API_KEY:0:9}";'
        ' sleep 0.3; printf "%s\\n" "${VAULT_API_KEY:9}"; nope "$VAULT_API_KEY" >&2; false'
    )
    plan = [{"explanation": "leak", "script": leaks}]
    server.script(
        wire.decision(type="task", enough=False, missing=[ASKED]),
        wire.decision(type="task", enough=True, plan=plan),
        wire.decision(type="task", enough=True, plan=[{"explanation": "", "script": "true"}]),
    )
    with with_model(home, server) as rpc:
        flow = rpc("flow.start", question="Open the vault", cwd=str(home.home))
        inquiry = rpc.inquiry(flow["id"])
        rpc("inquiry.answer", inquiry_id=inquiry["id"], decision="reply", text=SECRET)
        rpc.allow(rpc.inquiry(flow["id"]))
        assert rpc.follow(flow["id"], ENDED)["error"]["name"] == "COMMAND_FAILED"
        output = rpc.output(flow["id"])
        assert "VAULT_API_KEY=" in output
        rpc("flow.retry", flow_id=flow["id"])
        rpc.inquiry(flow["id"])
        assert "canary" not in output + str(rpc.events())
    home.stop()
    for file in home.place.rglob("*"):
        if file.is_file():
            assert b"canary" not in file.read_bytes(), file
    assert not any("canary" in request.user + request.system for request in server.generated)


def test_a_password_typed_unseen_is_neither_echoed_nor_kept(home: Home) -> None:
    """The program may turn the echo off too late, or not at all, and repeat what it read."""
    home.start()
    with home.rpc() as rpc:
        script = '!echo Password:; read -r p; read -rs q; echo "got $p and $q"'
        flow = rpc("flow.start", question=script, cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        wait_until(lambda: "Password:" in rpc.output(flow["id"]))
        for text in ("open sesame\n", "hunter2\n"):
            rpc("terminal.send", flow_id=flow["id"], text=text, secret=True)
        assert rpc.follow(flow["id"], ENDED)["status"] == "executed"
        output = rpc.output(flow["id"])
        assert "got" in output
        assert "sesame" not in output
        assert "hunter" not in output
    home.stop()
    assert not [f for f in home.place.rglob("*") if f.is_file() and b"sesame" in f.read_bytes()]
