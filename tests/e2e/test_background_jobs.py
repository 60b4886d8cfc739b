"""Story: a command leaves something working; that is said, listed, and ended when the person says."""

import uuid
from pathlib import Path

import pytest

from tests.support.bash_sessions import commands
from tests.support.daemon import Home, Rpc, RpcError
from tests.support.waiting import wait_until

ENDED = {"executed", "failed"}
LEAVES = ["{sleep} 600 &", "nohup {sleep} 600 >/dev/null 2>&1 &", "setsid -f {sleep} 600"]


@pytest.fixture
def sleep(tmp_path: Path) -> str:
    program = tmp_path / f"sleep-{uuid.uuid4().hex[:8]}"
    program.symlink_to("/bin/sleep")
    return str(program)


def ran(home: Home, rpc: Rpc, script: str, **given: str) -> str:
    flow = rpc("flow.start", question=f"!{script}", cwd=str(home.home), **given)
    rpc.allow(rpc.inquiry(flow["id"]))
    return str(rpc.follow(flow["id"], ENDED)["id"])


def notices(rpc: Rpc, flow_id: str) -> list[str]:
    return [e["data"]["message"] for e in rpc.events(flow_id) if e["kind"] == "notice"]


@pytest.mark.parametrize("script", LEAVES)
def test_what_a_command_leaves_is_said_listed_and_ended_by_its_person(
    home: Home, sleep: str, script: str
) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = ran(home, rpc, script.format(sleep=sleep))
        (pid,) = commands(sleep)
        (said,) = notices(rpc, flow)
        assert f"{sleep} … ({pid})" in said
        assert f"alvo sessions end {flow[:6]}" in said
        assert "600" not in said  # an argument may be a secret
        assert "1 session with something still working" in home.run("alvo", "status").stdout
        listed = home.run("alvo", "sessions").stdout
        assert f"{pid}  {sleep}" in listed
        assert flow[:6] in listed
        assert commands(sleep) == [pid]
        done = home.run("alvo", "sessions", "end", flow[:6])
        assert (done.returncode, done.stdout) == (0, "")
        assert "with 1 process." in done.stderr
        assert commands(sleep) == []
        assert rpc("session.list")["sessions"] == []
        assert "still working" not in home.run("alvo", "status").stdout


def test_what_goes_on_is_told_of_once_in_a_conversation(home: Home, sleep: str) -> None:
    home.start()
    with home.rpc() as rpc:
        first = ran(home, rpc, f"{sleep} 600 &", conversation="talk")
        second = ran(home, rpc, "echo hello", conversation="talk")
        third = ran(home, rpc, f"{sleep} 601 & false", conversation="talk")
        assert len(notices(rpc, first)) == 1
        assert notices(rpc, second) == []
        assert len(notices(rpc, third)) == 1
        assert len(commands(sleep)) == 2


def test_what_goes_with_a_session_that_ends_is_said(home: Home, sleep: str) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = ran(home, rpc, f"{sleep} 600 & exit 0", conversation="talk")
        assert any("Ended with it" in said and sleep in said for said in notices(rpc, flow))
        assert commands(sleep) == []


def test_a_session_is_not_ended_under_its_command_nor_by_a_command(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = rpc("flow.start", question="!echo on; sleep 600", cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        wait_until(lambda: "on" in rpc.output(flow["id"]))
        (session,) = rpc("session.list")["sessions"]
        assert session["flow_id"] == flow["id"]
        for given, name in ((flow["id"], "SESSION_BUSY"), ("nothing", "SESSION_NOT_FOUND")):
            with pytest.raises(RpcError) as caught:
                rpc("session.end", conversation=given)
            assert caught.value.name == name
        rpc("flow.cancel", flow_id=flow["id"])
        ran(home, rpc, "true", conversation="talk")
        other = ran(home, rpc, "alvo sessions end talk; true")
        assert "talk" in [s["conversation"] for s in rpc("session.list")["sessions"]]
        assert "error" in rpc.output(other) or "Alvo" in rpc.output(other)
