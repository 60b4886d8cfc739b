"""Words on the command line: questions may look like options, mistakes are answered in a sentence."""

import subprocess

import pytest

from client.commands.agents import run
from client.commands.completions import script
from client.commands.help import overview, row
from client.console import Console
from client.dispatch import parser_of
from client.ids import new_id
from client.table import COMMANDS, names, nearest
from client.usage import UsageError
from daemon.store.ids import is_id

CONSOLE = Console({"LANG": "C"})


def read(name: str, *words: str):
    parser = parser_of(CONSOLE, name)
    return parser.parse_args(parser.arranged(list(words)))


@pytest.mark.parametrize(
    ("words", "text", "json"),
    [
        (["how", "many"], ["how", "many"], False),
        (["how does tar -x work"], ["how does tar -x work"], False),
        (["how", "does", "tar", "-x", "work"], ["how", "does", "tar", "-x", "work"], False),
        (["--json", "how", "many"], ["how", "many"], True),
        (["how", "many", "--json"], ["how", "many"], True),
        (["--", "--json", "what"], ["--json", "what"], False),
        (["what", "--", "is", "--"], ["what", "is", "--"], False),
        (["--conversation=c1", "x"], ["x"], False),
    ],
)
def test_a_question_is_made_of_all_words_that_are_no_options(words, text, json):
    given = read("ask", *words)
    assert given.text == text
    assert given.json is json


def test_an_option_takes_its_value_wherever_it_stands():
    given = read("ask", "how", "--conversation", "c1", "many")
    assert (given.conversation, given.text) == ("c1", ["how", "many"])


@pytest.mark.parametrize(
    "words",
    [
        ["create", "--private", "--seed", "3", "me", "a.md", "b.md"],
        ["create", "me", "--private", "--seed=3", "a.md", "b.md"],
        ["create", "me", "a.md", "--seed", "3", "b.md", "--private"],
        ["--seed", "3", "create", "me", "--private", "--", "a.md", "b.md"],
    ],
)
def test_options_may_stand_between_the_words_of_a_command(words):
    given = read("agents", *words)
    assert (given.verb, given.name, given.rest) == ("create", "me", ["a.md", "b.md"])
    assert (given.private, given.seed) == (True, 3)


def test_a_file_may_be_called_like_an_option_behind_two_dashes_and_one_dash_is_a_word():
    assert read("agents", "create", "me", "--", "--private").rest == ["--private"]
    assert read("agents", "create", "me", "-", "--private").rest == ["-"]
    with pytest.raises(UsageError, match="--privte"):
        read("agents", "create", "me", "--privte", "a.md")


@pytest.mark.parametrize("version", ["²", "x", "9" * 5000, "-"])
def test_a_version_to_go_back_to_is_a_number(version):
    with pytest.raises(UsageError):
        run(CONSOLE, "agents", read("agents", "rollback", "ann", version))


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["--", "ls", "--json"], ["ls", "--json"]),
        (["ls", "--json"], ["ls", "--json"]),
        (["--json", "--", "ls", "-l"], ["ls", "-l"]),
        (["git", "--", "x"], ["git", "--", "x"]),
        (["--conversation", "c", "ls"], ["ls"]),
    ],
)
def test_what_run_is_given_is_the_command_from_its_first_word_on(words, command):
    assert read("run", *words).command == command


@pytest.mark.parametrize(
    ("name", "words"),
    [("show", []), ("flows", ["--status", "odd"]), ("flows", ["--limit", "x"]), ("status", ["x"])],
)
def test_a_mistake_is_a_sentence_and_not_a_traceback(name, words):
    with pytest.raises(UsageError) as raised:
        read(name, *words)
    assert raised.value.message.startswith(f"alvo {name}: ")
    assert raised.value.exit_status == 2


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("show", [], "alvo show: falta ID"),
        ("show", ["a", "b"], "alvo show: isto está a mais: b"),
        ("flows", ["--limit", "x"], "alvo flows: --limit pede um número, não 'x'"),
        ("flows", ["--limit"], "alvo flows: --limit precisa de um valor"),
        ("flows", ["--json=x"], "alvo flows: --json não aceita valor: 'x'"),
        ("search", ["--mode", "odd", "x"], "alvo search: --mode não conhece 'odd', só "),
        ("audit", ["odd"], "alvo audit: 'odd' não é conhecido aqui, só "),
        ("completions", ["odd"], "alvo completions: 'odd' não é conhecido aqui, só "),
    ],
)
def test_a_mistake_is_told_in_the_person_s_language(name, words, said):
    parser = parser_of(Console({"LANG": "pt_BR.UTF-8"}), name)
    with pytest.raises(UsageError) as raised:
        parser.parse_args(parser.arranged(words))
    assert raised.value.message.startswith(said)


def test_what_a_command_does_goes_on_under_itself_where_someone_reads_it():
    console = Console({"LANG": "en_US.UTF-8"})
    told = "what was asked, allowed and run: a log that shows any change to itself"
    assert row(console, "/audit", told, 11) == [f"  /audit       {told}"]
    console.result_is_terminal, console.width = True, 70
    first, second = row(console, "/audit", told, 11)
    assert first == "  /audit       what was asked, allowed and run: a log that shows any"
    assert second == " " * 15 + "change to itself"


def test_every_command_has_a_help_page_in_both_languages():
    for language in ("C", "pt_BR.UTF-8"):
        console = Console({"LANG": language})
        for command in COMMANDS:
            assert f"alvo {command.name}" in parser_of(console, command.name).format_help()


def test_only_what_must_be_there_is_missed():
    with pytest.raises(UsageError) as raised:
        read("reply")
    assert raised.value.message == "alvo reply: ID is missing"


def test_the_page_of_all_commands_names_each_of_them_once():
    page = overview(Console({"LANG": "C"})).splitlines()
    named = [line.split()[0] for line in page if line.startswith("  ")]
    assert sorted(named) == sorted(names())


def test_a_command_that_was_nearly_typed_is_offered():
    assert nearest("inqiries") == "inquiries"
    assert nearest("zzzz") is None


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_name_every_command(shell):
    text = script(CONSOLE, shell)
    assert all(command.name in text for command in COMMANDS)


def test_the_completion_for_bash_is_bash():
    checked = subprocess.run(["bash", "-n"], input=script(CONSOLE, "bash"), text=True, check=False)
    assert checked.returncode == 0


def test_the_completion_for_bash_completes():
    probe = script(CONSOLE, "bash") + (
        'COMP_WORDS=(alvo inq); COMP_CWORD=1; _alvo; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "inquiries"


def test_ids_that_the_client_makes_are_taken_by_the_daemon():
    assert is_id(new_id())
    assert new_id() != new_id()
