"""Commands that ask for input, at a real terminal: prompts, passwords, editors, pagers, two clients."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Home, Rpc, RpcError
from tests.support.terminal import CTRL_C, CTRL_D, Terminal, a_shell
from tests.support.waiting import wait_until

PYTHON = sys.executable
LEAVE, CTRL_Z = "\x1d", "\x1a"
CANARY = "canary-9f3b7c21"
PASSWORD = f'{PYTHON} -c \'import getpass; p = getpass.getpass("Key: "); print(len(p), "letters")\''
CURSES = """
import curses
def main(screen):
    curses.mousemask(curses.ALL_MOUSE_EVENTS)
    while True:
        rows, columns = screen.getmaxyx()
        screen.erase()
        screen.addstr(0, 0, f"size {rows} {columns} colours {curses.COLORS}")
        screen.refresh()
        key = screen.getch()
        if key == ord("q"):
            return
        if key == curses.KEY_MOUSE:
            screen.addstr(2, 0, "mouse %d %d" % curses.getmouse()[1:3])
            screen.refresh()
            screen.getch()
curses.wrapper(main)
print("left the screen")
"""


@pytest.fixture
def started(home: Home) -> Home:
    home.start()
    return home


@pytest.fixture
def curses_program(started: Home) -> str:
    (started.home / "screen.py").write_text(CURSES)
    return f"{PYTHON} screen.py"


def run(home: Home, script: str, *words: str) -> Terminal:
    """`alvo run` at a terminal, with the yes given."""
    terminal = Terminal(home, "alvo", "run", *words, "--", script)
    terminal.asked("Run it?")
    terminal.line("y")
    return terminal


def executing(home: Home, script: str) -> dict[str, Any]:
    """A flow whose command runs, begun and allowed by a client without a terminal."""
    with home.rpc() as rpc:
        flow = rpc("flow.start", question=f"!{script}", cwd=str(home.home))
        rpc.allow(rpc.inquiry(flow["id"]))
        found: dict[str, Any] = rpc.follow(flow["id"], {"executing"})
        return found


def waits(rpc: Rpc, flow_id: str, terminal: str | None) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        flow: dict[str, Any] = rpc("flow.get", flow_id=flow_id)
        return flow if flow["terminal"] == terminal else None

    found: dict[str, Any] = wait_until(there)
    return found


def latest(home: Home) -> str:
    with home.rpc() as rpc:
        return str(rpc("flow.list")["flows"][0]["id"])


# Lines and passwords.


def test_a_line_is_asked_for_and_given(started: Home) -> None:
    with run(started, "read -p 'Your name? ' x; echo \"hello $x\"") as terminal:
        terminal.see("Your name?")
        terminal.asked("The command wants a line:")
        terminal.line("Ana")
        terminal.see("hello Ana")
        assert terminal.end() == 0


def test_yes_and_no_are_asked_for_one_after_the_other(started: Home) -> None:
    script = 'for n in 1 2; do read -p "go $n? [y/n] " x; echo "<$x>"; done'
    with run(started, script) as terminal:
        for n, answer in ((1, "y"), (2, "n")):
            terminal.see(f"go {n}? [y/n]")
            terminal.asked("The command wants a line:")
            terminal.line(answer)
            terminal.see(f"<{answer}>")
        assert terminal.end() == 0


def test_the_end_of_input_can_be_given(started: Home) -> None:
    with run(started, "cat > typed; echo done") as terminal:
        terminal.asked("The command wants a line:")
        terminal.line("one")
        terminal.asked("The command wants a line:")
        terminal.type(CTRL_D)
        terminal.see("done")
        assert terminal.end() == 0
    assert (started.home / "typed").read_text() == "one\n"


def test_a_question_that_is_given_up_is_withdrawn(started: Home) -> None:
    script = "timeout 1 head -n 1; echo went on"
    with run(started, script) as terminal:
        terminal.see("The command wants a line:", "went on")
        assert terminal.end() == 0


def test_a_password_is_typed_unseen_and_is_kept_nowhere(started: Home) -> None:
    follow = Terminal(started, "alvo", "run", "--", f"{PASSWORD}; cat /dev/null")
    with follow as terminal:
        terminal.asked("Run it?")
        terminal.line("y")
        with Terminal(started, "alvo", "attach", "--no-input", latest(started)) as other:
            other.see("waits for a password")
            terminal.asked("The command wants a password (not shown, not stored):")
            terminal.line(CANARY)
            terminal.see(f"{len(CANARY)} letters")
            assert terminal.end() == 0
            other.see(f"{len(CANARY)} letters")
            assert other.end() == 0
            assert CANARY not in terminal.seen + other.seen
    assert files_with(CANARY, started.place) == []


def test_a_password_that_the_program_prints_is_taken_out(started: Home) -> None:
    script = f'{PYTHON} -c \'import getpass; print("[" + getpass.getpass() + "]")\''
    with run(started, script) as terminal:
        terminal.asked("wants a password")
        terminal.line(CANARY)
        terminal.see("[•••]")
        assert terminal.end() == 0
    assert files_with(CANARY, started.place) == []


def test_a_password_is_a_secret_even_if_its_client_does_not_say_so(started: Home) -> None:
    flow = executing(started, f"{PYTHON} -c 'import getpass; print(getpass.getpass())'")
    with started.rpc() as rpc:
        waits(rpc, flow["id"], "password")
        rpc("terminal.send", flow_id=flow["id"], text=f"{CANARY}\n")
        rpc.follow(flow["id"], {"executed"})
        assert "•••" in rpc.output(flow["id"])
    assert files_with(CANARY, started.place) == []


def files_with(text: str, place: Path) -> list[Path]:
    files = [file for file in place.rglob("*") if file.is_file()]
    return [file for file in files if text.encode() in file.read_bytes()]


@pytest.mark.skipif(not shutil.which("sudo"), reason="sudo is not installed")
def test_sudo_runs_in_a_session(started: Home) -> None:
    """As root it asks for nothing; a password prompt of its kind is tested above."""
    with run(started, "sudo -n true; echo over") as terminal:
        terminal.see("over")
        assert terminal.end() == 0


# Screens.


def test_a_full_screen_program_gets_the_terminal_and_gives_it_back(
    started: Home, curses_program: str
) -> None:
    with run(started, f"{curses_program}; read -p 'and? ' x; echo \"<$x>\"") as terminal:
        terminal.see("Ctrl-] leaves it running", "size 50 100 colours 256")
        terminal.program.setwinsize(30, 90)
        terminal.see("size 30 90")
        terminal.type("\x1b[<0;1;1M")  # a mouse button, as xterm reports it
        terminal.see("mouse 0 0")
        terminal.type("xq")
        terminal.see("left the screen", "and?")
        terminal.asked("The command wants a line:")
        terminal.line("well")
        terminal.see("<well>")
        assert terminal.end() == 0
        assert "U+001B" not in terminal.seen


def test_ctrl_bracket_leaves_it_running_and_another_client_takes_it_up(
    started: Home, curses_program: str
) -> None:
    with run(started, curses_program) as terminal:
        terminal.see("size 50 100")
        flow_id = latest(started)
        terminal.type(LEAVE)
        terminal.see("Still there.")
        assert terminal.end() == 4
    with started.rpc() as rpc:
        assert rpc("flow.get", flow_id=flow_id)["terminal"] == "screen"
    with Terminal(started, "alvo", "attach", flow_id) as other:
        other.see("size 50 100")
        other.type("q")
        other.see("left the screen")
        assert other.end() == 0


def test_two_clients_show_the_same_screen(started: Home, curses_program: str) -> None:
    with run(started, curses_program) as one:
        one.see("size 50 100")
        with Terminal(started, "alvo", "attach", latest(started)) as other:
            other.see("size 50 100")
            one.type("q")
            one.see("left the screen")
            other.see("left the screen")
            assert one.end() == other.end() == 0


def test_the_shell_lends_its_terminal_and_goes_on(started: Home, curses_program: str) -> None:
    with a_shell(started) as shell:
        shell.line(f"!{curses_program}")
        shell.see("Run it?")
        shell.line("y")
        shell.see("size 50 100")
        shell.type(LEAVE)
        shell.see("Still there.")
        shell.prompt()
        shell.line(f"/attach {latest(started)}")
        shell.see("size 50 100")
        shell.type("q")
        shell.see("left the screen", "exit status 0")
        shell.prompt()
        shell.line("!read -p 'name? ' x; echo \"<$x>\"")
        shell.see("Run it?")
        shell.line("y")
        shell.see("name?", "The command wants a line:")
        shell.line("Ana")
        shell.see("<Ana>", "exit status 0")
        shell.prompt()
        shell.line(f"!{PASSWORD}")
        shell.see("Run it?")
        shell.line("y")
        shell.see("wants a password")
        shell.line(CANARY)
        shell.see("letters", "exit status 0")
        assert CANARY not in shell.seen
    assert files_with(CANARY, started.place) == []


def test_a_python_prompt_is_a_python_prompt(started: Home) -> None:
    with run(started, f"{PYTHON} -q") as terminal:
        terminal.see(">>> ")
        terminal.line("6 * 7")
        terminal.see("42", ">>> ")
        terminal.line("import time; time.sleep(60)")
        terminal.see("time.sleep(60)")
        terminal.type(CTRL_C)
        terminal.see("KeyboardInterrupt", ">>> ")
        terminal.line("exit()")
        assert terminal.end() == 0


EDITORS = [
    ("vim", "vim -u NONE -N note", "ihello\x1b:wq\r"),
    ("nano", "nano -I note", "hello\x18y\r"),
]


@pytest.mark.parametrize(("program", "script", "keys"), EDITORS)
def test_an_editor_edits_a_file(started: Home, program: str, script: str, keys: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    with run(started, script) as terminal:
        terminal.see("Ctrl-] leaves it running")
        with started.rpc() as rpc:
            waits(rpc, latest(started), "screen")
        terminal.see("note")
        terminal.type(keys)
        assert terminal.end() == 0
        assert "U+001B" not in terminal.seen
    assert (started.home / "note").read_text() == "hello\n"


@pytest.mark.skipif(not shutil.which("less"), reason="less is not installed")
def test_less_shows_a_page_and_the_next(started: Home) -> None:
    (started.home / "long").write_text("".join(f"line {n}\n" for n in range(500)))
    with run(started, "less long") as terminal:
        terminal.see("line 48")
        terminal.type(" ")
        terminal.see("line 96")
        terminal.type("q")
        assert terminal.end() == 0


@pytest.mark.skipif(not shutil.which("top"), reason="top is not installed")
def test_top_draws_until_it_is_told_to_end(started: Home) -> None:
    with run(started, "top -d 0.3") as terminal:
        terminal.see("load average", "PID")
        terminal.see("load average")
        terminal.type("q")
        assert terminal.end() == 0


def test_ctrl_z_stops_what_has_the_screen_and_fg_takes_it_up(
    started: Home, curses_program: str
) -> None:
    script = f"{curses_program}; echo stopped with $?"
    with run(started, script, "--conversation", "z") as terminal:
        terminal.see("size 50 100")
        terminal.type(CTRL_Z)
        terminal.see("stopped with 148")
        assert terminal.end() == 0
    with run(started, "fg", "--conversation", "z") as terminal:
        terminal.see("size 50 100")
        terminal.type("q")
        terminal.see("left the screen")
        assert terminal.end() == 0


def test_any_command_can_be_given_the_terminal_on_request(started: Home) -> None:
    flow = executing(started, f"echo begun; {PASSWORD}; read -p 'name? ' x; echo \"<$x>\"")
    with started.rpc() as rpc:
        waits(rpc, flow["id"], "password")
    with Terminal(started, "alvo", "attach", "-t", flow["id"]) as terminal:
        terminal.see("Ctrl-] leaves it running", "begun", "Key:")
        terminal.line(f"wrong\x15{CANARY}x\x7f")
        terminal.see(f"{len(CANARY)} letters", "name?")
        terminal.line("Ana")
        terminal.see("<Ana>")
        assert terminal.end() == 0
        assert CANARY not in terminal.seen
    assert files_with(CANARY, started.place) == []


def test_without_a_terminal_it_is_said_who_waits_and_how_to_serve_it(started: Home) -> None:
    flow = executing(started, "read -p 'name? ' x; echo \"<$x>\"")
    with started.rpc() as rpc:
        waits(rpc, flow["id"], "line")
        with Terminal(started, "alvo", "attach", "--no-input", flow["id"]) as terminal:
            terminal.see(f"The command waits for a line. Answer it: alvo attach {flow['id'][:6]}")
            rpc("terminal.send", flow_id=flow["id"], text="Ana\n")
            terminal.see("<Ana>")
            assert terminal.end() == 0


# What the daemon tells.


def test_two_clients_see_what_a_command_waits_for_and_that_it_goes_on(started: Home) -> None:
    flow = executing(started, "read x; sleep 0.3; echo on")
    with started.rpc() as one, started.rpc() as other:
        for rpc in (one, other):
            assert waits(rpc, flow["id"], "line")["status"] == "executing"
        one("terminal.send", flow_id=flow["id"], text="x\n")
        waits(other, flow["id"], None)
        one.follow(flow["id"], {"executed"})
        for rpc in (one, other):
            told = [
                e["data"]["terminal"] for e in rpc.events(flow["id"]) if e["kind"] == "terminal"
            ]
            assert told == ["line", None]


def test_a_command_that_was_cancelled_waits_for_nothing(started: Home) -> None:
    flow = executing(started, "read x")
    with started.rpc() as rpc:
        waits(rpc, flow["id"], "line")
        assert rpc("flow.cancel", flow_id=flow["id"])["terminal"] is None


def test_after_a_crash_nothing_waits_any_more(started: Home) -> None:
    flow = executing(started, "read x")
    with started.rpc() as rpc:
        waits(rpc, flow["id"], "line")
    started.kill()
    started.start()
    with started.rpc() as rpc:
        after = rpc("flow.get", flow_id=flow["id"])
        assert (after["status"], after["terminal"]) == ("interrupted", None)


def test_typed_ahead_does_not_answer_the_next_command(started: Home) -> None:
    flow = executing(started, "echo on; sleep 0.5")
    with started.rpc() as rpc:
        wait_until(lambda: rpc.output(flow["id"]))
        rpc("terminal.send", flow_id=flow["id"], text="y\ny\ny\n")
        rpc.follow(flow["id"], {"executed"})
        plan = 'read -t 0.3 x; echo "[$x]"'
        again = rpc(
            "flow.start", question=f"!{plan}", cwd=str(started.home),
            conversation=flow["conversation"],
        )  # fmt: skip
        rpc.allow(rpc.inquiry(again["id"]))
        rpc.follow(again["id"], {"executed"})
        assert rpc.output(again["id"]).endswith("[]\n")


def test_a_terminal_without_a_person_stays_dumb(started: Home) -> None:
    script = "echo $TERM $PAGER $(stty size)"
    flow = executing(started, script)
    with started.rpc() as rpc:
        rpc.follow(flow["id"], {"executed"})
        assert rpc.output(flow["id"]) == "dumb cat 24 80\n"
    with run(started, script) as terminal:
        terminal.see("xterm-256color cat 50 100")
        assert terminal.end() == 0


def test_a_command_cannot_resize_or_type_into_a_terminal(started: Home) -> None:
    speak = (
        "import json,socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        "s.sendall(json.dumps({'jsonrpc':'2.0','id':1,'method':sys.argv[2],"
        "'params':json.loads(sys.argv[3])}).encode()+b'\\n'); print(s.recv(4096).decode())"
    )
    for method, params in (
        ("terminal.resize", '{"flow_id":"x","rows":1,"cols":1}'),
        ("terminal.send", '{"flow_id":"x","text":"y"}'),
    ):
        flow = executing(started, f"{PYTHON} -c \"{speak}\" {started.socket} {method} '{params}'")
        with started.rpc() as rpc:
            rpc.follow(flow["id"], {"executed"})
            assert "ANSWER_FROM_SESSION" in rpc.output(flow["id"])


def test_a_size_is_refused_where_the_flow_has_ended(started: Home) -> None:
    flow = executing(started, "true")
    with started.rpc() as rpc:
        rpc.follow(flow["id"], {"executed"})
        with pytest.raises(RpcError) as caught:
            rpc("terminal.resize", flow_id=flow["id"], rows=20, cols=20)
        assert caught.value.name == "NO_COMMAND_RUNNING"


def test_a_screen_goes_on_beyond_the_limit_of_what_is_kept(home: Home) -> None:
    home.start(ALVO_SHELL_OUTPUT_LIMIT_BYTES="20000")
    script = (
        "stty raw -echo; for i in {1..300}; do printf '%0200d' $i; sleep 0.002; done; read -n 1 x"
    )
    flow = executing(home, script)
    with home.rpc() as rpc:
        seen, after = "", 0

        def last_is_there() -> bool:
            nonlocal seen, after
            for event in rpc("flow.wait", flow_id=flow["id"], after=after, timeout_s=1)["events"]:
                after = event["seq"]
                seen += event["data"]["text"] if event["kind"] == "output" else ""
            return f"{300:0200d}" in seen

        wait_until(last_is_there)
        rpc("terminal.send", flow_id=flow["id"], text="q")
        rpc.follow(flow["id"], {"executed"})
        kept = rpc.output(flow["id"])
        assert len(kept) < 60_000
        assert re.search(r"\n… \d+ …\n", kept)
