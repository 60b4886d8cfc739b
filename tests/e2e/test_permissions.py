"""Story: a standing permission answers for the person, exactly as far as they said."""

import json
from typing import Any

import pytest

from tests.support.daemon import Home, Rpc, RpcError
from tests.support.terminal import Terminal, a_shell


def run(rpc: Rpc, home: Home, script: str, **more: str) -> dict[str, Any]:
    """The flow of this command, once it has ended or waits for a person."""
    flow = rpc("flow.start", question=f"!{script}", **{"cwd": str(home.home), **more})
    return rpc.follow(flow["id"], {"waiting", "executed", "failed"})


def add(rpc: Rpc, home: Home, pattern: str, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = rpc(
        "permission.add", pattern=pattern, **{"cwd": str(home.home), **more}
    )
    return given


def refusal(rpc: Rpc, method: str, **params: Any) -> str:
    with pytest.raises(RpcError) as caught:
        rpc(method, **params)
    return caught.value.name


def test_a_covered_command_runs_and_says_which_permission_answered(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        permission = add(rpc, home, "echo *")
        flow = run(rpc, home, "echo hello there")
        assert flow["status"] == "executed"
        assert rpc.output(flow["id"]) == "hello there\n"
        [inquiry] = rpc("inquiry.list")["inquiries"]
        assert (inquiry["status"], inquiry["decision"]) == ("answered", "allow")
        assert inquiry["answered_by"]["permission"] == permission["id"]
        [listed] = rpc("permission.list")["permissions"]
        assert listed["used"] == 1
        kinds = [e["kind"] for e in rpc("audit.list", flow_id=flow["id"])["entries"]][::-1]
        assert kinds == [
            "inquiry_shown",
            "inquiry_ended",
            "permission_used",
            "approval_granted",
            "approval_used",
            "command_started",
            "command_ended",
        ]
        assert rpc("audit.verify")["intact"]


def test_what_is_not_covered_asks_as_ever(home: Home) -> None:
    home.start()
    elsewhere = home.place / "elsewhere"
    elsewhere.mkdir()
    with home.rpc() as rpc:
        add(rpc, home, "echo *")
        for script in ("echo x > ran.txt", "echo x; touch ran.txt", "echo $(touch ran.txt)"):
            assert run(rpc, home, script)["status"] == "waiting"
        assert run(rpc, home, "echo x", cwd=str(elsewhere))["status"] == "waiting"
    assert not (home.home / "ran.txt").exists()


def test_a_function_of_the_session_does_not_change_what_was_permitted(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        add(rpc, home, "ls *")
        add(rpc, home, "pwd")
        (home.home / "sub").mkdir()
        (home.home / "sub/seen").touch()
        hijack = (
            "ls() { touch hijacked; }; export -f ls; alias ls='touch hijacked'; cd sub;"
            " shopt -s expand_aliases; hash -p /bin/false ls; PATH=.; export BASH_ENV=evil"
        )
        flow = run(rpc, home, hijack, conversation="talk")
        rpc.allow(rpc.inquiry(flow["id"]))
        rpc.follow(flow["id"], {"executed"})
        covered = run(rpc, home, "ls", conversation="talk")
        assert (covered["status"], rpc.output(covered["id"])) == ("executed", "seen\n")
        # In the session's directory, and the session is still as it was.
        where = run(rpc, home, "pwd", conversation="talk")
        assert rpc.output(where["id"]).strip() == str(home.home / "sub")
        own = run(rpc, home, "type -t ls; true", conversation="talk")
        rpc.allow(rpc.inquiry(own["id"]))
        rpc.follow(own["id"], {"executed"})
        assert "alias" in rpc.output(own["id"]) or "function" in rpc.output(own["id"])
    assert not list(home.home.rglob("hijacked"))


def test_a_yes_for_always_gives_exactly_the_permission_that_was_shown(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = run(rpc, home, "echo one")
        inquiry = rpc.inquiry(flow["id"])
        assert inquiry["permission_hint"] == "echo *"
        rpc.allow(inquiry, scope="always")
        rpc.follow(flow["id"], {"executed"})
        [given] = rpc("permission.list")["permissions"]
        assert (given["pattern"], given["cwd"]) == ("echo *", str(home.home))
        assert (given["scope"], given["expires_at"], given["conversation"]) == (
            "always",
            None,
            None,
        )
        assert given["match"] == ["echo one"]
        assert given["not_match"]
        assert run(rpc, home, "echo two", conversation="other")["status"] == "executed"


def test_a_yes_for_the_conversation_counts_there_alone_and_for_a_day(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = run(rpc, home, "echo one", conversation="here")
        rpc.allow(rpc.inquiry(flow["id"]), scope="conversation")
        rpc.follow(flow["id"], {"executed"})
        assert run(rpc, home, "echo two", conversation="here")["status"] == "executed"
        assert run(rpc, home, "echo two", conversation="there")["status"] == "waiting"
        [given] = rpc("permission.list")["permissions"]
        assert given["expires_at"] is not None


def test_what_no_permission_may_cover_takes_no_standing_yes(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = run(rpc, home, "echo x > ran.txt")
        inquiry = rpc.inquiry(flow["id"])
        assert inquiry["permission_hint"] is None
        answer = {"inquiry_id": inquiry["id"], "decision": "allow", "digest": inquiry["digest"]}
        assert refusal(rpc, "inquiry.answer", scope="always", **answer) == "DECISION_UNFIT"
        plain = rpc.inquiry(run(rpc, home, "echo y")["id"])
        edited = {"inquiry_id": plain["id"], "decision": "allow", "digest": "0" * 64}
        assert (
            refusal(rpc, "inquiry.answer", scope="always", edited="rm x", **edited)
            == "DECISION_UNFIT"
        )
        assert rpc("permission.list")["permissions"] == []
    assert not (home.home / "ran.txt").exists()


def test_a_revoked_permission_covers_nothing_from_then_on(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        permission = add(rpc, home, "echo *")
        assert run(rpc, home, "echo x")["status"] == "executed"
        rpc("permission.revoke", permission_id=permission["id"][:6])
        assert run(rpc, home, "echo x")["status"] == "waiting"
        assert rpc("permission.list")["permissions"] == []
        assert rpc("permission.list", all=True)["permissions"][0]["revoked_at"]
        told = [entry["kind"] for entry in rpc("audit.list")["entries"]]
        assert {"permission_added", "permission_revoked"} <= set(told)


def test_a_permission_outlives_a_crash_and_a_cut_command_is_not_repeated(home: Home) -> None:
    home.start(ALVO_CRASH_AT="approval-used")
    with home.rpc() as rpc:
        add(rpc, home, "touch ran.txt")
        flow = rpc("flow.start", question="!touch ran.txt", cwd=str(home.home))
    home.gone()
    home.start()
    with home.rpc() as rpc:
        assert rpc("flow.get", flow_id=flow["id"])["status"] == "interrupted"
        assert len(rpc("permission.list")["permissions"]) == 1
    assert not (home.home / "ran.txt").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"pattern": "sudo *"},
        {"pattern": "git *"},
        {"pattern": "ls; rm *"},
        {"pattern": "no-such-program *"},
        {"pattern": "echo *", "scope": "once"},
        {"pattern": "echo *", "scope": "conversation"},
        {"pattern": "echo *", "conversation": "c"},
        {"pattern": "echo *", "expires_at": "2020-01-01T00:00:00Z"},
        {"pattern": "echo *", "expires_at": "soon"},
        {"pattern": "echo *", "match": ["ls"]},
        {"pattern": "echo *", "not_match": ["echo x"]},
    ],
)
def test_a_permission_that_says_more_than_it_may_is_refused(
    home: Home, wrong: dict[str, Any]
) -> None:
    home.start()
    with home.rpc() as rpc:
        given = {"cwd": str(home.home), **wrong}
        assert refusal(rpc, "permission.add", **given) == "PERMISSION_INVALID"
        assert rpc("permission.list", all=True)["permissions"] == []


def test_what_alvo_runs_cannot_give_itself_a_permission(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        permission = add(rpc, home, "echo *")
        python = f"export PATH={home.environ['PATH']} ALVO_SOCKET={home.socket}"
        tries = "alvo permissions add 'touch *'; setsid -w alvo permissions add 'touch *'; nohup"
        script = f"{python}; {tries} alvo permissions revoke {permission['id']} 2>&1 | cat"
        flow = run(rpc, home, script)
        rpc.allow(rpc.inquiry(flow["id"]))
        rpc.follow(flow["id"], {"executed"}, within=60)
        assert rpc.output(flow["id"]).count("What Alvo runs cannot answer for you.") == 3
        assert [one["id"] for one in rpc("permission.list")["permissions"]] == [permission["id"]]


def test_a_covered_command_can_be_cancelled(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        add(rpc, home, "sleep 300")
        flow = rpc("flow.start", question="!sleep 300", cwd=str(home.home))
        rpc.follow(flow["id"], {"executing"})
        rpc("flow.cancel", flow_id=flow["id"])
        assert rpc.follow(flow["id"], {"cancelled"})


def test_the_command_gives_lists_and_revokes(home: Home) -> None:
    home.start()
    added = home.run("alvo", "permissions", "add", "git status *")
    assert added.returncode == 0, added.stderr
    assert "git status *" in added.stdout
    assert f"{home.home} and below" in added.stdout
    listed = json.loads(home.run("alvo", "permissions", "--json").stdout)["permissions"]
    assert [one["pattern"] for one in listed] == ["git status *"]
    assert home.run("alvo", "permissions", "revoke", listed[0]["id"]).returncode == 0
    assert "every command is asked for" in home.run("alvo", "permissions").stderr
    refused = home.run("alvo", "permissions", "add", "sudo *")
    assert refused.returncode == 1
    assert "runs whatever it is told to" in refused.stderr


def test_allow_shows_the_whole_permission_before_it_is_given(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = run(rpc, home, "echo one")
        told = home.run("alvo", "allow", "--yes", "--always", flow["inquiry"])
        assert told.returncode == 0, told.stderr
        for shown in ("echo *", f"{home.home} and below", "every conversation", "revoked"):
            assert shown in told.stderr
        assert run(rpc, home, "echo two")["status"] == "executed"
        uncovered = run(rpc, home, "echo x > y")
        refused = home.run("alvo", "allow", "--yes", "--always", uncovered["inquiry"])
        assert refused.returncode != 0
        assert rpc("flow.get", flow_id=uncovered["id"])["status"] == "waiting"


def test_a_at_the_question_shows_the_permission_and_a_second_yes_gives_it(home: Home) -> None:
    home.start()
    with Terminal(home, "alvo", "run", "--", "echo one") as terminal:
        terminal.see("proposed by", "you", "bash itself: echo", "a always, c in this conversation")
        terminal.see("p previews] ")
        terminal.line("a")
        terminal.see("echo *", f"{home.home} and below", "every conversation", "revoked")
        terminal.see("give this permission? [y/N] ")
        terminal.line("n")
        terminal.see("Run it? ", "p previews] ")
        assert json.loads(home.run("alvo", "permissions", "--json").stdout)["permissions"] == []
        terminal.line("a")
        terminal.see("give this permission? [y/N] ")
        terminal.line("y")
        assert terminal.end() == 0
    (given,) = json.loads(home.run("alvo", "permissions", "--json").stdout)["permissions"]
    assert (given["pattern"], given["scope"]) == ("echo *", "always")


def test_c_at_the_question_of_the_shell_counts_in_this_conversation_alone(home: Home) -> None:
    home.start()
    with a_shell(home) as shell:
        shell.line("!echo one")
        shell.see("a always, c in this conversation")
        shell.line("c")
        shell.see("this conversation only", "a day has passed", "give this permission?")
        shell.line("y")
        shell.see("✓ exit status 0")
        shell.prompt()
        shell.line("!echo two")
        shell.see("\ntwo", "✓ exit status 0")
        shell.prompt()
    with home.rpc() as rpc:
        (given,) = rpc("permission.list")["permissions"]
        assert given["scope"] == "conversation"
        assert run(rpc, home, "echo three")["status"] == "waiting"


def test_keys_typed_ahead_of_the_permission_do_not_give_it(home: Home) -> None:
    home.start()
    with Terminal(home, "alvo", "run", "--", "echo one") as terminal:
        terminal.see("p previews] ")
        terminal.type("a\ry\ry\r")
        terminal.see("give this permission? [y/N] ")
        terminal.line("")
        terminal.see("p previews] ")
        terminal.line("n")
        assert terminal.end() == 3
    assert json.loads(home.run("alvo", "permissions", "--json").stdout)["permissions"] == []


def test_where_no_permission_may_cover_it_a_says_so_and_is_no_answer(home: Home) -> None:
    home.start()
    with Terminal(home, "alvo", "run", "--", "echo one > made") as terminal:
        terminal.see("none: no standing permission may cover this", "p previews] ")
        terminal.line("a")
        terminal.see("No standing permission may cover this inquiry.", "p previews] ")
        terminal.line("y")
        assert terminal.end() == 0
    assert (home.home / "made").exists()
