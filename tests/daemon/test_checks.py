"""`alvod --check` says what is wrong and what to do, and changes nothing."""

import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import prompts
from tests.support.daemon import Home
from tests.support.gemini_server import GeminiServer
from tests.support.openai_server import MODEL, OpenAIServer


def check(home: Home, **environ: str) -> "subprocess.CompletedProcess[str]":
    done = home.run("alvod", "--check", environ=environ)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def failures(done: "subprocess.CompletedProcess[str]") -> list[str]:
    return [line for line in done.stdout.splitlines() if line.startswith("fail")]


def test_a_fresh_place_is_fit_and_stays_untouched(home: Home) -> None:
    before = sorted(home.place.rglob("*"))

    done = check(home)

    assert (done.returncode, failures(done), done.stderr) == (0, [], "")
    assert sorted(home.place.rglob("*")) == before


def test_a_running_daemon_is_seen_and_not_disturbed(home: Home) -> None:
    home.start()

    done = check(home)

    assert done.returncode == 0
    assert "a daemon listens there" in done.stdout
    assert home.answers()


def test_a_wrong_configuration_is_named(home: Home) -> None:
    file = Path(home.environ["XDG_CONFIG_HOME"]) / "alvo" / "config.toml"
    file.parent.mkdir()
    file.write_text("[daemon]\nlanguge = 'en'\n")

    done = check(home)

    assert done.returncode == 1
    assert "languge" in failures(done)[0]


def test_a_damaged_and_a_newer_store_are_named(home: Home) -> None:
    state = Path(home.environ["XDG_STATE_HOME"]) / "alvo"
    state.mkdir()
    store = state / "state.db"

    store.write_bytes(b"this is no database at all" * 100)
    assert "state.db" in failures(check(home))[0]

    store.unlink()
    with sqlite3.connect(store) as database:
        database.execute("CREATE TABLE migration (number INTEGER, name TEXT, applied_at TEXT)")
        database.execute("INSERT INTO migration VALUES (9999, 'later', '')")
    database.close()
    newer = check(home)
    assert newer.returncode == 1
    assert "9999" in failures(newer)[0]


def test_what_lies_in_the_place_of_the_socket_is_named(home: Home) -> None:
    home.socket.parent.mkdir(mode=0o700)
    home.socket.write_text("a letter")
    assert "not a socket" in failures(check(home))[0]

    home.socket.unlink()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(home.socket))
    home.socket.chmod(0o600)
    stale = check(home)
    assert stale.returncode == 0
    assert "will be replaced" in stale.stdout


def test_a_key_that_others_may_read_and_a_missing_one_are_named(home: Home) -> None:
    key = Path(home.environ["XDG_CONFIG_HOME"]) / "alvo" / "gemini_api_key"
    missing = check(home, ALVO_REASONER_KIND="gemini")
    assert missing.returncode == 1
    assert str(key) in missing.stdout

    key.parent.mkdir()
    key.write_text("canary-key-0123456789")
    key.chmod(0o644)
    shared = check(home, ALVO_REASONER_KIND="gemini")
    assert "0644" in failures(shared)[0]
    key.chmod(0o600)
    with GeminiServer(key="canary-key-0123456789") as server:
        good = check(home, ALVO_REASONER_KIND="gemini", ALVO_REASONER_BASE_URL=server.base_url)
    assert good.returncode == 0, good.stdout
    assert "gemini-pro-latest" in good.stdout
    assert "canary" not in good.stdout + shared.stdout


def test_a_server_for_models_is_asked_what_it_offers(home: Home) -> None:
    with OpenAIServer() as server:
        given = {"ALVO_REASONER_KIND": "openai", "ALVO_REASONER_BASE_URL": server.base_url}
        good = check(home, **given, ALVO_REASONER_MODEL=MODEL)
        other = check(home, **given, ALVO_REASONER_MODEL="gone:1b")
        unnamed = check(home, **given)
    down = check(home, **given, ALVO_REASONER_MODEL=MODEL)

    assert good.returncode == 0, good.stdout
    assert "it offers llama3.2:3b, qwen3:8b" in good.stdout
    assert "private sources are shown to it" in good.stdout
    assert other.returncode == 0
    assert "does not list gone:1b" in other.stdout
    assert unnamed.returncode == 1
    assert "the server offers llama3.2:3b, qwen3:8b" in failures(unnamed)[0]
    assert down.returncode == 0
    assert "cannot be reached" in down.stdout
    assert "{" not in down.stdout


def test_a_server_that_wants_a_key_or_no_address_is_named(home: Home) -> None:
    with OpenAIServer(key="wanted") as server:
        given = {"ALVO_REASONER_KIND": "openai", "ALVO_REASONER_MODEL": MODEL}
        keyless = check(home, **given, ALVO_REASONER_BASE_URL=server.base_url)
    missing = check(home, **given)

    assert "OPENAI_API_KEY" in keyless.stdout
    assert "no API key for openai" in failures(keyless)[0]
    assert "reasoner.base_url" in failures(missing)[0]


def test_missing_weights_are_a_warning_or_a_failure_as_configured(home: Home) -> None:
    nowhere = str(home.place / "models")
    wanted = check(home, ALVO_EMBEDDER_KIND="auto", ALVO_MODELS=nowhere)
    needed = check(home, ALVO_EMBEDDER_KIND="minilm", ALVO_MODELS=nowhere)

    assert (wanted.returncode, needed.returncode) == (0, 1)
    assert "alvo-embed model fetch" in wanted.stdout


def test_a_shell_that_does_not_run_is_named(home: Home) -> None:
    for program in ("/nowhere/bash", "/bin/false"):
        assert program in failures(check(home, ALVO_SHELL_PROGRAM=program))[0]


def test_it_speaks_portuguese(home: Home) -> None:
    assert "soquete" in check(home, LANG="pt_BR.UTF-8").stdout


def test_every_finding_that_is_not_ok_says_what_to_do() -> None:
    source = (Path(__file__).parents[2] / "daemon" / "checks.py").read_text()
    bad = {
        word.strip('"')
        for line in source.splitlines()
        if "Level.FAIL" in line or "Level.WARN" in line or "level," in line
        for word in line.replace(")", ",").split(",")
        for word in [word.strip()]
        if word.startswith('"check_')
    }
    assert bad
    for name in bad:
        for language in prompts.LANGUAGES:
            assert prompts.phrase(f"{name}_do", language)


def test_a_reader_that_has_seen_enough_is_no_error(home: Home) -> None:
    program = Path(sys.executable).parent / "alvod"
    # The pipe has no reader left by the time that anything is written.
    done = subprocess.run(
        ["bash", "-c", f"{program} --check | exec 0<&-; echo ${{PIPESTATUS[0]}}"],
        env=home.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")
