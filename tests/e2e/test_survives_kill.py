"""Story: the daemon is killed at every point between the yes and the end of the command."""

import contextlib

import pytest

from tests.support.daemon import Home, RpcError
from tests.support.gemini_server import KEY, GeminiServer, decision
from tests.support.waiting import wait_until

ENDED = {"executed", "failed", "denied", "interrupted", "cancelled", "answered"}


def test_an_inquiry_waits_through_a_kill_and_is_answered_from_another_client(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = rpc("flow.start", question="!echo once >> ran.txt", cwd=str(home.home))
        inquiry = rpc.inquiry(flow["id"])
    home.kill()
    home.start()
    with home.rpc("second") as rpc:
        assert rpc("inquiry.get", inquiry_id=inquiry["id"]) == inquiry
        assert [i["id"] for i in rpc("inquiry.list", status="waiting")["inquiries"]] == [
            inquiry["id"]
        ]
        answered = rpc.allow(inquiry)
        assert answered["answered_by"]["client"] == "second"
        ended = rpc.follow(flow["id"], ENDED)
        assert ended["status"] == "executed", ended
        assert ended["plan"][0]["exit_status"] == 0
        with pytest.raises(RpcError) as caught:
            rpc.allow(inquiry)
        assert caught.value.name == "INQUIRY_CLOSED"
    assert (home.home / "ran.txt").read_text() == "once\n"


BEFORE_BASH = ("answered", "approved", "approval-used")
AFTER_BASH = ("output", "command-ended")


@pytest.mark.parametrize("point", ["yes", *BEFORE_BASH, *AFTER_BASH, "command-recorded"])
def test_killed_between_the_yes_and_the_end_it_runs_at_most_once(home: Home, point: str) -> None:
    ran = home.home / "ran.txt"
    home.start(ALVO_CRASH_AT=point)
    with home.rpc() as rpc:
        flow = rpc(
            "flow.start", question="!echo once >> ran.txt; echo said; sleep 0.2", cwd=str(home.home)
        )
        inquiry = rpc.inquiry(flow["id"])
        with contextlib.suppress(ConnectionError, OSError):
            rpc.allow(inquiry)
        home.gone()
    home.start()
    with home.rpc() as rpc:
        found = rpc("flow.get", flow_id=flow["id"])
        if point == "yes":
            # The yes was not on disk yet: it is asked for as before, and counts once.
            assert found["status"] == "waiting"
            rpc.allow(inquiry)
            assert rpc.follow(flow["id"], ENDED)["status"] == "executed"
            assert ran.read_text() == "once\n"
            return
        assert found["status"] == "interrupted"
        assert found["error"]["name"] == "COMMAND_INTERRUPTED"
        if point in BEFORE_BASH:
            assert not ran.exists()
        else:
            assert ran.read_text() == "once\n"
            assert "said" in rpc.output(flow["id"]) or point == "output"
        # It never runs again by itself; a new yes is needed.
        with pytest.raises(RpcError) as caught:
            rpc.allow(inquiry)
        assert caught.value.name == "INQUIRY_CLOSED"
        before = ran.read_text() if ran.exists() else ""
        rpc("flow.retry", flow_id=flow["id"])
        if point == "command-recorded":
            rpc.follow(flow["id"], {"waiting"})
            return
        again = rpc.inquiry(flow["id"])
        assert again["id"] != inquiry["id"]
        assert (ran.read_text() if ran.exists() else "") == before
        rpc.allow(again)
        assert rpc.follow(flow["id"], ENDED)["status"] == "executed"
        assert ran.read_text() == before + "once\n"


@pytest.mark.parametrize("point", ["pieces-unrecorded", "decide-recorded", "question-outcome"])
def test_a_block_that_was_cut_off_runs_again(home: Home, point: str) -> None:
    home.start(ALVO_CRASH_AT=point)
    with home.rpc() as rpc:
        try:
            flow_id = rpc("flow.start", question="What is it?", flow_id="mine")["id"]
        except (ConnectionError, OSError):
            flow_id = "mine"
        home.gone()
    home.start()
    with home.rpc() as rpc:
        waiting = rpc.inquiry(flow_id)
        assert waiting["kind"] == "search_again"


def test_a_block_that_kills_the_daemon_each_time_is_given_up(home: Home) -> None:
    home.start(ALVO_CRASH_AT="decide-before")
    with home.rpc() as rpc:
        with contextlib.suppress(ConnectionError, OSError):
            rpc("flow.start", question="What is it?", flow_id="mine")
        home.gone()
    for _ in range(2):
        home.spawn(ALVO_CRASH_AT="decide-before")
        home.gone()
    home.start(ALVO_CRASH_AT="decide-before")
    with home.rpc() as rpc:
        flow = rpc("flow.get", flow_id="mine")
        assert (flow["status"], flow["error"]["name"]) == ("failed", "FLOW_ATTEMPTS")


def test_an_orderly_stop_is_no_attempt_however_often(home: Home) -> None:
    with GeminiServer() as server:
        model = {
            "ALVO_REASONER_KIND": "gemini",
            "ALVO_REASONER_BASE_URL": server.base_url,
            "GEMINI_API_KEY": KEY,
        }
        held = server.released
        server.otherwise = lambda _: held.wait(30) and decision(type="answer", enough=False)
        home.start(**model)
        with home.rpc() as rpc:
            rpc("flow.start", question="What is it?", flow_id="mine")
        for n in range(1, 5):
            wait_until(lambda n=n: len(server.generated) >= n)
            home.stop()
            home.start(**model)
        with home.rpc() as rpc:
            assert rpc("flow.get", flow_id="mine")["status"] == "running"
        home.kill()
        home.start(**model)
        with home.rpc() as rpc:
            assert rpc("flow.get", flow_id="mine")["status"] == "running"
