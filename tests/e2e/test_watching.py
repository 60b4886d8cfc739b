"""Story: several clients watch the same flow; none loses or doubles an event."""

import threading
import time
from typing import Any

from tests.support.daemon import Home, Rpc, alive
from tests.support.waiting import wait_until


def watch(rpc: Rpc, flow_id: str, after: int = 0, limit: int = 500) -> list[dict[str, Any]]:
    """Every event until the flow has ended, by asking again and again."""
    seen = list[dict[str, Any]]()
    while True:
        reply = rpc("flow.wait", flow_id=flow_id, after=after, timeout_s=5, limit=limit)
        seen += reply["events"]
        if reply["events"]:
            after = reply["events"][-1]["seq"]
        elif reply["flow"]["status"] in {"executed", "failed", "answered"}:
            return seen


def test_two_watchers_see_every_event_once_and_in_order(home: Home) -> None:
    home.start()
    with home.rpc() as rpc, home.rpc("slow") as slow, home.rpc("quick") as quick:
        flow = rpc("flow.start", question="!seq 20000; sleep 0.2; seq 5", cwd=str(home.home))
        found = dict[str, list[dict[str, Any]]]()
        threads = [
            threading.Thread(target=lambda: found.update(slow=watch(slow, flow["id"], limit=1))),
            threading.Thread(target=lambda: found.update(quick=watch(quick, flow["id"]))),
        ]
        for thread in threads:
            thread.start()
        rpc.allow(rpc.inquiry(flow["id"]))
        for thread in threads:
            thread.join(60)
        assert found["slow"] == found["quick"]
        numbers = [event["seq"] for event in found["slow"]]
        assert numbers == sorted(set(numbers))
        printed = "".join(e["data"]["text"] for e in found["slow"] if e["kind"] == "output")
        wanted = [*range(1, 20001), *range(1, 6)]
        assert [int(line) for line in printed.split()] == wanted


def test_who_comes_back_after_a_kill_misses_nothing(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = rpc("flow.start", question="!echo first; sleep 60", cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        while "first" not in rpc.output(flow["id"]):
            time.sleep(0.02)
        before = rpc.events(flow["id"])
    home.kill()
    home.start()
    with home.rpc() as rpc:
        after = rpc.events(flow["id"])
        assert after[: len(before)] == before
        new = [event["data"] for event in after[len(before) :]]
        assert new[-1]["status"] == "interrupted"
        # And the next flow's events come after all of these, also for who follows everything.
        other = rpc("flow.start", question="!true")
        rpc.follow(other["id"], {"waiting"})
        everything = rpc.events()
        assert everything[: len(after)] == after
        assert all(event["seq"] > after[-1]["seq"] for event in everything[len(after) :])


def test_waiting_for_all_flows_wakes_for_any_of_them(home: Home) -> None:
    home.start()
    with home.rpc() as rpc, home.rpc("badge") as badge:
        found = list[Any]()
        waiting = threading.Thread(
            target=lambda: found.append(badge("flow.wait", after=0, timeout_s=20))
        )
        waiting.start()
        flow = rpc("flow.start", question="!true")
        waiting.join(20)
        assert found[0]["flow"] is None
        assert found[0]["events"][0]["flow_id"] == flow["id"]


def test_a_wait_without_events_ends_when_its_time_is_up(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        begun = time.monotonic()
        assert rpc("flow.wait", after=0, timeout_s=0.3)["events"] == []
        assert 0.25 < time.monotonic() - begun < 5


def test_the_same_flow_id_starts_one_flow(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        one = rpc("flow.start", question="!true", flow_id="mine")
        other = rpc("flow.start", question="!true", flow_id="mine")
        assert one["id"] == other["id"] == "mine"
        assert len(rpc("flow.list")["flows"]) == 1


def test_a_deleted_flow_is_gone_with_its_events_and_numbers_are_not_reused(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = rpc("flow.start", question="!echo x", cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        rpc.follow(flow["id"], {"executed"})
        last = rpc.events()[-1]["seq"]
        rpc("flow.delete", flow_id=flow["id"])
        assert rpc.events() == []
        assert rpc("inquiry.list")["inquiries"] == []
        rpc("flow.start", question="!true")
        assert rpc("flow.wait", after=0, timeout_s=5)["events"][0]["seq"] > last


def test_a_command_of_its_own_leaves_no_bash_behind_but_what_it_started_stays(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        plain = rpc("flow.start", question="!echo $$ > pid", cwd=str(home.home))
        rpc.allow(rpc.inquiry(plain["id"]))
        rpc.follow(plain["id"], {"executed"})
        wait_until(lambda: not alive(int((home.home / "pid").read_text())), within=20)
        kept = rpc("flow.start", question="!sleep 300 & echo $! > job", cwd=str(home.home))
        rpc.allow(rpc.inquiry(kept["id"]))
        rpc.follow(kept["id"], {"executed"})
        shared = rpc("flow.start", question="!cd /; A=1", cwd=str(home.home), conversation="shared")
        rpc.allow(rpc.inquiry(shared["id"]))
        rpc.follow(shared["id"], {"executed"})
        again = rpc("flow.start", question="!echo $A $PWD", conversation="shared")
        inquiry = rpc.inquiry(again["id"])
        assert inquiry["cwd"] == "/"
        rpc.allow(inquiry)
        rpc.follow(again["id"], {"executed"})
        assert rpc.output(again["id"]).split() == ["1", "/"]
        assert alive(int((home.home / "job").read_text()))
