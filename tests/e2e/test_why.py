"""Story: a command fails, and `alvo why` says why: from its real output, with and without a model."""

import json
from collections.abc import Iterator

import pytest

from tests.support import gemini_server as wire
from tests.support.daemon import Home, Rpc, RpcError
from tests.support.gemini_server import KEY, GeminiServer
from tests.support.terminal import a_shell

ENDED = {"executed", "failed", "denied", "interrupted", "cancelled", "answered"}
BROKEN = "printf 'one\\ntwo\\n'; printf '\\033[31mfatal: flurbctl: socket /run/flurb is gone\\033[0m\\n' >&2; exit 3"


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as made:
        yield made


def start(home: Home, server: GeminiServer) -> Rpc:
    home.start(
        ALVO_REASONER_KIND="gemini",
        ALVO_REASONER_BASE_URL=server.base_url,
        ALVO_REASONER_STREAM="false",
        GEMINI_API_KEY=KEY,
    )
    return home.rpc()


def ran(home: Home, rpc: Rpc, script: str, **given: str) -> str:
    """The id of a flow that ran the script, allowed and ended."""
    flow = rpc("flow.start", question=f"!{script}", cwd=str(home.home), **given)
    rpc.allow(rpc.inquiry(flow["id"]))
    ended = rpc.follow(flow["id"], ENDED)
    return str(ended["id"])


def index(home: Home, name: str, text: str, *options: str) -> None:
    folder = home.home / name
    folder.mkdir()
    (folder / "flurb.md").write_text(text)
    added = home.run("alvo-embed", "add", *options, str(folder))
    assert added.returncode == 0, added.stderr


def test_the_model_is_asked_with_the_real_script_status_and_output(
    home: Home, server: GeminiServer
) -> None:
    server.script(wire.decision(type="answer", enough=True, answer="The socket is gone."))
    with start(home, server) as rpc:
        ran(home, rpc, "echo fine")
        failed = ran(home, rpc, BROKEN)
        done = home.run("alvo", "why")
    assert done.returncode == 0, done.stderr
    assert "The socket is gone." in done.stdout
    assert f"alvo show {failed[:6]}" in done.stdout
    asked = server.generated[-1].user
    assert "The person asks why this command failed" in asked
    assert "It ended with exit status 3" in asked
    fence = asked.partition("<<data ")[2].split()[0]
    fenced = asked.partition("what it printed:\n")[2].partition(f"{fence} data>>")[0]
    assert fenced.startswith(f"<<data {fence}\n{BROKEN}\n")
    assert "one\ntwo\nfatal: flurbctl: socket /run/flurb is gone\n" in fenced
    assert "\x1b" not in asked
    assert "[31m" not in fenced.partition(BROKEN)[2]
    assert asked.rstrip().endswith("what can I do about it?")


def test_a_later_question_of_the_conversation_knows_the_last_command(
    home: Home, server: GeminiServer
) -> None:
    server.otherwise = wire.decision(type="answer", enough=True, answer="Yes.")
    with start(home, server) as rpc:
        ran(home, rpc, BROKEN, conversation="talk")
        ran(home, rpc, "echo twenty-four widgets", conversation="talk")
        for conversation in ("talk", "other"):
            flow = rpc("flow.start", question="Is it many?", conversation=conversation)
            assert rpc.follow(flow["id"], ENDED)["status"] == "answered"
    here, elsewhere = (request.user for request in server.generated)
    assert "The last command of this conversation. It ended with exit status 0" in here
    assert "echo twenty-four widgets\n\ntwenty-four widgets" in here
    assert "flurbctl" not in here
    assert "widgets" not in elsewhere


def test_what_a_private_source_holds_reaches_no_remote_model(
    home: Home, server: GeminiServer
) -> None:
    index(home, "secret", "# Flurb\n\nThe flurb budget is 4711.\n", "--private")
    with start(home, server) as rpc:
        failed = ran(home, rpc, "cat secret/flurb.md; false", conversation="talk")
        done = home.run("alvo", "why", failed[:8])
        assert done.returncode == 0, done.stderr
        assert "4711" in done.stdout
        assert "without a model" in done.stdout
        assert not server.generated
        server.script(wire.decision(type="answer", enough=True, answer="Yes."))
        flow = rpc("flow.start", question="Was that good?", conversation="talk")
        ended = rpc.follow(flow["id"], ENDED)
        assert "the output of 1 command" in ended["answer"]
    assert "4711" not in json.dumps([request.body for request in server.generated])


def test_without_a_model_the_output_and_a_matching_runbook_tell(home: Home) -> None:
    index(
        home,
        "notes",
        "# Flurb\n\n## The socket of flurbctl is gone\n\nflurbd has died: start it again with"
        " `flurbd --start`, the socket /run/flurb comes back.\n\n## Holidays\n\nNobody works.\n",
    )
    home.start()
    with home.rpc() as rpc:
        ran(home, rpc, BROKEN)
    done = home.run("alvo", "why", environ={"LANG": "pt_BR.UTF-8"})
    assert done.returncode == 0, done.stderr
    assert "terminou com status 3" in done.stdout
    assert "fatal: flurbctl: socket /run/flurb is gone" in done.stdout
    assert "two" not in done.stdout.replace(BROKEN, "").partition("terminou")[2]
    assert "flurbd --start" in done.stdout
    assert "Holidays" not in done.stdout
    assert "[1]" in done.stdout


def test_without_a_model_and_without_words_it_says_that_it_cannot_tell(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        ran(home, rpc, "exit 3")
        failed = ran(home, rpc, "echo 'all is well'; exit 4")
    quiet = home.run("alvo", "why")
    assert "did not say plainly why" in quiet.stdout
    assert "all is well" in quiet.stdout
    with home.rpc() as rpc:
        rpc("flow.delete", flow_id=failed)
    silent = home.run("alvo", "why")
    assert "It printed nothing, so I cannot tell why." in silent.stdout


def test_where_nothing_failed_that_is_said(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        fine = ran(home, rpc, "true")
        for which in ("last", fine):
            with pytest.raises(RpcError) as caught:
                rpc("flow.start", question="Why?", about=which)
            assert caught.value.name == "NO_FAILED_COMMAND"
    done = home.run("alvo", "why")
    assert done.returncode == 1
    assert "No command has failed" in done.stderr


def test_a_question_asked_anew_is_about_the_same_command(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        ran(home, rpc, BROKEN)
        flow = rpc("flow.start", question="Why?", about="last")
        first = rpc.follow(flow["id"], ENDED)["answer"]
        ran(home, rpc, "echo newer; exit 9")
        rpc("flow.retry", flow_id=flow["id"])
        again = rpc.follow(flow["id"], ENDED)["answer"]
    assert "flurbctl" in first
    assert again == first


def test_in_the_shell_it_is_about_the_last_of_the_conversation(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        ran(home, rpc, "echo elsewhere; exit 9")
    with a_shell(home, LANG="pt_BR.UTF-8") as shell:
        shell.line("!cat /no/such/file")
        shell.see("[s/N")
        shell.line("s")
        shell.prompt()
        with home.rpc() as rpc:
            ran(home, rpc, "echo later; exit 8")
        shell.line("/why")
        shell.see("cat /no/such/file", "terminou com status 1", "No such file or directory")
        shell.prompt()
