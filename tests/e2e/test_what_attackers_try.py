"""Story: hostile documents, models, commands and clients; each is refused, shown, or bounded."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.protocol.escape import is_hidden
from tests.support import gemini_server as wire
from tests.support.bash_sessions import commands
from tests.support.daemon import Home, Rpc, RpcError
from tests.support.gemini_server import KEY, GeminiServer
from tests.support.preview import is_possible
from tests.support.waiting import wait_until

ENDED = {"executed", "failed", "denied", "interrupted", "cancelled", "answered"}


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as made:
        yield made


def with_model(home: Home, server: GeminiServer) -> Rpc:
    home.start(
        ALVO_REASONER_KIND="gemini", ALVO_REASONER_BASE_URL=server.base_url, GEMINI_API_KEY=KEY
    )
    return home.rpc()


def run(rpc: Rpc, home: Home, script: str, **more: Any) -> dict[str, Any]:
    """A command of the person's own, allowed and over."""
    flow = rpc("flow.start", question="!" + script, cwd=str(home.home), **more)
    rpc.allow(rpc.inquiry(flow["id"]))
    return rpc.follow(flow["id"], ENDED)


@pytest.mark.timeout(60)
def test_a_program_that_is_no_file_holds_no_flow_up(home: Home) -> None:
    home.start()
    os.mkfifo(home.home / "pipe")
    (home.home / "zero").symlink_to("/dev/zero")
    with (home.home / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with home.rpc() as rpc:
        for command in ("!./pipe", "!./zero", "!sh sparse", "!sh /*/*/*/*/*/*/*/*"):
            flow = rpc("flow.start", question=command, cwd=str(home.home))
            assert rpc.inquiry(flow["id"])["kind"] == "run"


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("flow.wait", {"after": 10**30, "timeout_s": 0}),
        ("flow.wait", {"after": -(10**30), "timeout_s": 0, "limit": 10**30}),
        ("flow.start", {"question": "!ls", "cwd": "/tmp\0/x"}),
        ("flow.list", {"limit": -(10**30), "before": "\0"}),
        ("index.search", {"query": '\0"* NEAR(', "k": 10**30, "filter": "\0", "agent": "\0"}),
        ("source.add", {"kind": "documents", "location": "/\0"}),
    ],
)  # fmt: skip
def test_no_value_of_a_parameter_makes_an_error_without_a_sentence(
    home: Home, method: str, params: dict[str, Any]
) -> None:
    home.start()
    with home.rpc() as rpc, contextlib.suppress(RpcError):
        rpc(method, **params)
    assert "reference" not in home.log()


SECRET = "canary-7f3a it's"
ASKED = {
    "information": "the password",
    "source": "USER",
    "question": "What is the password?",
    "secret": True,
    "name": "VAULT_API_KEY",
}


def test_a_secret_that_a_command_prints_reaches_no_event_no_prompt_and_no_file(
    home: Home, server: GeminiServer
) -> None:
    leaks = (
        'echo "$VAULT_API_KEY"; env; set -x; : "$VAULT_API_KEY"; set +x; printf "%s" "${VAULT_API_KEY:0:9}";'
        ' sleep 0.3; printf "%s\\n" "${VAULT_API_KEY:9}"; nope "$VAULT_API_KEY" >&2; false'
    )
    plan = [{"explanation": "leak", "script": leaks}]
    server.script(
        wire.decision(type="task", enough=False, missing=[ASKED]),
        wire.decision(type="task", enough=True, plan=plan),
        wire.decision(type="task", enough=True, plan=[{"explanation": "", "script": "true"}]),
    )
    with with_model(home, server) as rpc:
        flow = rpc("flow.start", question="Open the vault", cwd=str(home.home))
        inquiry = rpc.inquiry(flow["id"])
        rpc("inquiry.answer", inquiry_id=inquiry["id"], decision="reply", text=SECRET)
        rpc.allow(rpc.inquiry(flow["id"]))
        assert rpc.follow(flow["id"], ENDED)["error"]["name"] == "COMMAND_FAILED"
        output = rpc.output(flow["id"])
        assert "VAULT_API_KEY=" in output
        rpc("flow.retry", flow_id=flow["id"])
        rpc.inquiry(flow["id"])
        assert "canary" not in output + str(rpc.events())
    home.stop()
    for file in home.place.rglob("*"):
        if file.is_file():
            assert b"canary" not in file.read_bytes(), file
    assert not any("canary" in request.user + request.system for request in server.generated)


