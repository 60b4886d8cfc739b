"""The interactive shell: answers stream, inquiries are asked below them, and nobody else answers."""

import stat
from pathlib import Path

import pytest

from tests.support import gemini_server as wire
from tests.support.daemon import Home
from tests.support.gemini_server import KEY, GeminiServer
from tests.support.terminal import ALT_ENTER, CTRL_C, CTRL_D, Terminal, a_shell, history_of
from tests.support.waiting import wait_until


@pytest.fixture
def started(home: Home) -> Home:
    home.start()
    return home


def first_flow(home: Home) -> dict:
    with home.rpc() as rpc:
        return rpc("flow.list")["flows"][0]


def status_of_first(home: Home) -> str:
    return first_flow(home)["status"]


def test_a_yes_runs_the_command_and_shows_its_output(started):
    with a_shell(started) as shell:
        shell.line("!echo one; pwd")
        shell.see(
            "Alvo asks to run this", "1 │ echo one; pwd", "Run it? [y/N, e edits, p previews]"
        )
        shell.line("y")
        shell.see("\none", str(started.home), "✓ exit status 0")
        shell.prompt()
    assert status_of_first(started) == "executed"


@pytest.mark.parametrize("typed", ["", "n", "yes please", "Y N", "ok", " "])
def test_anything_but_a_plain_yes_is_a_no(started, typed):
    with a_shell(started) as shell:
        shell.line("!touch made")
        shell.see("Run it?")
        shell.line(typed)
        shell.see("I cannot carry out the task without permission.")
        shell.prompt()
    assert status_of_first(started) == "denied"
    assert not (started.home / "made").exists()


def test_a_question_that_is_typed_where_a_yes_was_asked_for_is_a_no_and_stands_in_the_next_line(
    started,
):
    (started.home / "oven.md").write_text("# The oven\n\nThe oven is lit at 05:30 each morning.\n")
    with a_shell(started) as shell:
        shell.line("/sources add oven.md")
        shell.see("1 document, 1 passage")
        shell.prompt()
        shell.line("What is the height of the tower?")
        shell.see("Search once more?")
        shell.line("When is the oven lit?")
        shell.see("I do not have enough information to answer.")
        shell.prompt()
        shell.see("When is the oven lit?")
        shell.type("\r")
        shell.see("The oven is lit at 05:30 each morning. [1]")
        shell.prompt()


def test_keys_that_were_typed_before_the_question_do_not_answer_it(started):
    with a_shell(started) as shell:
        shell.type("!touch made\ry\ry\ry\r")
        shell.see("Run it?")
        with started.rpc() as rpc:
            flow = rpc.follow(first_flow(started)["id"], {"waiting"})
        assert flow["status"] == "waiting"
        shell.type("\r")
        shell.see("I cannot carry out the task without permission.")
    assert not (started.home / "made").exists()


def test_who_has_added_nothing_reads_how_that_is_done(started):
    with Terminal(started, "alvo") as shell:
        shell.see("There is nothing to answer from yet.", "/sources add PATH")
        shell.prompt()
        (started.home / "a.md").write_text("# A\n\nSomething to read.\n")
        shell.line("/sources add a.md")
        shell.see("1 document, 1 passage")
        shell.prompt()
    with a_shell(started) as shell:
        assert "nothing to answer from" not in shell.seen


def test_a_command_of_ones_own_ends_without_a_footer(started):
    with a_shell(started) as shell:
        shell.line("!echo one")
        shell.see("Run it?")
        shell.line("y")
        shell.see("✓ exit status 0")
        shell.prompt()
        assert "flow " not in shell.seen.partition("exit status")[2]


def test_the_shell_goes_on_with_the_next_daemon(started):
    with a_shell(started) as shell:
        shell.line("!x=kept; echo one")
        shell.see("Run it?")
        shell.line("y")
        shell.see("✓ exit status 0")
        shell.prompt()
        started.kill()
        started.start()
        shell.line("!echo two")
        shell.see("Run it?")
        shell.line("y")
        shell.see("\ntwo", "✓ exit status 0")
        shell.prompt()


