"""The log is one line an event, for this user alone, and nothing in it moves a terminal's cursor."""

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon import log

HOSTILE = "a\x1b[2Jb\nsecond line\u202ec\r\u2028d"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("daemon")
    before = (root.handlers[:], root.level, ours.level)
    yield
    for handler in root.handlers:
        if handler not in before[0]:
            handler.close()
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def test_a_line_of_the_file_is_json_of_plain_ascii(tmp_path: Path) -> None:
    file = tmp_path / "alvod.log"
    log.set_up(file, {})

    logging.getLogger("daemon.x").info("seen: %s", HOSTILE)

    (line,) = file.read_bytes().splitlines()
    assert line.isascii()
    entry = json.loads(line)
    assert entry["message"] == f"seen: {HOSTILE}"
    assert (entry["level"], entry["from"]) == ("info", "daemon.x")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_goes_to_standard_error_shows_what_is_hidden(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.set_up(tmp_path / "alvod.log", {})

    logging.getLogger("daemon.x").warning("seen: %s", HOSTILE)

    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert "<U+001B>[2Jb<U+000A>second line<U+202E>" in line


def test_an_exception_is_there_with_its_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "alvod.log"
    log.set_up(file, {"JOURNAL_STREAM": "8:1"})
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("daemon.x").exception("it broke")

    assert "Traceback" in json.loads(file.read_text())["traceback"]
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "<3>error daemon.x: it broke"
    assert all(line.startswith("<3>") and line.isprintable() for line in told)


def test_the_file_is_turned_over_before_it_grows_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "MAX_BYTES", 2000)
    log.set_up(tmp_path / "alvod.log", {})
    for n in range(200):
        logging.getLogger("daemon.x").info("line %d", n)

    files = sorted(tmp_path.iterdir())
    assert len(files) == 1 + log.KEPT_FILES
    assert all(file.stat().st_size <= 2000 for file in files)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_where_no_file_can_be_made_standard_error_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.set_up(tmp_path / "missing" / "alvod.log", {})

    assert "no log file" in capsys.readouterr().err
