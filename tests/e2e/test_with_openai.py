"""Story: the same flow with a server that speaks OpenAI's protocol, on this machine or elsewhere."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.support import gemini_server
from tests.support import openai_server as wire
from tests.support.daemon import Home, Rpc
from tests.support.gemini_server import GeminiServer
from tests.support.openai_server import KEY, MODEL, OpenAIServer
from tests.support.wire import Reply

ENDED = {"executed", "failed", "denied", "interrupted", "cancelled", "answered"}
ENOUGH = {"type": "answer", "enough": True, "sources": ["DOCUMENTS"]}
SALARY = "Ana earns 4321 a month."


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


def index(home: Home, name: str, text: str, *options: str) -> None:
    folder = home.home / name
    folder.mkdir()
    (folder / f"{name}.md").write_text(f"# {name.title()}\n\n{text}\n")
    added = home.run("alvo-embed", "add", *options, str(folder))
    assert added.returncode == 0, added.stderr


def index_both(home: Home) -> None:
    index(home, "leave", "Ana, like everybody, has thirty days of paid leave a year.")
    index(home, "salaries", SALARY, "--private")


def answered(text: str) -> tuple[Reply, Reply]:
    """The decision, and the call that writes its answer."""
    return wire.decision(**ENOUGH, answer=text), wire.stream(text)


def test_an_answer_streams_with_its_citation_and_what_it_cost(
    home: Home, server: OpenAIServer
) -> None:
    index(home, "leave", "Everybody has thirty days of paid leave a year.")
    server.script(
        wire.decision(**ENOUGH, answer="Thirty days [1]."),
        wire.stream("Thirty days ", "a year [1]."),
    )
    with start(home, server) as rpc:
        flow = rpc("flow.start", question="How many days of paid leave are there?")
        ended = rpc.follow(flow["id"], ENDED)
        assert ended["status"] == "answered", ended["error"]
        assert ended["answer"] == "Thirty days a year [1]."
        assert ended["citations"][0]["location"].endswith("leave.md#Leave")
        assert ended["reasoner"] == f"openai:{MODEL}"
        usage = ended["usage"]
        assert (usage["calls"], usage["tokens_in"], usage["tokens_out"]) == (2, 22, 14)
        assert usage["took_ms"] > 0
        texts = [event for event in rpc.events(flow["id"]) if event["kind"] == "text"]
        assert "".join(text["data"]["text"] for text in texts) == ended["answer"]
        assert rpc("daemon.status")["reasoner"] == f"openai:{MODEL}"


def test_what_gemini_counts_is_recorded_as_well(home: Home) -> None:
    with GeminiServer() as server:
        server.script(
            gemini_server.decision(**ENOUGH, answer="Thirty."), gemini_server.stream("Thirty.")
        )
        with start_remote(home, server) as rpc:
            ended = rpc.follow(rpc("flow.start", question="How many?")["id"], ENDED)
    usage = ended["usage"]
    assert (usage["calls"], usage["tokens_in"], usage["tokens_out"]) == (2, 22, 14)
    assert usage["took_ms"] > 0


def test_a_small_server_without_schemas_or_counts_serves_too(
    home: Home, server: OpenAIServer
) -> None:
    server.forms, server.counts = ("plain",), False
    server.script(
        wire.answer(
            'Here it is:\n```json\n{"type": "answer", "enough": true, "answer": "Yes."}\n```'
        ),
        wire.stream("Yes, it is.", usage=False),
    )
    with start(home, server) as rpc:
        ended = rpc.follow(rpc("flow.start", question="Is it?")["id"], ENDED)
        assert ended["answer"].startswith("Yes, it is.")
        assert ended["usage"]["calls"] == 2


@pytest.mark.parametrize(
    "first",
    [
        wire.answer(""),
        wire.answer('{"type": "answer", "enough": tr', "length"),
        Reply(raw=b'{"choices": ['),
    ],
)
def test_a_first_reply_without_use_fails_the_flow_with_a_name_and_a_retry_answers(
    home: Home, server: OpenAIServer, first: Reply
) -> None:
    server.script(first)
    with start(home, server) as rpc:
        flow = rpc("flow.start", question="Is it?")
        ended = rpc.follow(flow["id"], ENDED)
        assert ended["error"]["name"] in {"REASONER_CUT_OFF", "REASONER_INVALID_REPLY"}
        assert ended["error"]["action"]
        server.script(wire.decision(**ENOUGH, answer="Yes."), wire.stream("Yes."))
        rpc("flow.retry", flow_id=flow["id"])
        assert rpc.follow(flow["id"], {"answered"})["answer"].startswith("Yes.")


def test_a_reply_that_is_no_decision_is_repaired_once(home: Home, server: OpenAIServer) -> None:
    server.script(
        wire.answer("Sure! It is."),
        wire.decision(**ENOUGH, answer="Yes."),
        wire.stream("Yes."),
    )
    with start(home, server) as rpc:
        ended = rpc.follow(rpc("flow.start", question="Is it?")["id"], ENDED)
        assert ended["status"] == "answered"
        assert (ended["usage"]["calls"], ended["usage"]["tokens_in"]) == (3, 33)
    assert "Sure! It is." in server.generated[1].user


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        (wire.error(429, "slow down", retry_after="37"), "REASONER_QUOTA"),
        (wire.error(401, "Incorrect API key provided."), "REASONER_WRONG_KEY"),
        (wire.unknown_model(MODEL), "REASONER_UNKNOWN_MODEL"),
        (wire.blocked(), "REASONER_BLOCKED"),
    ],
)
def test_a_server_that_refuses_is_a_clear_error(
    home: Home, server: OpenAIServer, reply: Reply, name: str
) -> None:
    server.key = KEY
    server.script(reply)
    with start(home, server, OPENAI_API_KEY=KEY) as rpc:
        ended = rpc.follow(rpc("flow.start", question="Is it?", language="pt")["id"], ENDED)
        assert (ended["status"], ended["error"]["name"]) == ("failed", name)
        assert "{" not in ended["error"]["message"] + ended["error"]["action"]
        assert KEY not in str(ended) + home.log()


def test_the_key_reaches_no_command(home: Home, server: OpenAIServer) -> None:
    server.key = KEY
    with start(home, server, OPENAI_API_KEY=KEY) as rpc:
        flow = rpc("flow.start", question="!env; echo done", cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        rpc.follow(flow["id"], {"executed"})
        output = rpc.output(flow["id"])
    assert "done" in output
    assert KEY not in output
    assert "OPENAI" not in output


def test_without_a_server_it_answers_without_a_model_where_that_is_wished(
    home: Home, server: OpenAIServer
) -> None:
    index(home, "leave", "Everybody has thirty days of paid leave a year.")
    gone = {"ALVO_REASONER_BASE_URL": "http://127.0.0.1:9/v1", "ALVO_REASONER_FALLBACK": "offline"}
    with start(home, server, **gone) as rpc:
        flow = rpc("flow.start", question="How many days of paid leave does everybody have?")
        ended = rpc.follow(flow["id"], ENDED)
        assert (ended["status"], ended["reasoner"]) == ("answered", "offline")
        assert "thirty" in ended["answer"].lower()
        assert "Answered without a model" in ended["answer"]


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({}, "reasoner.base_url"),
        ({"ALVO_REASONER_BASE_URL": "ftp://x"}, "reasoner.base_url"),
        ({"ALVO_REASONER_BASE_URL": "http://127.0.0.1:9/v1"}, "reasoner.model"),
    ],
)
def test_a_daemon_that_is_not_told_its_server_says_which_setting(
    home: Home, given: dict[str, str], where: str
) -> None:
    daemon = home.spawn(ALVO_REASONER_KIND="openai", **given)
    assert daemon.wait(20) != 0
    assert where in home.log()
    assert "Traceback" not in home.log()


def test_private_sources_are_shown_to_a_server_on_this_machine(
    home: Home, server: OpenAIServer
) -> None:
    index_both(home)
    server.script(wire.decision(**ENOUGH, answer="4321 [1]."), wire.stream("4321 [1]."))
    with start(home, server) as rpc:
        ended = rpc.follow(rpc("flow.start", question="What does Ana earn a month?")["id"], ENDED)
        assert ended["answer"] == "4321 [1]."
    assert SALARY in server.generated[0].user


def test_private_sources_are_kept_from_any_other_and_the_answer_says_so(home: Home) -> None:
    index_both(home)
    with GeminiServer() as remote:
        remote.script(
            gemini_server.decision(**ENOUGH, answer="Thirty days."),
            gemini_server.stream("Thirty days."),
        )
        with start_remote(home, remote) as rpc:
            flow = rpc("flow.start", question="How many days of paid leave has Ana?")
            ended = rpc.follow(flow["id"], ENDED)
        assert ended["status"] == "answered", ended["error"]
        assert "because private: 1 passage." in ended["answer"]
        assert ended["reasoner"].startswith("gemini")
        sent = str([request.body for request in remote.requests])
        assert "thirty days" in sent
        assert "4321" not in sent
        assert "alaries" not in sent


def test_what_only_private_sources_know_is_answered_here_and_never_told_later(home: Home) -> None:
    index_both(home)
    with GeminiServer() as remote:
        # It goes on not knowing: what is private is answered by the reasoner on this machine.
        remote.script(gemini_server.decision(type="answer", enough=False))
        with start_remote(home, remote) as rpc:
            flow = rpc("flow.start", question="What does Ana earn a month?")
            first = rpc.follow(flow["id"], ENDED)
            assert (first["status"], first["reasoner"]) == ("answered", "offline")
            assert "4321" in first["answer"]
            assert "private" in first["answer"]
            remote.script(
                gemini_server.decision(**ENOUGH, answer="No."), gemini_server.stream("No.")
            )
            flow = rpc("flow.start", question="Is that much?", conversation=first["conversation"])
            second = rpc.follow(flow["id"], ENDED)
        assert "1 earlier answer" in second["answer"]
        assert "4321" not in str([request.body for request in remote.requests])


def test_a_conversation_is_context_and_others_are_not(home: Home, server: OpenAIServer) -> None:
    server.script(*answered("Blue."), *answered("Seven."), *answered("As I said: blue."))
    with start(home, server) as rpc:
        first = rpc.follow(rpc("flow.start", question="Which colour?")["id"], ENDED)
        rpc.follow(rpc("flow.start", question="How many planets?")["id"], ENDED)
        again = rpc("flow.start", question="Say it again", conversation=first["conversation"])
        rpc.follow(again["id"], ENDED)
    asked = server.generated[4].user
    assert "Which colour?" in asked
    assert "Blue." in asked
    assert "planets" not in asked


def test_a_prompt_stays_within_its_budget_and_what_was_cut_is_said(
    home: Home, server: OpenAIServer
) -> None:
    long = "Everybody has thirty days of paid leave a year. " + "And so on. " * 60
    index(home, "leave", "\n\n".join(f"## Part {n}\n\n{long}" for n in range(12)))
    server.script(wire.decision(**ENOUGH, answer="Thirty [1]."), wire.stream("Thirty [1]."))
    with start(home, server, ALVO_REASONER_PROMPT_BUDGET_CHARS="2000") as rpc:
        flow = rpc("flow.start", question="How many days of paid leave?", context="x" * 5000)
        ended = rpc.follow(flow["id"], ENDED)
    assert all(len(request.user) < 4000 for request in server.generated)
    assert "For length" in ended["answer"]
    assert "passages" in ended["answer"]
    assert "the end of the text" in ended["answer"]


def test_a_call_that_was_recorded_is_neither_repeated_nor_counted_twice(
    home: Home, server: OpenAIServer
) -> None:
    server.script(wire.decision(**ENOUGH, answer="Yes."), wire.stream("Yes."))
    start(home, server, ALVO_CRASH_AT="decide-recorded").close()
    with home.rpc() as rpc:
        with contextlib.suppress(OSError):
            rpc("flow.start", question="Is it?", flow_id="mine")
        home.gone()
    with start(home, server) as rpc:
        assert rpc.follow("mine", ENDED)["usage"]["calls"] == 2
    assert len(server.generated) == 2