def test_a_secret_is_not_drawn_not_even_as_stars(home):
    missing = {"information": "a token", "source": "USER", "secret": True, "name": "MY_TOKEN"}
    plan = [{"explanation": "Counts it.", "script": "echo ${#MY_TOKEN} characters"}]
    with GeminiServer() as server:
        server.script(
            wire.decision(type="task", enough=False, missing=[missing]),
            wire.decision(type="task", enough=True, answer="Counts.", plan=plan),
        )
        home.start(
            ALVO_REASONER_KIND="gemini",
            ALVO_REASONER_BASE_URL=server.base_url,
            GEMINI_API_KEY=KEY,
        )
        with a_shell(home) as shell:
            shell.line("use my token")
            shell.see("Alvo asks you", "> a token", "not shown, not stored (Enter: none):")
            shell.line("hunter2")
            shell.see("Alvo asks to run this", "usual ones, MY_TOKEN", "Run it?")
            shell.line("y")
            shell.see("\n7 characters")
            shell.prompt()
            assert "hunter2" not in shell.seen
            assert "*" not in shell.seen


def test_ctrl_c_cancels_the_flow_and_not_the_shell(started):
    with a_shell(started) as shell:
        shell.line("!echo begun; sleep 60")
        shell.see("Run it?")
        shell.line("y")
        shell.see("\nbegun")
        shell.type(CTRL_C)
        shell.see("Cancelled.")
        shell.prompt()
        assert status_of_first(started) == "cancelled"
        shell.line("!echo still here")
        shell.see("Run it?")
        shell.type(CTRL_C)
        shell.see("Cancelled.")
        shell.prompt()
        shell.type(CTRL_D)
        assert shell.end() == 0


def test_ctrl_d_at_a_question_leaves_it_waiting(started):
    with a_shell(started) as shell:
        shell.line("!echo later")
        shell.see("Run it?")
        shell.type(CTRL_D)
        shell.see("Left waiting: /allow ")
        shell.prompt()
        (inquiry,) = started.run("alvo", "inquiries", "--ids").stdout.split()
        shell.line(f"/allow {inquiry}")
        shell.see("1 │ echo later", "Run it? [y/N]")
        shell.line("y")
        shell.see("\nlater", "✓ exit status 0")


def test_a_question_that_is_answered_elsewhere_is_withdrawn(started):
    with a_shell(started) as shell:
        shell.line("!echo from elsewhere")
        shell.see("Run it?")
        (inquiry,) = started.run("alvo", "inquiries", "--ids").stdout.split()
        allowed = started.run("alvo", "allow", inquiry)
        assert allowed.returncode == 0
        shell.see("allowed by script", "\nfrom elsewhere", "✓ exit status 0")
        shell.prompt()


def test_two_shells_watch_the_same_flow(started):
    with a_shell(started) as one, a_shell(started) as other:
        one.line("!echo shared")
        one.see("Run it?")
        flow = first_flow(started)["id"][:6]
        other.line(f"/attach {flow}")
        other.see("1 │ echo shared", "Run it?")
        other.line("y")
        other.see("\nshared", "✓ exit status 0")
        one.see("allowed by shell (process", "\nshared", "✓ exit status 0")
        one.prompt()


def test_who_only_watches_does_not_end_the_flow(started):
    with a_shell(started) as one, a_shell(started) as other:
        one.line("!sleep 60")
        one.see("Run it?")
        one.line("y")
        one.see("$ sleep 60")
        other.line(f"/attach {first_flow(started)['id']}")
        other.see("$ sleep 60")
        other.type(CTRL_C)
        other.see("Still there.")
        other.prompt()
        assert status_of_first(started) == "executing"
        one.type(CTRL_C)
        one.see("Cancelled.")


def test_the_shell_tells_what_waits_elsewhere(started):
    with a_shell(started) as shell:
        started.run("alvo", "run", "--no-input", "--", "echo", "parked")
        shell.see("Something new waits for you: /allow ")


