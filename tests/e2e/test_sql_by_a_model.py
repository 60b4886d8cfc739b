"""Story: a model writes SQL, right at once or wrong at first; a private database stays here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import gemini_server
from tests.support import openai_server as wire
from tests.support.daemon import Home, Rpc
from tests.support.databases import made
from tests.support.gemini_server import GeminiServer
from tests.support.openai_server import MODEL, OpenAIServer
from tests.support.wire import Reply

ENDED = {"executed", "failed", "denied", "interrupted", "cancelled", "answered"}
ENOUGH = {"type": "answer", "enough": True, "sources": ["DATABASE"]}
ASKED = "How many customers live in Recife?"
SHOP = """CREATE TABLE customer (id INTEGER PRIMARY KEY, customer_name TEXT, city TEXT);
INSERT INTO customer VALUES (1, 'Ana', 'Recife'), (2, 'Beatriz', 'Recife'), (3, 'Caio', 'Natal')"""
NOT_ENOUGH = wire.decision(
    type="answer",
    enough=False,
    missing=[{"information": "number of customers in Recife", "source": "DATABASE"}],
)


def wrote(sql: str) -> Reply:
    return wire.decision(database="shop", sql=sql)


COUNTED = wrote("SELECT count(*) FROM customer WHERE city = 'Recife'")


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as made:
        yield made


def start(home: Home, server: OpenAIServer, **environ: str) -> Rpc:
    given = {
        "ALVO_REASONER_KIND": "openai",
        "ALVO_REASONER_BASE_URL": server.base_url,
        "ALVO_REASONER_MODEL": MODEL,
    }
    home.start(**(given | environ))
    return home.rpc()


def start_remote(home: Home, server: GeminiServer, **environ: str) -> Rpc:
    """Gemini counts as elsewhere, wherever its server is."""
    given = {
        "ALVO_REASONER_KIND": "gemini",
        "ALVO_REASONER_BASE_URL": server.base_url,
        "GEMINI_API_KEY": gemini_server.KEY,
    }
    home.start(**(given | environ))
    return home.rpc()


def shop(home: Home, *options: str) -> Path:
    """A database of the person's, indexed."""
    (home.home / "data").mkdir()
    file = made(home.home / "data" / "shop.db", SHOP)
    added = home.run("alvo-embed", "database", "add", *options, str(file))
    assert added.returncode == 0, added.stderr
    return file


def answered(text: str) -> tuple[Reply, Reply]:
    """The decision, and the call that writes its answer."""
    return wire.decision(**ENOUGH, answer=text), wire.stream(text)


def test_rows_of_a_database_are_an_answer_with_their_sql_and_their_cost(
    home: Home, server: OpenAIServer
) -> None:
    shop(home)
    server.script(NOT_ENOUGH, COUNTED, *answered("Two [1]."))
    with start(home, server) as rpc:
        ended = rpc.follow(rpc("flow.start", question=ASKED)["id"], ENDED)
    assert ended["status"] == "answered", ended["error"]
    assert ended["answer"] == "Two [1]."
    (citation,) = ended["citations"]
    assert citation["source"] == "DATABASE"
    assert "SELECT count(*)" in citation["location"]
    # Decision, SQL, decision, answer.
    assert (ended["usage"]["calls"], ended["usage"]["tokens_in"]) == (4, 44)
    written = server.generated[1]
    assert written.body["response_format"]["json_schema"]["schema"]["required"] == [
        "database",
        "sql",
    ]
    assert "customer" in written.user
    assert "| 2 |" in server.generated[2].user


@pytest.mark.parametrize(
    "first",
    [
        wrote("SELECT count(*) FROM customer WHERE town = 'Recife'"),
        wrote("SELECT 1; SELECT count(*) FROM customer"),
        wrote("DELETE FROM customer"),
        wrote("SELECT * FROM nothing"),
        wire.answer(""),
        wire.answer('{"database": "shop", "sql": "SELECT cou', "length"),
        wire.answer('{"database": "shop", "sql": "SELECT cou'),
        wire.answer("I would count the customers."),
        wire.decision(database="elsewhere", sql="SELECT 1"),
    ],
    ids=[
        *("unknown column", "two statements", "a write", "unknown table", "empty", "cut off"),
        *("broken", "prose", "another database"),
    ],
)
def test_sql_that_is_wrong_at_first_is_mended_from_its_error(
    home: Home, server: OpenAIServer, first: Reply
) -> None:
    file = shop(home)
    before = file.read_bytes(), sorted(file.parent.iterdir())
    server.script(NOT_ENOUGH, first, COUNTED, *answered("Two [1]."))
    with start(home, server) as rpc:
        ended = rpc.follow(rpc("flow.start", question=ASKED)["id"], ENDED)
    assert ended["status"] == "answered", ended["error"]
    assert ended["answer"] == "Two [1]."
    assert ended["usage"]["calls"] == 5
    assert (file.read_bytes(), sorted(file.parent.iterdir())) == before


def test_sql_that_stays_wrong_is_given_up(home: Home, server: OpenAIServer) -> None:
    shop(home)
    server.otherwise = wrote("DROP TABLE customer")
    server.script(NOT_ENOUGH)
    with start(home, server) as rpc:
        flow = rpc.follow(rpc("flow.start", question=ASKED)["id"], {"waiting", *ENDED})
        assert flow["status"] == "waiting"
        assert rpc("inquiry.get", inquiry_id=flow["inquiry"])["kind"] == "search_again"
    # The decision, then SQL that is mended twice.
    assert len(server.generated) == 4


def test_a_private_database_is_asked_here_and_nothing_of_it_is_told(home: Home) -> None:
    shop(home, "--private")
    with GeminiServer() as remote:
        with start_remote(home, remote) as rpc:
            flow = rpc("flow.start", question="How many customers are there?")
            flow = rpc.follow(flow["id"], {"waiting", *ENDED})
            said = [e["data"]["message"] for e in rpc.events(flow["id"]) if e["kind"] == "notice"]
        sent = str([request.body for request in remote.requests])
    assert any("private" in message for message in said)
    for word in ("customer_name", "Beatriz", "Recife", "SELECT"):
        assert word not in sent
