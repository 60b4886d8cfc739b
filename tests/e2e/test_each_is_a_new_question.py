"""Story: between the question and the yes its meaning changes; then it is asked anew (P5)."""

import os
import signal
from typing import Any

import pytest

from tests.support.daemon import Home, Rpc, RpcError
from tests.support.preview import needs_preview
from tests.support.waiting import wait_until

ENDED = {"executed", "failed"}
TALK = "talk"
DELETES = 'echo rm -rf "$TARGET"/*'


def ran(rpc: Rpc, home: Home, script: str) -> str:
    """What a command of the conversation prints, once it is allowed and over."""
    flow = asked(rpc, home, script)
    rpc.allow(rpc.inquiry(flow["id"]))
    rpc.follow(flow["id"], ENDED)
    return rpc.output(flow["id"])


def asked(rpc: Rpc, home: Home, script: str) -> dict[str, Any]:
    flow: dict[str, Any] = rpc(
        "flow.start", question=f"!{script}", cwd=str(home.home), conversation=TALK
    )
    return flow


def refused(rpc: Rpc, inquiry: dict[str, Any]) -> dict[str, Any]:
    """The yes does not count; the inquiry that takes the place of this one."""
    with pytest.raises(RpcError) as caught:
        rpc.allow(inquiry)
    assert caught.value.name == "INQUIRY_CHANGED"
    assert rpc("inquiry.get", inquiry_id=inquiry["id"])["status"] == "closed"
    fresh = rpc.inquiry(inquiry["flow_id"])
    assert fresh["id"] != inquiry["id"]
    assert caught.value.data["inquiry"] == fresh["id"]
    assert not rpc.output(inquiry["flow_id"])
    return fresh


@pytest.mark.parametrize("way", ["its bash dies", "a person ends it", "the daemon dies"])
def test_a_variable_that_is_lost_with_its_session(home: Home, way: str) -> None:
    home.start()
    with home.rpc() as rpc:
        bash = int(ran(rpc, home, "TARGET=/srv/old; echo $$"))
        inquiry = rpc.inquiry(asked(rpc, home, DELETES)["id"])
        match way:
            case "its bash dies":
                os.kill(bash, signal.SIGKILL)
                wait_until(lambda: not rpc("session.list")["sessions"])
            case "a person ends it":
                rpc("session.end", conversation=TALK)
            case _:
                home.kill()
    if way == "the daemon dies":
        home.start()
    with home.rpc() as rpc:
        fresh = refused(rpc, inquiry)
        rpc.allow(fresh)  # the person has seen that it is another session
        rpc.follow(fresh["flow_id"], ENDED)


@pytest.mark.parametrize("hijack", ["git() { echo hijacked; }", "alias git='echo hijacked'"])
def test_a_function_named_git(home: Home, hijack: str) -> None:
    home.start()
    with home.rpc() as rpc:
        inquiry = rpc.inquiry(asked(rpc, home, "git --version")["id"])
        (git,) = inquiry["programs"]
        assert (git["kind"], git["sure"]) == ("file", True)
        ran(rpc, home, hijack)
        fresh = refused(rpc, inquiry)
        # It is no longer said to be surely that file.
        assert [program["sure"] for program in fresh["programs"]] == [False]


@needs_preview
def test_a_second_client_previews_again(home: Home) -> None:
    home.start()
    with home.rpc() as one, home.rpc("other", "pt") as other:
        first = one.inquiry(asked(one, home, "cat seed > copy")["id"])
        (home.home / "seed").write_text("as shown")
        shown = one("inquiry.preview", inquiry_id=first["id"])
        (home.home / "seed").write_text("as changed")
        again = other("inquiry.preview", inquiry_id=shown["id"])
        assert len({first["id"], shown["id"], again["id"]}) == 3
        assert again["preview"]["digest"] != shown["preview"]["digest"]
        for given, name in (
            ((shown["id"], shown["preview"]["digest"]), "INQUIRY_CLOSED"),
            ((again["id"], shown["preview"]["digest"]), "INQUIRY_CHANGED"),
        ):
            with pytest.raises(RpcError) as caught:
                one("inquiry.answer", inquiry_id=given[0], decision="apply", digest=given[1])
            assert caught.value.name == name
        with pytest.raises(RpcError) as caught:
            other("inquiry.preview", inquiry_id=first["id"])
        assert "encerrada: encerrada por Alvo" in caught.value.message
        assert not (home.home / "copy").exists()
        digest = again["preview"]["digest"]
        other("inquiry.answer", inquiry_id=again["id"], decision="apply", digest=digest)
        one.follow(first["flow_id"], ENDED)
    assert (home.home / "copy").read_text() == "as changed"
