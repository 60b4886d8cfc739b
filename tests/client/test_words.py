"""The client's own cheap ways to words, places and versions agree with the proper ones."""

import ast
import importlib.metadata
from pathlib import Path

import pytest

import prompts
from client import connection, place
from client.table import COMMANDS
from client.words import Words
from daemon.config import Paths
from daemon.protocol.framing import MAX_FRAME_BYTES

ROOT = Path(__file__).parents[2]
PHRASES = prompts.names("phrases.toml")


def _names_in_code():
    for path in (ROOT / "client").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = ast.unparse(node.func)
                if called.endswith(("words", "_words")) and isinstance(node.args[0].value, str):
                    yield node.args[0].value
            if (
                isinstance(node, ast.keyword)
                and node.arg == "help_"
                and isinstance(node.value, ast.Constant)
            ):
                yield node.value.value


def test_every_phrase_that_the_client_names_is_there():
    missing = {name for name in _names_in_code() if name and name not in PHRASES}
    assert not missing


def test_in_the_shell_a_command_is_named_as_it_is_typed_there():
    words = Words("en", in_shell=True)
    assert words("sources_none").endswith(": /sources add PATH")
    told = words.here("See: alvo show x1. Or: alvo ask …, or alvo-embed add")
    assert told == "See: /show x1. Or: alvo ask …, or alvo-embed add"
    assert words.here("alvo") == "alvo"
    assert Words("en")("sources_none").endswith(": alvo sources add PATH")


def test_every_command_has_its_help():
    assert all(f"help_{command.name}" in PHRASES for command in COMMANDS)


@pytest.mark.parametrize(
    "environ",
    [
        {"HOME": "/h"},
        {"HOME": "/h", "XDG_RUNTIME_DIR": "/run/u"},
        {"HOME": "/h", "XDG_STATE_HOME": "/s"},
        {"HOME": "/h", "XDG_RUNTIME_DIR": "relative", "XDG_STATE_HOME": "too"},
        {"HOME": "/h", "ALVO_SOCKET": "/x/y.sock", "XDG_RUNTIME_DIR": "/run/u"},
    ],
)
def test_the_client_looks_for_the_socket_where_the_daemon_makes_it(environ):
    paths = Paths.from_environment(environ)
    assert place.socket_path(environ) == str(paths.socket)
    assert place.state_directory(environ) == str(paths.state_dir)


def test_a_path_below_home_is_written_with_a_tilde():
    environ = {"HOME": "/home/ana"}
    assert place.shorten("/home/ana/work", environ) == "~/work"
    assert place.shorten("/home/ana", environ) == "~"
    assert place.shorten("/home/anabel", environ) == "/home/anabel"


def test_a_path_may_begin_at_home_where_no_bash_reads_it_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environ = {"HOME": "/home/ana"}
    assert place.absolute("~/work", environ) == "/home/ana/work"
    assert place.absolute("~", environ) == "/home/ana"
    assert place.absolute("~ana/work", environ) == str(tmp_path / "~ana/work")
    assert place.absolute("./~/work", environ) == str(tmp_path / "~/work")


def test_a_pattern_is_the_files_that_fit_it_and_a_name_is_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.md", "a.md", "c.txt", "what?.md"):
        (tmp_path / name).write_text("x")
    fitting = [
        place.fitting(pattern, {"HOME": str(tmp_path)}) for pattern in ("[ab].md", "~/*.txt")
    ]
    assert fitting == [
        [str(tmp_path / "a.md"), str(tmp_path / "b.md")],
        [str(tmp_path / "c.txt")],
    ]
    assert place.fitting("what?.md", {}) == [str(tmp_path / "what?.md")]
    assert place.fitting("*.pdf", {}) == [str(tmp_path / "*.pdf")]


def test_the_constants_that_are_written_twice_are_the_same():
    assert connection._MAX_FRAME == MAX_FRAME_BYTES
    assert importlib.metadata.version("alvo") == connection.VERSION