def test_a_password_typed_unseen_is_neither_echoed_nor_kept(home: Home) -> None:
    """The program may turn the echo off too late, or not at all, and repeat what it read."""
    home.start()
    with home.rpc() as rpc:
        script = '!echo Password:; read -r p; read -rs q; echo "got $p and $q"'
        flow = rpc("flow.start", question=script, cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        wait_until(lambda: "Password:" in rpc.output(flow["id"]))
        for text in ("open sesame\n", "hunter2\n"):
            rpc("terminal.send", flow_id=flow["id"], text=text, secret=True)
        assert rpc.follow(flow["id"], ENDED)["status"] == "executed"
        output = rpc.output(flow["id"])
        assert "got" in output
        assert "sesame" not in output
        assert "hunter" not in output
    home.stop()
    assert not [f for f in home.place.rglob("*") if f.is_file() and b"sesame" in f.read_bytes()]


ASK = """
import json, os, socket, sys, time

def attempt():
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(sys.argv[1])
    lines = peer.makefile("rb")

    def ask(method, **params):
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        peer.sendall(json.dumps(call).encode() + b"\\n")
        line = lines.readline()
        if not line.endswith(b"\\n"):
            raise ConnectionResetError  # the daemon died before it had answered
        return json.loads(line)

    for inquiry in ask("inquiry.list", status="waiting")["result"]["inquiries"]:
        here = {"inquiry_id": inquiry["id"], "digest": inquiry["digest"]}
        for method, params in (
            ("inquiry.answer", here | {"decision": "allow"}),
            ("inquiry.answer", here | {"decision": "deny"}),
            ("inquiry.preview", {"inquiry_id": inquiry["id"]}),
            ("permission.add", {"pattern": "touch *", "cwd": "/", "scope": "always"}),
            ("terminal.send", {"flow_id": inquiry["flow_id"], "text": "y"}),
            ("flow.cancel", {"flow_id": inquiry["flow_id"]}),
            ("daemon.stop", {}),
        ):
            print(ask(method, **params).get("error", {}).get("data", {}).get("name"), flush=True)

for _ in range(int(sys.argv[2])):
    try:
        attempt()
    except OSError:
        pass
    time.sleep(0.1)
"""
REFUSED = "ANSWER_FROM_SESSION"
FORKS_TWICE = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3)
        os.execvpe(sys.argv[1], sys.argv[1:], {"PATH": os.environ["PATH"]})
    os._exit(0)
os.wait()
"""
# As an ordinary user would run, where the tests run as the superuser.
PLAIN = "setpriv --bounding-set=-all --inh-caps=-all" if os.geteuid() == 0 else "env"


def test_no_way_of_starting_a_program_makes_it_a_person(home: Home) -> None:
    home.start()
    (home.home / "ask.py").write_text(ASK)
    ask = f"python3 ask.py {home.socket} 1"
    ways = [
        f"script -qec '{ask}' /dev/null",
        f"bash -c 'exec {ask}'",
        f"{PLAIN} prlimit --locks=77 --rttime=77777777 env -i PATH=$PATH setsid -w {ask}",
        # It waits until its output is held: bash forgets the descriptors of one that has ended.
        f"coproc {{ read; {ask}; }}; exec 7<&${{COPROC[0]}}; echo >&${{COPROC[1]}}; cat <&7",
        f"mkfifo p; (setsid -f {ask} > p) & cat p",
        f"nice nohup timeout 9 {ask} | cat",
        f"LD_PRELOAD= PYTHONPATH=. xargs -a /dev/null {ask}",
        f"python3 -c '{FORKS_TWICE}' {ask} 2>&1 | cat",
        f"trap '{ask}' INT; kill -INT $$; trap - INT",
        *([f"unshare -Ur -m -p -f --mount-proc env -i PATH=$PATH {ask}"] if is_possible() else []),
    ]
    with home.rpc() as rpc:
        victim = rpc("flow.start", question="!touch victim", cwd=str(home.home))
        rpc.inquiry(victim["id"])
        for way in ways:
            ended = run(rpc, home, way)
            lines = rpc.output(ended["id"]).split()
            assert lines.count(REFUSED) == 7, (way, lines)
        assert rpc("permission.list")["permissions"] == []
        assert rpc("flow.get", flow_id=victim["id"])["status"] == "waiting"
    assert not (home.home / "victim").exists()


def test_a_command_cannot_start_flows_without_end(home: Home) -> None:
    start = """
