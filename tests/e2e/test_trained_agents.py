"""A person sends training data, waits for `ready`, and asks; every answer is from that data."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.daemon import Home, Rpc, RpcError
from tests.support.waiting import wait_until

FLASK = """# Flask

Sou especialista em Python. Para criar uma API Flask, instale o pacote flask e escreva
app = Flask(__name__) em um arquivo app.py.

# Testes

Os testes do projeto rodam com pytest, sempre antes de cada entrega.
"""


def trained(rpc: Rpc, user_id: str, within: float = 60.0) -> dict[str, Any]:
    """The agent, once nothing of it is being trained."""

    def rests() -> dict[str, Any] | None:
        agent: dict[str, Any] = rpc("agent.status", user_id=user_id)
        return agent if agent["training"] is None else None

    found: dict[str, Any] = wait_until(rests, within)
    return found


@pytest.fixture
def rpc(home: Home) -> Iterator[Rpc]:
    # As any other process: a test must not wait for everybody else on the machine.
    home.environ["ALVO_AGENTS_NICENESS"] = "0"
    home.start()
    with home.rpc() as connection:
        yield connection


def test_the_sequence_of_the_seed(rpc):
    created = rpc("agent.create", user_id="python_expert", training_data=FLASK)
    assert created["status"] == "created"
    assert rpc("agent.status", user_id="python_expert")["status"] in ("initializing", "processing")
    agent = trained(rpc, "python_expert")
    assert (agent["status"], agent["version"], agent["languages"]) == ("ready", 1, ["pt"])
    said = rpc("agent.infer", user_id="python_expert", prompt="Como criar uma API Flask?")
    assert "app = Flask(__name__)" in said["response"]
    assert said["timestamp"].endswith("Z")
    assert [one["location"] for one in said["citations"]] == ["python_expert#Flask"]


def test_an_agent_that_is_not_there_or_not_ready_is_a_clear_error(rpc):
    with pytest.raises(RpcError) as missing:
        rpc("agent.infer", user_id="nobody", prompt="Anyone?")
    assert missing.value.name == "AGENT_NOT_FOUND"
    rpc("agent.create", user_id="late", training_data=FLASK)
    with pytest.raises(RpcError) as early:
        rpc("agent.infer", user_id="late", prompt="Ready?")
    assert early.value.name == "AGENT_NOT_READY"
    with pytest.raises(RpcError) as flow:
        rpc("flow.start", question="Ready?", agent="late")
    assert flow.value.name == "AGENT_NOT_READY"


def test_twice_the_same_name_is_refused_and_the_way_to_add_data_is_named(rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    with pytest.raises(RpcError) as twice:
        rpc("agent.create", user_id="a", training_data=FLASK)
    assert twice.value.name == "AGENT_EXISTS"
    assert "alvo agents add a" in twice.value.data["action"]
