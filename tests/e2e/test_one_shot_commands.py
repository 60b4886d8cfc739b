"""One-shot commands: results on standard output, the rest beside it, and an exit status that tells."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemon import Home, RpcError
from tests.support.terminal import CTRL_C, CTRL_D, Terminal
from tests.support.waiting import wait_until


@pytest.fixture
def started(home: Home) -> Home:
    home.start()
    return home


def parked(home: Home, *command: str) -> str:
    done = home.run("alvo", "run", "--", *command)
    assert done.returncode == 4, done.stderr
    (inquiry,) = home.run("alvo", "inquiries", "--ids").stdout.split()
    return inquiry


def test_without_a_terminal_a_task_is_parked_and_says_how_to_answer(started):
    done = started.run("alvo", "run", "--", "echo", "a b")
    assert (done.returncode, done.stdout) == (4, "")
    assert "1 │ echo 'a b'" in done.stderr
    (inquiry,) = started.run("alvo", "inquiries", "--ids").stdout.split()
    assert f"alvo allow {inquiry}" in done.stderr


def test_allow_shows_and_runs_that_one_and_its_output_is_the_result(started):
    inquiry = parked(started, "echo one; echo two >&2")
    done = started.run("alvo", "allow", inquiry)
    assert (done.returncode, done.stdout) == (0, "one\ntwo\n")
    assert "1 │ echo one; echo two >&2" in done.stderr
    assert "✓ exit status 0" in done.stderr


def test_all_that_a_command_printed_is_shown_to_its_last_line(started):
    """Much more than one reply of the daemon holds, and the flow has ended before it is read."""
    inquiry = parked(started, "seq 700000")
    done = started.run("alvo", "allow", inquiry)
    assert (done.returncode, len(done.stdout)) == (0, 4788895)
    assert done.stdout.endswith("\n699999\n700000\n")
    assert "✓ exit status 0" in done.stderr


def test_a_second_answer_is_told_who_gave_the_first(started):
    inquiry = parked(started, "true")
    assert started.run("alvo", "deny", inquiry).returncode == 0
    again = started.run("alvo", "allow", inquiry)
    assert again.returncode == 1
    assert "denied by script (process" in again.stderr


def test_the_exit_status_tells_a_failure_and_a_denial(started):
    failing = parked(started, "exit 7")
    done = started.run("alvo", "allow", failing)
    assert done.returncode == 1
    assert "ended with status 7" in done.stderr
    flow = json.loads(started.run("alvo", "flows", "--json").stdout)["flows"][0]["id"]
    assert started.run("alvo", "attach", flow).returncode == 1
    denied = parked(started, "true")
    started.run("alvo", "deny", denied)
    flow = json.loads(started.run("alvo", "flows", "--json").stdout)["flows"][0]["id"]
    assert started.run("alvo", "attach", flow).returncode == 3


def test_json_is_one_document_of_the_final_flow(started):
    done = started.run("alvo", "run", "--json", "--", "echo", "x")
    assert done.returncode == 4
    flow = json.loads(done.stdout)
    assert (flow["status"], flow["question"]) == ("waiting", "!echo x")
    inquiry = json.loads(started.run("alvo", "inquiries", "--json").stdout)["inquiries"][0]
    allowed = started.run("alvo", "allow", "--json", inquiry["id"])
    assert json.loads(allowed.stdout)["status"] == "executed"


@pytest.mark.parametrize(
    "words",
    [
        ("flows", "--json"),
        ("inquiries", "--json"),
        ("sources", "--json"),
        ("status", "--json"),
        ("search", "--json", "anything"),
    ],
)
def test_every_list_has_its_json(started, words):
    done = started.run("alvo", *words)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)


def test_no_daemon_is_status_five_and_says_what_to_do(home):
    done = home.run("alvo", "status")
    assert (done.returncode, done.stdout) == (5, "")
    assert "Start it: alvo (alone, at a terminal)" in done.stderr


def test_stop_ends_the_daemon_and_what_waits_waits_for_the_next_one(started):
    inquiry = parked(started, "echo later")
    done = started.run("alvo", "stop")
    assert (done.returncode, done.stdout) == (0, "")
    assert "Stopped." in done.stderr
    assert started.daemon is not None
    assert started.daemon.wait(10) == 0
    again = started.run("alvo", "stop")
    assert (again.returncode, again.stderr) == (0, "No daemon runs.\n")
    started.start()
    assert started.run("alvo", "allow", inquiry).stdout == "later\n"


def test_stop_asks_before_it_cuts_a_command_off(started):
    inquiry = parked(started, "sleep 60")
    with started.rpc() as rpc:
        rpc.allow(rpc("inquiry.get", inquiry_id=inquiry))
        with Terminal(started, "alvo", "stop") as terminal:
            terminal.see("1 flow is running", "[y/N] ")
            terminal.line("")
            terminal.see("Left running.")
            assert terminal.end() == 1
        assert rpc("daemon.status")["flows_running"] == 1


def test_what_alvo_runs_cannot_stop_it(started):
    mine = parked(started, "alvo stop --yes; echo status $?")
    done = started.run("alvo", "allow", mine)
    assert "status 1" in done.stdout
    assert started.answers()


def test_a_source_is_named_by_its_name_or_its_place(started):
    (started.home / "notes").mkdir()
    (started.home / "notes" / "a.md").write_text("# A\n\nSomething to read.\n")
    added = started.run("alvo", "sources", "add", "notes")
    assert "1 document, 1 passage" in added.stdout
    assert started.run("alvo", "sources", "refresh", "notes").returncode == 0
    removed = started.run("alvo", "sources", "remove", str(started.home / "notes"))
    assert (removed.returncode, removed.stdout) == (0, "")
    assert "No documents yet." in started.run("alvo", "sources").stderr


def test_a_command_that_cannot_be_run_says_why_in_the_person_s_language(started):
    with started.rpc(language="pt") as rpc:
        for question, said in (("! ", "está vazio"), ("!echo \0", "contém um caractere NUL")):
            flow = rpc("flow.start", question=question)
            ended = rpc.follow(flow["id"], {"failed"})
            assert said in ended["error"]["message"]


def test_an_answer_that_does_not_fit_says_why_in_the_person_s_language(started):
    inquiry = parked(started, "true")
    with started.rpc(language="pt") as rpc:
        with pytest.raises(RpcError) as raised:
            rpc("inquiry.answer", inquiry_id=inquiry, decision="reply", text="x")
        assert "a consulta é do tipo run" in raised.value.message
        with pytest.raises(RpcError) as raised:
            rpc("inquiry.answer", inquiry_id=inquiry, decision="allow")
        assert "digest" in raised.value.message


def test_doctor_works_with_the_daemon_down_and_up(home):
    down = home.run("alvo", "doctor")
    assert down.returncode == 5
    assert "✗ The daemon does not answer" in down.stdout
    home.start()
    up = home.run("alvo", "doctor")
    assert "✓ daemon 0.1.0" in up.stdout
    assert "Traceback" not in up.stdout + up.stderr


@pytest.mark.parametrize("words", [("frobnicate",), ("show",), ("flows", "--nonsense"), ("ask",)])
def test_a_mistake_is_status_two(started, words):
    done = started.run("alvo", *words)
    assert done.returncode == 2
    assert done.stderr.startswith("✗ ")


def test_an_unknown_id_is_a_sentence(started):
    done = started.run("alvo", "show", "zzzzzz")
    assert done.returncode == 1
    assert "There is no flow zzzzzz." in done.stderr


def test_standard_input_is_given_along(started):
    started.run("alvo", "ask", "what is this about?", given="some context")
    question = json.loads(started.run("alvo", "flows", "--json").stdout)["flows"][0]["question"]
    assert question == "what is this about?"


def test_sigint_cancels_the_flow_and_is_status_130(started):
    program = Path(sys.executable).parent / "alvo"
    inquiry_free = subprocess.Popen(
        [program, "run", "--", "sleep 60"],
        env=started.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    inquiry_free.wait(20)
    (inquiry,) = started.run("alvo", "inquiries", "--ids").stdout.split()
    running = subprocess.Popen(
        [program, "allow", inquiry],
        env=started.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def executing() -> bool:
        listed = started.run("alvo", "flows", "--json", "--status", "executing").stdout
        return bool(json.loads(listed)["flows"])

    wait_until(executing)
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 130
    assert (
        json.loads(started.run("alvo", "flows", "--json").stdout)["flows"][0]["status"]
        == "cancelled"
    )


def test_on_a_terminal_the_question_is_asked_below_and_the_default_is_no(started):
    with Terminal(started, "alvo", "run", "--", "touch made") as terminal:
        terminal.see("1 │ touch made", "Run it? [y/N, ", "e edits, p previews] ")
        terminal.line("")
        assert terminal.end() == 3
    assert not (started.home / "made").exists()
    with Terminal(started, "alvo", "run", "--", "touch made") as terminal:
        terminal.see("Run it? [y/N, ", "e edits, p previews] ")
        terminal.line("y")
        assert terminal.end() == 0
    assert (started.home / "made").exists()


def test_keys_that_were_typed_ahead_do_not_answer(started):
    with Terminal(started, "alvo", "run", "--", "touch made") as terminal:
        terminal.type("y\ry\ry\r")
        terminal.see("Run it? [y/N, ", "e edits, p previews] ")
        terminal.type(CTRL_D)
        assert terminal.end() == 4
    assert not (started.home / "made").exists()


def test_ctrl_c_at_the_question_cancels(started):
    with Terminal(started, "alvo", "run", "--", "touch made") as terminal:
        terminal.see("Run it? [y/N, ", "e edits, p previews] ")
        terminal.type(CTRL_C)
        assert terminal.end() == 130
    flow = json.loads(started.run("alvo", "flows", "--json").stdout)["flows"][0]
    assert flow["status"] == "cancelled"


def test_allow_on_a_terminal_asks_and_a_no_leaves_it_waiting(started):
    inquiry = parked(started, "touch made")
    with Terminal(started, "alvo", "allow", inquiry) as terminal:
        terminal.see("1 │ touch made", "Run it? [y/N] ")
        terminal.line("n")
        assert terminal.end() == 4
    assert started.run("alvo", "inquiries", "--ids").stdout.split() == [inquiry]
    with Terminal(started, "alvo", "allow", "--yes", inquiry) as terminal:
        assert terminal.end() == 0
    assert (started.home / "made").exists()


def test_what_alvo_runs_cannot_answer_for_the_person(started):
    other = parked(started, "touch made")
    started.run("alvo", "run", "--", f"alvo allow {other}; echo status $?")
    waiting = started.run("alvo", "inquiries", "--ids").stdout.split()
    (mine,) = set(waiting) - {other}
    done = started.run("alvo", "allow", mine)
    assert "What Alvo runs cannot answer for you." in done.stdout
    assert "status 1" in done.stdout
    assert not (started.home / "made").exists()


def test_a_reader_that_has_seen_enough_is_no_error(started):
    for _ in range(3):
        started.run("alvo", "run", "--", "echo x")
    program = Path(sys.executable).parent / "alvo"
    done = subprocess.run(
        ["bash", "-c", f"{program} flows --json | head -c 1; echo ${{PIPESTATUS[0]}}"],
        env={**os.environ, **started.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("{0\n", "")


def test_output_that_cannot_be_written_is_a_sentence(started):
    program = Path(sys.executable).parent / "alvo"
    for where, status, said in (
        ("> /dev/full", 1, "✗ The system refuses: No space left on device.\n"),
        (">&-", 0, ""),
        ("<&- >&-", 0, ""),
    ):
        done = subprocess.run(
            ["bash", "-c", f"{program} help {where}; echo $? >&2"],
            env={**os.environ, **started.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == f"{said}{status}\n"


def test_words_that_are_no_text_are_a_sentence(started):
    ran = started.run("alvo", "run", "--", "echo \udcff")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("✗ alvo run: the words are not valid UTF-8.")


def test_who_follows_a_command_is_told_when_a_crash_cuts_it_off(started):
    inquiry = parked(started, "echo begun; sleep 60")
    with Terminal(started, "alvo", "allow", "--yes", inquiry, within=30) as terminal:
        terminal.see("\nbegun")
        started.kill()
        started.start()
        terminal.see("was cut off")
        assert terminal.end() == 1


def test_who_waits_at_a_question_can_answer_after_a_restart(started):
    with Terminal(started, "alvo", "run", "--", "echo survived") as terminal:
        terminal.see("Run it? [y/N, ", "e edits, p previews] ")
        started.kill()
        started.start()
        terminal.line("y")
        terminal.see("\nsurvived")
        assert terminal.end() == 0


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_no_locale_makes_a_traceback(started, locale):
    environ = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for words, status in (
        (("run", "--", "echo ✓ \u202e"), 4),
        (("inquiries",), 0),
        (("help",), 0),
        (("show", "zz\udcff"), 2),
    ):
        done = started.run("alvo", *words, environ=environ)
        assert "Traceback" not in done.stderr
        assert done.returncode == status, words
