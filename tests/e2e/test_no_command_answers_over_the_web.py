"""Story: what Alvo runs cannot answer for the person, also not through the bridge (P1)."""

import http.client
import json
import shlex
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.daemon import Home, Rpc
from tests.support.ordinary_user import run_as_ordinary_user
from tests.support.web import Web, a_bridge

DISGUISES = {
    "plainly": "{curl}",
    "in a session of its own": "setsid -w {curl}",
    "without its environment": "env -i {curl}",
    "orphaned": "(setsid {curl} &) ; sleep 3",
    "in another program": "/bin/sh -c {quoted}",
    "with a login of a browser": "{cookie_curl}",
    "in a batch": "{batch_curl}",
}


def told(rpc: Rpc, home: Home, script: str) -> str:
    """What a script prints that the person allowed."""
    flow = rpc("flow.start", question=f"!{script}", cwd=str(home.home))
    rpc.allow(rpc.inquiry(flow["id"]))
    rpc.follow(flow["id"], {"executed", "failed"})
    return rpc.output(flow["id"])


@pytest.mark.slow
@pytest.mark.parametrize("disguise", DISGUISES)
def test_an_allowed_script_cannot_allow_another_one(home: Home, disguise: str) -> None:
    home.start()
    with a_bridge(home) as web, home.rpc() as rpc:
        web.log_in()
        other = rpc("flow.start", question="!touch stolen", cwd=str(home.home))
        inquiry = rpc.inquiry(other["id"])
        printed = told(rpc, home, script(web, inquiry, DISGUISES[disguise]))
        assert "WEB_PEER_REFUSED" in printed
        assert rpc("inquiry.get", inquiry_id=inquiry["id"])["status"] == "waiting"
        assert not (home.home / "stolen").exists()
        # The same from outside is the person's own doing.
        path = f"/api/v1/inquiries/{inquiry['id']}/answer"
        reply = web.call("POST", path, {"decision": "allow", "digest": inquiry["digest"]})
        assert (reply.status, reply.json["answered_by"]["client"]) == (200, "web")
        rpc.follow(other["id"], {"executed"})


def script(web: Web, inquiry: dict[str, str], disguise: str) -> str:
    answer = {"decision": "allow", "digest": inquiry["digest"]}
    call = {"jsonrpc": "2.0", "id": 1, "method": "inquiry.answer"}
    batch = [{**call, "params": {**answer, "inquiry_id": inquiry["id"]}}]
    one = f"{web.origin}/api/v1/inquiries/{inquiry['id']}/answer"
    token = ("Authorization", f"Bearer {web.token}")
    curl = curled(one, answer, token)
    return disguise.format(
        curl=curl,
        quoted=shlex.quote(curl),
        cookie_curl=curled(one, answer, ("Cookie", web.cookie), ("Origin", web.origin)),
        batch_curl=curled(f"{web.origin}/rpc", batch, token),
    )


def curled(url: str, body: object, *headers: tuple[str, str]) -> str:
    given = [("Content-Type", "application/json"), *headers]
    words = [word for name, value in given for word in ("-H", f"{name}: {value}")]
    return shlex.join(["curl", "-s", "-m", "10", *words, "-d", json.dumps(body), url])


