"""Where the key comes from, and which files are refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from daemon.models.keys import GEMINI, OPENAI, find_key, handed
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError


def written(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text)
    file.chmod(mode)
    return file


def test_the_credential_of_systemd_comes_first_then_the_file_then_the_environment(
    tmp_path: Path,
) -> None:
    file = tmp_path / "key"
    environ = {"GOOGLE_API_KEY": "third", "GEMINI_API_KEY": "second"}
    found = []
    for step in ("environment", "file", "credential"):
        if step == "file":
            written(file, "first\n")
        if step == "credential":
            written(tmp_path / "gemini_api_key", "zeroth\n", 0o440)
            environ["CREDENTIALS_DIRECTORY"] = str(tmp_path)
        key = find_key(GEMINI, file, environ)
        assert key is not None
        found.append(key.reveal())
    assert found == ["second", "first", "zeroth"]


def test_without_any_there_is_none(tmp_path: Path) -> None:
    assert find_key(GEMINI, tmp_path / "none", {}) is None
    assert find_key(GEMINI, tmp_path / "none", {"GEMINI_API_KEY": " "}) is None


def test_the_other_variable_serves_too(tmp_path: Path) -> None:
    key = find_key(GEMINI, tmp_path / "none", {"GOOGLE_API_KEY": "other"})
    assert key is not None
    assert key.reveal() == "other"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(AlvoError) as caught:
        find_key(GEMINI, written(tmp_path / "key", "secret", mode), {})
    assert caught.value.type is errors.CONFIG_INVALID
    assert "0600" in caught.value.blanks["reason"]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n", "two words", "two\nlines", "schlüssel", "x" * 5000])
def test_what_cannot_be_a_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(AlvoError) as caught:
        find_key(GEMINI, written(tmp_path / "key", text), {})
    assert caught.value.type is errors.CONFIG_INVALID
    assert not text.strip() or text not in str(caught.value)


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AlvoError) as caught:
        find_key(GEMINI, tmp_path / "key", {"GEMINI_API_KEY": "second"}, named=True)
    assert caught.value.blanks["where"] == str(tmp_path / "key")


def test_a_directory_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(AlvoError):
        find_key(GEMINI, tmp_path, {})


def test_each_provider_has_a_key_of_its_own(tmp_path: Path) -> None:
    environ = {"GEMINI_API_KEY": "one", "OPENAI_API_KEY": "other"}
    key = find_key(OPENAI, tmp_path / "none", environ)
    assert key is not None
    assert (key.reveal(), key.origin) == ("other", "OPENAI_API_KEY")
    written(tmp_path / "gemini_api_key", "one\n")
    assert find_key(OPENAI, tmp_path / "none", {"CREDENTIALS_DIRECTORY": str(tmp_path)}) is None


def test_an_empty_credential_is_no_key_and_hides_no_other(tmp_path: Path) -> None:
    written(tmp_path / "gemini_api_key", "\n")
    written(tmp_path / "openai_api_key", "other\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert find_key(GEMINI, tmp_path / "none", environ) is None
    other = find_key(OPENAI, tmp_path / "none", environ)
    assert other is not None
    assert other.reveal() == "other"


def test_a_child_has_the_key_that_it_was_handed_and_no_other_process_sees_it(
    tmp_path: Path,
) -> None:
    key = find_key(GEMINI, tmp_path / "none", {"GEMINI_API_KEY": "canary-of-a-key"})
    program = (
        "import os; from pathlib import Path; from daemon.models.keys import GEMINI, find_key\n"
        "for _ in range(2):\n"
        "    found = find_key(GEMINI, Path('none'), os.environ)\n"
        "print(found.reveal(), flush=True); input()"
    )
    with handed(key) as (more, descriptors):
        child = subprocess.Popen(
            [sys.executable, "-c", program],
            env=more,
            pass_fds=descriptors,
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
    assert child.stdin is not None
    assert child.stdout is not None
    with child, child.stdin, child.stdout:
        of = Path(f"/proc/{child.pid}")
        assert b"canary" not in (of / "environ").read_bytes() + (of / "cmdline").read_bytes()
        with pytest.raises(OSError, match="No such device"):
            (of / "fd" / str(descriptors[0])).read_bytes()
        assert child.stdout.readline() == b"canary-of-a-key\n"
        # Not even its owner may look into it any more.
        assert (of / "environ").stat().st_uid == 0
        child.stdin.write(b"\n")
    assert child.returncode == 0