def test_e_edits_and_what_was_written_is_what_runs(started, tmp_path):
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho 'echo mine' > \"$1\"\n")
    editor.chmod(0o700)
    with a_shell(started, VISUAL=str(editor)) as shell:
        shell.line("!echo theirs")
        shell.see("Run it?")
        shell.line("e")
        shell.see("1 │ echo mine", "Run your version?")
        shell.line("y")
        shell.see("\nmine", "✓ exit status 0")


def test_several_lines_are_one_command(started):
    with a_shell(started) as shell:
        shell.type("!echo first" + ALT_ENTER + "echo second \\\rthird\r")
        shell.see("1 │ echo first", "2 │ echo second \\", "3 │ third", "Run it?")
        shell.line("y")
        shell.see("\nfirst", "\nsecond third")


def test_the_conversation_keeps_its_directory_and_new_begins_another(started):
    with a_shell(started) as shell:
        shell.line("!cd / && x=5")
        shell.see("Run it?")
        shell.line("y")
        shell.see("✓ exit status 0")
        shell.line("!echo $PWD $x")
        shell.see("Run it?")
        shell.line("y")
        shell.see("\n/ 5")
        shell.line("/new")
        shell.see("A new conversation")
        shell.line("!echo $PWD,$x.")
        shell.see("Run it?")
        shell.line("y")
        shell.see(f"\n{started.home},.")


def test_history_is_kept_but_for_lines_that_begin_with_a_space(started):
    with a_shell(started) as shell:
        shell.line("/status")
        shell.see("Alvo 0.1.0")
        shell.prompt()
        shell.line(" /inquiries")
        shell.prompt()
    text = history_of(started)
    assert "/status" in text
    assert "/inquiries" not in text
    path = Path(started.environ["XDG_STATE_HOME"]) / "alvo" / "history"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_list_is_there_and_mistakes_are_sentences(started):
    with a_shell(started) as shell:
        for line, answer in (
            ("/help", "Ctrl-C: cancel the flow"),
            ("/flows", "No flows yet."),
            ("/inquiries", "Nothing waits for you."),
            ("/sources", "No documents yet."),
            ("/show zzzzzz", "There is no flow zzzzzz."),
            ("/nonsense", "There is no command /nonsense."),
            ("/show", "/show: ID is missing"),
            ("!", "The command cannot be run"),
        ):
            shell.line(line)
            shell.see(answer)
            shell.prompt()
        shell.line("/quit")
        assert shell.end() == 0


def test_hostile_output_cannot_draw_on_the_screen(started):
    with a_shell(started) as shell:
        shell.line(r"!printf '\033[2J\033]0;title\007\033[1;1Hfake'")
        shell.see("Run it?")
        shell.line("y")
        shell.see("<U+001B>[2J<U+001B>]0;title<U+0007><U+001B>[1;1Hfake", "✓ exit status 0")


def test_the_shell_outlives_the_daemon_and_finds_the_inquiry_again(started):
    with a_shell(started) as shell:
        shell.line("!echo survived")
        shell.see("Run it?")
        started.kill()
        started.start()
        shell.line("y")
        shell.see("\nsurvived", "✓ exit status 0")
        assert started.log().count("Traceback") == 0


def test_alvo_alone_starts_the_daemon_and_says_so(home):
    try:
        with Terminal(home, "alvo") as shell:
            shell.see("Started the daemon in the background.")
            shell.prompt()
            shell.line("/status")
            shell.see("Alvo 0.1.0")
    finally:
        with home.rpc() as rpc:
            rpc("daemon.stop")
        wait_until(lambda: not home.socket.exists())


def test_the_shell_speaks_portuguese(started):
    with a_shell(started, LANG="pt_BR.UTF-8") as shell:
        shell.line("!echo oi")
        shell.see(
            "O Alvo pede para executar isto",
            "Executar? [s/N, a sempre, c nesta conversa, e edita, p faz a prévia]",
        )
        shell.line("s")
        shell.see("\noi", "✓ status de saída 0")