def test_a_script_that_is_gone_before_it_is_looked_for_is_refused(home: Home) -> None:
    home.start()
    with a_bridge(home) as web, home.rpc() as rpc:
        other = rpc("flow.start", question="!touch stolen", cwd=str(home.home))
        inquiry = rpc.inquiry(other["id"])
        body = json.dumps({"decision": "allow", "digest": inquiry["digest"]})
        request = (
            f"POST /api/v1/inquiries/{inquiry['id']}/answer HTTP/1.1\r\nHost: {web.host}\r\n"
            f"Authorization: Bearer {web.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        written = home.home / "request"
        written.write_text(request)
        told(rpc, home, f"cat request > /dev/tcp/127.0.0.1/{web.port}")
        # Asked later, and answered: so the first request has had its turn.
        assert web.call("GET", f"/api/v1/inquiries/{inquiry['id']}").json["status"] == "waiting"
        assert rpc("inquiry.get", inquiry_id=inquiry["id"])["status"] == "waiting"
        assert not (home.home / "stolen").exists()


def test_a_connection_of_the_persons_that_a_command_gets_hold_of_is_no_longer_theirs(
    home: Home,
) -> None:
    home.start()
    with a_bridge(home) as web, home.rpc() as rpc, connected(web) as peer:
        other = rpc("flow.start", question="!touch stolen", cwd=str(home.home))
        inquiry = rpc.inquiry(other["id"])
        # The person has answered over it before, so that it is known as theirs.
        assert answered(peer, web, "none", "0" * 64) == "INQUIRY_NOT_FOUND"
        pipe = home.home / "handed"
        with socket.socket(socket.AF_UNIX) as giving:
            giving.bind(str(pipe))
            giving.listen()
            keep = (
                "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
                "held=socket.recv_fds(s,1,1); s.send(b'.'); s.recv(1)"
            )
            attack = rpc("flow.start", question=f'!python3 -c "{keep}" {pipe}', cwd=str(home.home))
            rpc.allow(rpc.inquiry(attack["id"]))
            taking, _ = giving.accept()
            with taking:
                # The bridge comes to know everybody who is there, this command among them.
                for _ in range(20):
                    assert answered(peer, web, "none", "0" * 64) == "INQUIRY_NOT_FOUND"
                socket.send_fds(taking, [b"."], [peer.fileno()])
                assert taking.recv(1) == b"."
                for _ in range(20):
                    told = answered(peer, web, inquiry["id"], inquiry["digest"])
                    assert told == "WEB_PEER_REFUSED"
        rpc.follow(attack["id"], {"executed"})
        assert rpc("inquiry.get", inquiry_id=inquiry["id"])["status"] == "waiting"
        # That command has ended, and so it is the person's alone again.
        assert answered(peer, web, "none", "0" * 64) == "INQUIRY_NOT_FOUND"


def connected(web: Web) -> socket.socket:
    return socket.create_connection(("127.0.0.1", web.port), timeout=20)


def answered(peer: socket.socket, web: Web, inquiry: str, digest: str) -> str:
    """The name of the error that an answer over this very connection gets."""
    params = {"inquiry_id": inquiry, "decision": "allow", "digest": digest}
    call = {"jsonrpc": "2.0", "id": 1, "method": "inquiry.answer", "params": params}
    body = json.dumps(call)
    peer.sendall(
        f"POST /rpc HTTP/1.1\r\nHost: {web.host}\r\nAuthorization: Bearer {web.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    reply = http.client.HTTPResponse(peer)
    reply.begin()
    name: str = json.loads(reply.read())["error"]["data"]["name"]
    return name


HIT_AND_RUN = """
import os, signal, socket, sys, time
bridge, port = int(sys.argv[1]), int(sys.argv[2])
os.kill(bridge, signal.SIGSTOP)
with socket.create_connection(("127.0.0.1", port)) as peer:
    peer.sendall(open("request", "rb").read())
time.sleep(0.5)  # until the kernel has forgotten whose it was
os.kill(bridge, signal.SIGCONT)
"""


def test_a_script_that_has_left_while_the_bridge_was_stopped_is_refused(home: Home) -> None:
    """What follows its request keeps the end of the connection from being seen."""
    home.start()
    with a_bridge(home) as web, home.rpc() as rpc:
        other = rpc("flow.start", question="!touch stolen", cwd=str(home.home))
        inquiry = rpc.inquiry(other["id"])
        params = {"inquiry_id": inquiry["id"], "decision": "allow", "digest": inquiry["digest"]}
        call = {"jsonrpc": "2.0", "id": 1, "method": "inquiry.answer", "params": params}
        body = json.dumps(call).encode()
        head = (
            f"POST /rpc HTTP/1.1\r\nHost: {web.host}\r\nAuthorization: Bearer {web.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        first, second = (head + f"{size}\r\n\r\n".encode() for size in (len(body), 700_000))
        (home.home / "request").write_bytes(first + body + second + b" " * 50_000)
        (home.home / "run.py").write_text(HIT_AND_RUN)
        told(rpc, home, f"python3 run.py {web.process.pid} {web.port}")
        # Asked later, and answered: so the first request has had its turn.
        assert web.call("GET", f"/api/v1/inquiries/{inquiry['id']}").json["status"] == "waiting"
        assert not (home.home / "stolen").exists()


@pytest.mark.slow
def test_nor_where_the_superuser_is_somebody_else() -> None:
    """To a bridge of an ordinary user the kernel's 0 would be another user, who may do anything."""
    place = Path(tempfile.mkdtemp(prefix="alvo", dir="/tmp"))
    place.chmod(0o755)
    chosen = "has_left_while_the_bridge_was_stopped"
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "-k", chosen]
    try:
        done = run_as_ordinary_user([*command, f"--basetemp={place}/base", __file__], place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED" not in done.stdout


def test_nor_does_a_script_end_the_session_of_another_conversation(home: Home) -> None:
    home.start()
    with a_bridge(home) as web, home.rpc() as rpc:
        flow = rpc("flow.start", question="!true", cwd=str(home.home), conversation="talk")
        rpc.allow(rpc.inquiry(flow["id"]))
        rpc.follow(flow["id"], {"executed"})
        token = ("Authorization", f"Bearer {web.token}")
        call = {"jsonrpc": "2.0", "id": 1, "method": "session.end"}
        body = {**call, "params": {"conversation": "talk"}}
        by_rpc = curled(f"{web.origin}/rpc", body, token)
        deleted = ("-X", "DELETE", f"{web.origin}/api/v1/sessions/talk")
        by_rest = shlex.join(["curl", "-s", "-H", ": ".join(token), *deleted])
        assert told(rpc, home, f"{by_rpc}; {by_rest}").count("WEB_PEER_REFUSED") == 2
        assert "talk" in [one["conversation"] for one in rpc("session.list")["sessions"]]
        # A script may read what there is, and the person may end it.
        assert web.rpc("session.end", conversation="talk")["conversation"] == "talk"


def test_a_bridge_that_a_command_starts_does_not_start(home: Home) -> None:
    home.start()
    with home.rpc() as rpc:
        printed = told(rpc, home, f"{home.environ['PATH'].partition(':')[0]}/alvo-web --port 0")
        assert "a ponte" in printed or "cannot open the bridge" in printed


def test_a_script_may_read_over_the_web(home: Home) -> None:
    home.start()
    with a_bridge(home) as web, home.rpc() as rpc:
        words = shlex.join(
            [
                "curl",
                "-s",
                "-H",
                f"Authorization: Bearer {web.token}",
                f"{web.origin}/api/v1/status",
            ]
        )
        assert '"flows_running":1' in told(rpc, home, words)
