"""A person sends training data, waits for `ready`, and asks; every answer is from that data."""

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from daemon.store import Database
from tests.support.agent import made_up_texts, misleading
from tests.support.daemon import Home, Rpc, RpcError, alive
from tests.support.terminal import CTRL_C, Terminal, a_shell
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


def test_a_prompt_that_cannot_be_asked_is_refused_in_the_words_of_who_asks(rpc):
    for prompt in ("", " \n", "?" * 100_001):
        with pytest.raises(RpcError) as unfit:
            rpc("agent.infer", user_id="nobody", prompt=prompt)
        assert (unfit.value.name, unfit.value.data["field"]) == ("INVALID_PARAMS", "prompt")
        assert "agent.infer" in unfit.value.message


def test_a_slip_in_the_configuration_is_refused_and_named(rpc):
    with pytest.raises(RpcError) as unfit:
        rpc("agent.create", user_id="a", training_data=FLASK, config={"privat": True})
    assert (unfit.value.name, unfit.value.data["field"]) == ("INVALID_PARAMS", "config.privat")
    with pytest.raises(RpcError) as unknown:
        rpc("agent.create", user_id="a", training_data=FLASK, config={"language": "fr"})
    assert "“config.language” does not fit: en | pt" in unknown.value.message
    assert rpc("agent.list")["agents"] == []