import json, socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
lines = peer.makefile("rb")
for n in range(9):
    call = {"jsonrpc": "2.0", "id": n, "method": "flow.start", "params": {"question": f"!echo {n}"}}
    peer.sendall(json.dumps(call).encode() + b"\\n")
    print(json.loads(lines.readline()).get("error", {}).get("data", {}).get("name"), flush=True)
"""
    home.start(ALVO_FLOW_MAX_FROM_COMMANDS="4")
    (home.home / "start.py").write_text(start)
    with home.rpc() as rpc:
        for begun in (4, 0):
            ended = run(rpc, home, f"python3 start.py {home.socket}")
            said = rpc.output(ended["id"]).split()
            assert said == ["None"] * begun + ["FLOW_TOO_MANY_BY_COMMANDS"] * (9 - begun)
        for flow in rpc("flow.list", status="waiting")["flows"]:
            rpc("flow.cancel", flow_id=flow["id"])
        assert rpc("flow.start", question="!true")["status"] == "running"
        ended = run(rpc, home, f"python3 start.py {home.socket}")
        assert rpc.output(ended["id"]).split().count("None") == 4


def test_a_command_that_kills_the_daemon_neither_outlives_it_nor_takes_its_place(
    home: Home,
) -> None:
    daemon = home.start()
    (home.home / "ask.py").write_text(ASK)
    away = f"python3 ask.py {home.socket} 300 > late 2>&1"
    script = (
        f"cd {Path(__file__).parents[2]}; {sys.executable} -m daemon; env -i HOME=$HOME {sys.executable} -m daemon;"
        f" cd ~; {PLAIN} bash -c 'ulimit -x 5; ulimit -R 5; env -i setsid -f bash -c \"({away} &)\"';"
        f" until [ -s late ]; do sleep 0.05; done; kill -9 {daemon.pid}; sleep 60"
    )
    with home.rpc() as rpc:
        victim = rpc("flow.start", question="!touch victim", cwd=str(home.home))
        rpc.inquiry(victim["id"])
        attack = rpc("flow.start", question="!" + script, cwd=str(home.home))
        rpc.allow(rpc.inquiry(attack["id"]))
        home.gone(
            within=90
        )  # two daemons have tried to start before, on a machine that may be busy
    home.start()
    with home.rpc() as rpc:
        ended = rpc("flow.get", flow_id=attack["id"])
        assert ended["status"] == "interrupted"
        assert rpc.output(attack["id"]).count("cannot start Alvo's daemon") == 2
        assert rpc("flow.get", flow_id=victim["id"])["status"] == "waiting"
    assert set((home.home / "late").read_text().split()) == {REFUSED}
    assert not commands(f"ask.py {home.socket}")
    assert not (home.home / "victim").exists()


def test_a_file_name_cannot_write_on_the_screen_nor_hide_in_json(home: Home) -> None:
    notes = home.home / "notes"
    notes.mkdir()
    (notes / "a\u202e\x1b[2Jb.md").write_text("# Opening\n\nThe shop opens at nine.\n")
    (notes / "c\x1b]0;t\x07\n.pdf").write_bytes(b"%PDF-1.4 nothing")
    for words in (["add", str(notes)], ["list"], ["refresh"], ["search", "shop"], ["verify"]):
        for more in ([], ["--json"]):
            ran = home.run("alvo-embed", *words, *more)
            shown = ran.stdout + ran.stderr
            assert not [c for c in shown if c != "\n" and is_hidden(c)], (words, more, shown)


def test_what_a_crash_left_is_named_without_what_it_was_told(home: Home) -> None:
    """Its words may hold a secret, and after the crash nobody knows which one."""
    home.start(ALVO_CRASH_AT="output")
    with home.rpc() as rpc:
        question = f"!bash -c 'sleep 300' {SECRET.split(maxsplit=1)[0]} & echo on; wait"
        flow = rpc("flow.start", question=question, cwd=str(home.home), flow_id="mine")
        rpc.allow(rpc.inquiry(flow["id"]))
        home.gone()
    home.start()
    with home.rpc() as rpc:
        assert rpc("flow.get", flow_id="mine")["status"] == "interrupted"
        assert "left running: " in home.log()
        assert "canary" not in home.log()
