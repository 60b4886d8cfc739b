"""Story: what was asked, allowed and run can be read afterwards, and nobody alters it unnoticed."""

import json

import apsw

from tests.support.daemon import Home
from tests.support.waiting import wait_until


def test_a_task_from_question_to_end_is_in_the_log_with_who_allowed_it(home: Home) -> None:
    home.start()
    with home.rpc("tester") as rpc:
        flow = rpc("flow.start", question="!echo one; exit 3", cwd=str(home.home))
        inquiry = rpc.inquiry(flow["id"])
        rpc.allow(inquiry)
        rpc.follow(flow["id"], {"failed"})
        entries = rpc("audit.list", flow_id=flow["id"])["entries"][::-1]
        assert [entry["kind"] for entry in entries] == [
            "inquiry_shown",
            "inquiry_ended",
            "approval_granted",
            "approval_used",
            "command_started",
            "command_ended",
        ]
        shown, ended, granted, _, started, done = (entry["data"] for entry in entries)
        assert (shown["script"], shown["digest"]) == (inquiry["script"], inquiry["digest"])
        assert (ended["decision"], ended["by"]["client"]) == ("allow", "tester")
        assert granted["scripts"] == [started["script"]] == [inquiry["script"]]
        assert (done["status"], done["exit_status"]) == ("failed", 3)
        rpc("flow.delete", flow_id=flow["id"])
        assert rpc("audit.list", flow_id=flow["id"])["entries"][::-1] == entries


def test_a_command_that_a_crash_cut_off_has_an_end_in_the_log(home: Home) -> None:
    home.start(ALVO_CRASH_AT="command-ended")
    with home.rpc() as rpc:
        flow = rpc("flow.start", question="!true", cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
    home.gone()
    home.start()
    with home.rpc() as rpc:
        newest = rpc("audit.list", flow_id=flow["id"], limit=1)["entries"][0]
        assert (newest["kind"], newest["data"]["status"]) == ("command_ended", "interrupted")
        assert rpc("audit.verify")["intact"]


def test_a_secret_is_not_in_the_log(home: Home) -> None:
    home.start()
    canary = "canary-7f3a"
    with home.rpc() as rpc:
        flow = rpc("flow.start", question="!echo ready; read -s x", cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        wait_until(lambda: "ready" in rpc.output(flow["id"]))
        rpc("terminal.send", flow_id=flow["id"], text=f"{canary}\n", secret=True)
        rpc.follow(flow["id"], {"executed"})
        assert canary not in json.dumps(rpc("audit.list", limit=1000))


def test_a_log_cut_off_while_the_daemon_was_down_is_told_by_the_command(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = rpc("flow.start", question="!true", cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        rpc.follow(flow["id"], {"executed"})
    whole = home.run("alvo", "audit", "verify")
    assert whole.returncode == 0
    assert "Intact: 6 entries, 1 to 6." in whole.stdout
    listed = home.run("alvo", "audit")
    assert listed.stdout.count("\n") == 6
    home.stop()
    connection = apsw.Connection(str(home.place / "state/alvo/state.db"))
    connection.execute("DROP TRIGGER audit_is_removed_by_age_alone; DELETE FROM audit WHERE n > 3")
    connection.close()
    home.start()
    broken = home.run("alvo", "audit", "verify")
    assert broken.returncode == 1
    assert "entry 6 is not the one that was last seen there" in broken.stdout
    report = json.loads(home.run("alvo", "audit", "verify", "--json").stdout)
    assert not report["intact"]
    assert "journalctl" in report["limit"]


def test_entries_are_kept_as_long_as_the_person_wants(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        flow = rpc("flow.start", question="!true", cwd=str(home.home))
        rpc("flow.cancel", flow_id=rpc.follow(flow["id"], {"waiting"})["id"])
    home.stop()
    home.start(ALVO_AUDIT_KEEP_DAYS="0.0000001")
    with home.rpc() as rpc:

        def kinds() -> list[str]:
            return [entry["kind"] for entry in rpc("audit.list")["entries"]]

        wait_until(lambda: kinds() == ["pruned"])
        assert rpc("audit.verify")["intact"]