def test_twice_the_same_name_is_refused_and_the_way_to_add_data_is_named(rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    with pytest.raises(RpcError) as twice:
        rpc("agent.create", user_id="a", training_data=FLASK)
    assert twice.value.name == "AGENT_EXISTS"
    assert "alvo agents add a" in twice.value.data["action"]


DJANGO = """# Django

O Django traz um ORM completo e um painel administrativo em /admin para o sistema Zebra42.
"""
STAGES = ("data_processor", "model_trainer", "model_evaluator", "model_deployer")


def test_added_data_makes_a_new_version_while_the_old_one_answers(rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    assert rpc("agent.add", user_id="a", training_data=DJANGO)["status"] == "created"
    assert rpc("agent.status", user_id="a")["status"] == "ready"
    assert (
        "flask" in rpc("agent.infer", user_id="a", prompt="Como criar uma API Flask?")["response"]
    )
    agent = trained(rpc, "a")
    assert (agent["version"], agent["status"], agent["error"]) == (2, "ready", None)
    hits = rpc("index.search", query="Django Flask", agent="a")["hits"]
    assert {hit["place"] for hit in hits} >= {"Flask", "Django"}
    assert [one["number"] for one in rpc("agent.versions", user_id="a")["versions"]] == [2, 1]


def test_a_file_that_has_changed_takes_the_place_of_what_it_was(home, rpc):
    file = home.home / "oven.md"
    same = "The oven of the bakery stands in the cellar, behind the door of the mill."
    file.write_text(f"{same}\n\nIt is lit at 05:30.\n")
    rpc("agent.create", user_id="a", files=[str(file)])
    trained(rpc, "a")
    file.write_text(f"{same}\n\nIt is lit at 06:45.\n")
    rpc("agent.add", user_id="a", files=[str(file)])
    trained(rpc, "a")
    (hit,) = rpc("index.search", query="oven cellar lit", agent="a")["hits"]
    assert "cellar" in hit["text"]
    assert "06:45" in hit["text"]
    assert "05:30" not in hit["text"]


def test_citations_say_how_old_what_they_cite_is_also_after_the_next_training(home, rpc):
    file = home.home / "flask.md"
    file.write_text(FLASK)
    os.utime(file, (0, 1_000_000_000))
    rpc("agent.create", user_id="a", files=[str(file)])
    trained(rpc, "a")
    rpc("agent.add", user_id="a", training_data=DJANGO)
    assert trained(rpc, "a")["version"] == 2
    said = rpc("agent.infer", user_id="a", prompt="Como criar uma API Flask?")
    assert [one["modified_at"][:10] for one in said["citations"]] == ["2001-09-09"]


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("moment", ["begun", "worked", "done"])
def test_killed_in_any_stage_the_training_goes_on_and_ends(home, stage, moment):
    home.environ["ALVO_AGENTS_NICENESS"] = "0"
    home.start(ALVO_CRASH_AT=f"{stage}-{moment}")
    with home.rpc() as rpc:
        rpc("agent.create", user_id="a", training_data=FLASK)
    home.gone(60)
    home.start()
    with home.rpc() as rpc:
        agent = trained(rpc, "a")
        assert (agent["status"], agent["version"]) == ("ready", 1)
        assert agent["passages"] == 2
        (version,) = rpc("agent.versions", user_id="a")["versions"]
        attempts = {one["stage"]: one["attempts"] for one in version["stages"]}
        again = moment != "done"
        assert attempts == {one: 2 if one == stage and again else 1 for one in STAGES}
        said = rpc("agent.infer", user_id="a", prompt="Como criar uma API Flask?")
        assert "app = Flask" in said["response"]
    left = [path.name for path in (home.place / "state" / "alvo" / "agents" / "a").iterdir()]
    assert len(left) == 1


@pytest.mark.slow
def test_who_trains_ends_with_the_daemon_and_meets_none_that_comes_after_it(home):
    # Embedding so much takes half a minute: it does not end by itself meanwhile.
    daemon = home.start(ALVO_EMBEDDER_KIND="minilm", ALVO_AGENTS_NICENESS="0")

    def trainer() -> int | None:
        for child in psutil.Process(daemon.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if "process" in child.cmdline():
                    return child.pid
        return None

    with home.rpc() as rpc:
        rpc("agent.create", user_id="a", training_data=made_up_texts(1500))
        # By its progress it is at its work, not at its imports.
        wait_until(
            lambda: (rpc("agent.status", user_id="a")["progress"] or {}).get("unit") == "passages",
            within=60,
        )
    pid = trainer()
    assert pid is not None
    home.kill()
    wait_until(lambda: not alive(pid), within=5)


def test_a_training_that_kills_the_daemon_each_time_is_given_up(home):
    home.environ["ALVO_AGENTS_NICENESS"] = "0"
    for n in range(3):
        if n:
            home.spawn(ALVO_CRASH_AT="model_trainer-begun")
        else:
            home.start(ALVO_CRASH_AT="model_trainer-begun")
            with home.rpc() as rpc:
                rpc("agent.create", user_id="a", training_data=FLASK)
        home.gone(60)
    home.start(ALVO_CRASH_AT="model_trainer-begun")
    with home.rpc() as rpc:
        agent = trained(rpc, "a")
        assert agent["status"] == "error"
        assert agent["error"]["name"] == "AGENT_STAGE_FAILED"
        assert "3 times" in agent["error"]["message"]
        rpc("agent.delete", user_id="a")


def test_a_stop_is_no_failed_attempt(home, rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    home.stop()
    home.start()
    with home.rpc() as again:
        trained(again, "a")
        (version,) = again("agent.versions", user_id="a")["versions"]
        assert {one["attempts"] for one in version["stages"]} == {1}


@pytest.mark.slow
def test_trainings_run_a_few_at_a_time_and_behind_everything_else(home):
    daemon = home.start(ALVO_AGENTS_WORKERS="2")
    names = [f"a{n}" for n in range(5)]
    seen = list[list[int]]()
    with home.rpc() as rpc:
        for name in names:
            rpc("agent.create", user_id=name, training_data=FLASK)

        def rest() -> bool:
            seen.append(
                [nice for one in psutil.Process(daemon.pid).children() for nice in _nice(one)]
            )
            return all(one["training"] is None for one in rpc("agent.list")["agents"])

        wait_until(rest, within=100)
        assert [one["status"] for one in rpc("agent.list")["agents"]] == ["ready"] * len(names)
    assert max(map(len, seen)) == 2
    # Between its birth and its lowering a child is as its parent is.
    lowered = [nice for children in seen for nice in children if nice == 19]
    assert len(lowered) > 0.8 * sum(map(len, seen))


def _nice(process: psutil.Process) -> list[int]:
    """None of one that is gone."""
    try:
        return [process.nice()]
    except psutil.NoSuchProcess:
        return []


def bad_pairs() -> list[dict[str, str]]:
    return [{"question": question, "answer": answer} for question, answer in misleading()]


@pytest.mark.slow
def test_a_version_that_the_gate_refuses_never_serves_and_says_why(home, rpc):
    rpc("agent.create", user_id="a", training_data=made_up_texts(90))
    assert trained(rpc, "a", 180)["version"] == 1
    rpc("agent.add", user_id="a", training_data=bad_pairs())
    agent = trained(rpc, "a", 180)
    assert (agent["status"], agent["version"], agent["passages"]) == ("ready", 1, 90)
    refused, serving = rpc("agent.versions", user_id="a")["versions"]
    assert (refused["number"], refused["in_service"], serving["in_service"]) == (2, False, True)
    report = refused["report"]
    assert not report["deployed"]
    assert report["difference"]["high"] < 0
    assert report["trained"]["ndcg_10"]["mean"] < report["baseline"]["ndcg_10"]["mean"]
    assert report["reason"] in " ".join(home.run("alvo", "agents", "versions", "a").stdout.split())
    with pytest.raises(RpcError) as caught:
        rpc("agent.rollback", user_id="a", version=2)
    assert caught.value.name == "AGENT_VERSION_NOT_FOUND"
    # What was refused is not among the data of the next version.
    rpc("agent.add", user_id="a", training_data=FLASK)
    assert trained(rpc, "a", 180)["passages"] == 92


@pytest.mark.slow
def test_a_first_version_that_the_gate_refuses_answers_without_what_it_learned(rpc):
    rpc("agent.create", user_id="a", training_data=[*made_up_texts(90), *bad_pairs()])
    assert trained(rpc, "a", 180)["status"] == "ready"
    (version,) = rpc("agent.versions", user_id="a")["versions"]
    assert (version["in_service"], version["chosen"]) == (True, "untrained")
    assert not version["report"]["deployed"]


def test_two_agents_and_the_person_cannot_see_each_other(home, rpc):
    rpc("agent.create", user_id="a", training_data="The bird of Alice is called Heron.")
    rpc("agent.create", user_id="a.b", training_data="The dog of Bob is called Seven.")
    note = home.home / "notes.md"
    note.write_text("# Notes\n\nThe horse of Carol is called Green.\n")
    home.run("alvo", "sources", "add", str(note))
    for name in ("a", "a.b"):
        trained(rpc, name)
    tries = {
        "Heron": "What is the bird of Alice called?",
        "Seven": "What is the dog of Bob called?",
        "Green": "What is the horse of Carol called?",
    }
    sees = {"a": "Heron", "a.b": "Seven", None: "Green"}
    for agent, own in sees.items():
        given = {} if agent is None else {"agent": agent}
        for secret, question in tries.items():
            flow = rpc("flow.start", question=question, conversation="shared", **given)
            ended = rpc.follow(flow["id"], {"answered", "waiting", "failed"})
            text = json.dumps(ended) + json.dumps(rpc.events(flow["id"]))
            assert (secret in text) == (secret == own), (agent, question)
            hits = rpc("index.search", query=question, **given)["hits"]
            assert [own in hit["text"] for hit in hits] == [True] * len(hits), agent
        assert rpc("index.search", query=tries[own], **given)["hits"]


def test_names_that_could_mean_another_agents_partition_are_none(rpc):
    for name in ("a@1", "", "a/b", "..", ".", "a b", "x" * 65, "é"):
        with pytest.raises(RpcError) as caught:
            rpc("agent.create", user_id=name, training_data=FLASK)
        assert caught.value.name == "AGENT_NAME_INVALID", name
    for name in ("a@1", "\0"):
        with pytest.raises(RpcError) as caught:
            rpc("agent.infer", user_id=name, prompt="?")
        assert caught.value.name == "AGENT_NOT_FOUND"


@pytest.mark.slow
def test_going_back_under_load_fails_no_question(home, rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    rpc("agent.add", user_id="a", training_data=DJANGO)
    trained(rpc, "a")
    failed: list[Exception] = []
    asked = [0]
    over = threading.Event()

    def ask() -> None:
        with home.rpc() as own:
            while not over.is_set():
                try:
                    said = own("agent.infer", user_id="a", prompt="Como criar uma API Flask?")
                    assert "app = Flask" in said["response"]
                    asked[0] += 1
                except Exception as error:
                    failed.append(error)
                    return

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    for n in range(10):
        before = asked[0]
        assert rpc("agent.rollback", user_id="a", version=1 + n % 2)["version"] == 1 + n % 2
        wait_until(lambda before=before: asked[0] > before + 2 or failed, within=60)
    over.set()
    for thread in asking:
        thread.join()
    assert not failed


def test_a_flow_goes_on_with_the_version_it_began_on(rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    question = "What is the dog of Bob called?"
    flow = rpc("flow.start", question=question, agent="a")
    waiting = rpc.inquiry(flow["id"])
    assert waiting["kind"] == "search_again"
    rpc("agent.add", user_id="a", training_data="The dog of Bob is called Seven.")
    assert trained(rpc, "a")["version"] == 2
    rpc.allow(waiting)
    # In its second round it finds no more than in the first: it asks again.
    wait_until(lambda: rpc("flow.get", flow_id=flow["id"])["rounds"] == 2, within=30)
    again = rpc.inquiry(flow["id"])
    assert (again["kind"], again["id"] == waiting["id"]) == ("search_again", False)
    assert "Seven" in rpc("agent.infer", user_id="a", prompt=question)["response"]


def test_of_the_versions_as_many_are_kept_as_are_set(home):
    home.environ["ALVO_AGENTS_NICENESS"] = "0"
    home.start(ALVO_AGENTS_VERSIONS_KEPT="2")
    with home.rpc() as rpc:
        rpc("agent.create", user_id="a", training_data=FLASK)
        trained(rpc, "a")
        for _ in range(2):
            rpc("agent.add", user_id="a", training_data=DJANGO)
            trained(rpc, "a")
        assert [one["number"] for one in rpc("agent.versions", user_id="a")["versions"]] == [3, 2]
        with pytest.raises(RpcError) as caught:
            rpc("agent.rollback", user_id="a", version=1)
        assert caught.value.name == "AGENT_VERSION_NOT_FOUND"
        assert rpc("agent.rollback", user_id="a")["version"] == 2


def test_deleting_removes_everything_and_says_what(home, rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    rpc("agent.infer", user_id="a", prompt="Como criar uma API Flask?")
    gone = rpc("agent.delete", user_id="a")
    counts = {name: gone[name] for name in ("versions", "documents", "passages", "flows", "files")}
    assert counts == {"versions": 1, "documents": 1, "passages": 2, "flows": 1, "files": 1}
    assert rpc("agent.list")["agents"] == []
    assert rpc("flow.list")["flows"] == []
    assert list((home.place / "state" / "alvo" / "agents").iterdir()) == []
    index = home.place / "data" / "alvo" / "index-1.db"
    with contextlib.closing(Database.open(index, readonly=True, vectors=True)) as db:
        for table in ("passage", "document", "source"):
            assert db.value(f"SELECT count(*) FROM {table}") == 0, table
        assert db.all("SELECT name FROM owner") == [("",)]
    with pytest.raises(RpcError) as caught:
        rpc("agent.infer", user_id="a", prompt="Still there?")
    assert caught.value.name == "AGENT_NOT_FOUND"


def test_an_agent_deleted_while_it_is_trained_does_not_come_back(home, rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    rpc("agent.delete", user_id="a")
    rpc("agent.create", user_id="a", training_data="The word of the new agent is lantern.")
    trained(rpc, "a")
    said = rpc("agent.infer", user_id="a", prompt="What is the word of the new agent?")
    assert "lantern" in said["response"]
    hits = rpc("index.search", query="Flask lantern", agent="a")["hits"]
    assert ["lantern" in hit["text"] for hit in hits] == [True]


def test_a_name_given_anew_while_its_agent_goes_keeps_its_own_data(home, rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    directory = home.place / "state" / "alvo" / "agents" / "a"
    # So many that they take a while to go.
    (directory / "left").mkdir()
    for n in range(20_000):
        (directory / "left" / str(n)).touch()

    def anew() -> bool:
        with contextlib.suppress(RpcError):
            rpc("agent.create", user_id="a", training_data=FLASK)
            return True
        return False

    with home.rpc() as other:
        going = threading.Thread(target=other, args=("agent.delete",), kwargs={"user_id": "a"})
        going.start()
        wait_until(anew, 30)
        going.join()
    assert [path.name[:5] for path in directory.glob("data-*.jsonl")] == ["data-"]
    assert trained(rpc, "a")["status"] == "ready"


def test_data_that_a_crash_left_without_an_agent_is_removed_at_the_next_start(home, rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    home.stop()
    directory = home.place / "state" / "alvo" / "agents" / "a"
    before = sorted(path.name for path in directory.iterdir())
    for name in ("data-0123456789ab.jsonl", ".data-0123456789ab.jsonl"):
        (directory / name).write_text(FLASK)
    home.start()
    with home.rpc() as again:
        assert again("agent.status", user_id="a")["status"] == "ready"
    assert sorted(path.name for path in directory.iterdir()) == before


def test_data_that_cannot_be_read_in_training_is_an_error_that_names_it(home, rpc):
    broken = home.home / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4\nnothing of a document\n")
    rpc("agent.create", user_id="a", files=[str(broken)])
    agent = trained(rpc, "a")
    assert agent["status"] == "error"
    assert agent["error"]["name"] == "DOCUMENT_UNREADABLE"
    assert "broken.pdf" in agent["error"]["message"]
    rpc("agent.add", user_id="a", training_data=FLASK)
    assert trained(rpc, "a")["status"] == "ready"


def test_files_of_many_kinds_teach_one_agent(home, rpc):
    (home.home / "one.md").write_text("# Oven\n\nThe oven must be lit at 05:30 every morning.\n")
    (home.home / "two.html").write_text("<h1>Flour</h1><p>The flour comes from the mill.</p>")
    (home.home / "three.jsonl").write_text(
        json.dumps({"question": "Who bakes on Sunday?", "answer": "Nobody bakes on Sunday."}) + "\n"
    )
    files = [str(home.home / name) for name in ("one.md", "two.html", "three.jsonl")]
    rpc("agent.create", user_id="baker", files=files, training_data="The shop opens at seven.")
    agent = trained(rpc, "baker")
    assert (agent["documents"], agent["passages"]) == (4, 4)
    for question, answer in {
        "When is the oven lit?": "05:30",
        "Where does the flour come from?": "mill",
        "Who bakes on Sunday?": "Nobody",
    }.items():
        assert answer in rpc("index.search", query=question, agent="baker")["hits"][0]["text"]
    said = rpc("agent.infer", user_id="baker", prompt="When must the oven be lit?")
    assert "05:30" in said["response"]
    assert [one["location"] for one in said["citations"]] == [f"{files[0]}#Oven"]


def test_what_was_given_twice_or_nearly_so_is_learned_once(rpc):
    texts = made_up_texts(3)
    nearly = texts[1].replace(texts[1].split()[1], "another", 1)
    rpc("agent.create", user_id="a", training_data=[*texts, texts[0], nearly])
    assert trained(rpc, "a")["passages"] == 3


def test_what_is_not_known_waits_for_a_person_as_a_flow_does(rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    said = rpc("agent.infer", user_id="a", prompt="Qual é a altura do monte Everest?", timeout_s=20)
    assert said["response"] is None
    assert said["flow"]["status"] == "waiting"
    assert said["inquiry"]["id"] == said["flow"]["inquiry"]


def test_the_log_tells_what_happened_and_not_what_was_asked(home, rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    rpc("agent.infer", user_id="a", prompt="Como criar uma API Flask?")
    lines = (home.place / "state" / "alvo" / "alvod.log").read_text().splitlines()
    told = [one for one in map(json.loads, lines) if one.get("agent") == "a"]
    assert {"agent created", "agent stage began", "agent stage done", "agent asked"} <= {
        one["message"] for one in told
    }
    assert "API Flask?" not in "".join(lines)
    home.stop()
    home.start(ALVO_AGENTS_LOG_PROMPTS="true")
    with home.rpc() as again:
        again("agent.infer", user_id="a", prompt="Como criar uma API Flask?")
    assert "API Flask?" in (home.place / "state" / "alvo" / "alvod.log").read_text()


def test_by_the_command_line_from_the_first_file_to_the_end(home, rpc):
    (home.home / "flask.md").write_text(FLASK)
    made = home.run("alvo", "agents", "create", "flask", "flask.md")
    assert (made.returncode, "ready" in made.stdout) == (0, True), made.stderr
    assert "flask" in home.run("alvo", "agents").stdout
    asked = home.run("alvo", "agents", "ask", "flask", "Como", "criar", "uma", "API", "Flask?")
    assert "app = Flask" in asked.stdout
    same = home.run("alvo", "ask", "--agent", "flask", "Como criar uma API Flask?")
    assert "app = Flask" in same.stdout
    piped = home.run("alvo", "agents", "add", "flask", given=DJANGO)
    assert "version 2" in piped.stdout
    back = json.loads(home.run("alvo", "agents", "rollback", "flask", "--json").stdout)
    assert back["version"] == 1
    exported = home.run("alvo", "agents", "export", "flask", "kept.alvo-agent")
    assert exported.returncode == 0, exported.stderr
    deleted = home.run("alvo", "agents", "delete", "flask")
    assert "2 versions" in deleted.stdout
    taken = home.run("alvo", "agents", "import", "kept.alvo-agent")
    assert taken.returncode == 0, taken.stderr
    again = home.run("alvo", "agents", "ask", "flask", "Como criar uma API Flask?")
    assert "app = Flask" in again.stdout
    other = home.run("alvo", "agents", "import", "copy", "kept.alvo-agent")
    assert other.returncode == 0, other.stderr
    assert home.run("alvo", "agents", "--names").stdout.split() == ["copy", "flask"]
    for words, status in {("status", "none"): 1, ("create", "flask", "flask.md"): 1}.items():
        assert home.run("alvo", "agents", *words).returncode == status
    assert home.run("alvo", "agents", "ask", "flask").returncode == 2


def test_what_is_wrong_on_the_command_line_is_said_with_what_to_type(home, rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    (home.home / "notes").mkdir()
    for line, said in {
        "create": "needs the name of an agent",
        "create b": "Name files, or pipe text in: alvo agents create b FILE…",
        "create b notes": "it is a folder, and files are asked for, as in folder/*.md",
        "create b none.md": "there is no such file or folder",
        "create b https://example.org/a.html": "Save the page, and name the file.",
        "add a": "Name files, or pipe text in: alvo agents add a FILE…",
        "ask a": "The question comes after the name.",
        "rollback a first": "“first” is not the number of a version.",
        "import": "needs the file that alvo agents export wrote",
    }.items():
        ended = home.run("alvo", "agents", *line.split())
        assert ended.returncode in (1, 2), line
        assert said in ended.stderr, line
    assert [one["user_id"] for one in rpc("agent.list")["agents"]] == ["a"]


def test_in_the_shell_files_are_named_as_in_bash(home, rpc):
    (home.home / "notes").mkdir()
    (home.home / "notes" / "flask.md").write_text(FLASK)
    (home.home / "notes" / "django.md").write_text(DJANGO)
    with a_shell(home) as shell:
        shell.line("/agents create flask ~/notes/*.md")
        shell.see("version 1 answers", "2 documents")
        shell.prompt()
        shell.line("/sources add ~/notes")
        shell.see("2 documents")
        shell.prompt()


def test_who_stops_watching_reads_that_the_training_goes_on(home, rpc):
    (home.home / "long.md").write_text("\n\n".join(made_up_texts(400)))
    words = ("alvo", "agents", "create", "long", "long.md")
    with Terminal(home, *words) as watched:
        watched.see("is being trained")
        watched.type(CTRL_C)
        watched.see("The training goes on. See how far it is: alvo agents status long")
        assert watched.end() == 130
    assert trained(rpc, "long")["status"] == "ready"


def test_what_an_agent_does_not_know_is_added_to_the_agent(home, rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    flow = rpc("agent.infer", user_id="a", prompt="Qual é a altura da torre?")["flow"]
    rpc("inquiry.answer", inquiry_id=flow["inquiry"], decision="deny")
    error = rpc.follow(flow["id"], {"failed"})["error"]
    assert "alvo agents add a ARQUIVO…" in error["action"]
    assert "sources" not in error["action"]


def test_a_prompt_that_does_not_fit_is_called_a_prompt(rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    with pytest.raises(RpcError) as empty:
        rpc("agent.infer", user_id="a", prompt=" ")
    assert "agent.infer: “prompt” is empty" in str(empty.value)
    assert empty.value.data["field"] == "prompt"


def test_a_session_may_ask_an_agent_but_not_change_one(home, rpc):
    rpc("agent.create", user_id="a", training_data=FLASK)
    trained(rpc, "a")
    script = "alvo agents ask a 'Como criar uma API Flask?'; alvo agents delete a"
    flow = rpc("flow.start", question=f"!{script}")
    rpc.allow(rpc.inquiry(flow["id"]))
    rpc.follow(flow["id"], {"executed", "failed"})
    assert "app = Flask" in rpc.output(flow["id"])
    assert rpc("agent.status", user_id="a")["status"] == "ready"


def test_of_a_deleted_agent_no_word_is_left_in_any_file(home, rpc):
    secret = "quartzhalibut"
    text = f"The word of the vault is {secret}. It is said at the door of the vault, and only once."
    rpc("agent.create", user_id="a", training_data=[text, *made_up_texts(5)])
    trained(rpc, "a")
    said = rpc("agent.infer", user_id="a", prompt=f"What is the word of the vault, {secret}?")
    assert secret in said["response"]

    def holding() -> list[str]:
        files = (one for one in home.place.rglob("*") if one.is_file() and not one.is_symlink())
        return [one.name for one in files if secret.encode() in one.read_bytes()]

    assert {"state.db", "index-1.db"} & {name.removesuffix("-wal") for name in holding()}
    rpc("agent.delete", user_id="a")
    assert holding() == []
