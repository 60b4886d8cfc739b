"""What rows are when they have left their database."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from daemon.config import DatabaseSettings
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.sources.database import DatabaseLimits, query
from tests.support.databases import LIMITS, PEOPLE, asked, made, refused
from tests.support.waiting import wait_until


@pytest.fixture
def people(tmp_path):
    return made(tmp_path / "people.db", PEOPLE)


def test_columns_have_their_names_and_cells_their_kinds(people):
    rows = asked(people, "SELECT id, name AS nome, age, age / 2.0, age FROM person WHERE id > 1")
    assert rows.columns == ["id", "nome", "age", "age / 2.0", "age"]
    assert rows.rows == [[2, "Bob", 40, 20.0, 40], [3, "Céu", None, None, None]]
    assert not rows.more
    assert rows.took_ms > 0


def test_no_rows_still_have_columns(people):
    rows = asked(people, "SELECT id, name FROM person WHERE id > 9")
    assert (rows.columns, rows.rows, rows.more) == (["id", "name"], [], False)


def test_bytes_are_described(people):
    assert asked(people, "SELECT CAST('twelve bytes' AS BLOB), x''").rows == [
        ["<12 bytes>", "<0 bytes>"]
    ]


def test_text_that_is_not_utf8_comes_as_far_as_it_goes(tmp_path):
    path = made(
        tmp_path / "old.db",
        "CREATE TABLE t (a, b, c); INSERT INTO t VALUES (1, CAST(x'53e36f' AS TEXT), x'ff');",
        "INSERT INTO t VALUES (2, 'São', NULL)",
    )
    rows = asked(path, "SELECT *, b FROM t ORDER BY a DESC; -- newest first")
    assert rows.columns == ["a", "b", "c", "b"]
    assert rows.rows == [[2, "São", None, "São"], [1, "S�o", "<1 bytes>", "S�o"]]


def test_infinity_and_the_largest_numbers_are_kept(people):
    assert asked(people, "SELECT 9e999, -9e999, 9223372036854775807, 1e308").rows == [
        ["Inf", "-Inf", 9223372036854775807, 1e308]
    ]


def test_a_long_cell_is_cut_and_says_so(tmp_path):
    path = made(tmp_path / "long.db", "CREATE TABLE t (a, b)")
    connection = apsw.Connection(str(path))
    connection.execute("INSERT INTO t VALUES (?, ?)", ("é" * 1_000_000, b"x" * 3_000_000))
    connection.close()
    text, photo = asked(path, "SELECT * FROM t").rows[0]
    assert isinstance(text, str)
    assert text.startswith("éé")
    assert text.endswith("… <1000000 characters>")
    assert len(text) < 30_000
    assert photo == "<3000000 bytes>"


def test_more_rows_than_are_wanted_are_told_and_left_out(people):
    limits = replace(LIMITS, rows=2)
    rows = asked(people, "SELECT id FROM person", limits)
    assert (rows.rows, rows.more) == ([[1], [2]], True)
    rows = asked(people, "SELECT id FROM person LIMIT 2", limits)
    assert (rows.rows, rows.more) == ([[1], [2]], False)


def test_more_bytes_than_are_allowed_are_told_and_left_out(people):
    limits = replace(LIMITS, bytes=10_000)
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
    rows = asked(people, f"{many} SELECT i, printf('%.*c', 100, 'x') FROM n", limits)
    assert 80 < len(rows.rows) < 100
    assert rows.more


def test_an_error_names_the_database_and_what_is_wrong(people):
    error = refused(people, "SELECT salary FROM person")
    assert error is not None
    assert error.type is errors.SQL_INVALID
    assert error.blanks["database"] == "people"
    assert "salary" in error.blanks["reason"]


def test_a_query_that_takes_too_long_is_ended_in_time(people):
    error = refused(
        people,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        replace(LIMITS, timeout_s=0.3),
    )
    assert error is not None
    assert error.type is errors.SQL_TIMEOUT
    assert error.blanks["limit"] == "0.3"


def test_many_may_ask_at_once(people):
    results = []
    threads = [
        threading.Thread(
            target=lambda: results.append(asked(people, "SELECT count(*) FROM person").rows)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[[3]]] * 8


_ASKER = """
import sys
from daemon.sources.database import DatabaseLimits, query
limits = DatabaseLimits(60.0, 10, 10000, 1 << 28)
sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
query(sys.argv[1], "people", sql, limits)
"""


def _children(pid: int) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in found.stdout.split()]


def test_a_child_ends_with_the_daemon_that_started_it(people):
    asker = subprocess.Popen([sys.executable, "-c", _ASKER, str(people)])
    child = wait_until(lambda: _children(asker.pid))[0]
    # It has confined itself, and with that asked to be ended with its parent.
    wait_until(lambda: _seccomp(child))
    asker.kill()
    asker.wait()
    wait_until(lambda: not _lives(child))


def _seccomp(pid: int) -> bool:
    return "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_child_has_no_environment_and_no_file_but_its_own(people, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "canary")
    asker = subprocess.Popen([sys.executable, "-c", _ASKER, str(people)])
    try:
        child = wait_until(lambda: _children(asker.pid))[0]
        wait_until(lambda: _seccomp(child))
        assert b"canary" not in Path(f"/proc/{child}/environ").read_bytes()
        files = {str(fd.readlink()) for fd in Path(f"/proc/{child}/fd").iterdir()}
        own = {file for file in files if file.startswith("/") and not file.startswith("/dev/")}
        assert own == {str(people)}
    finally:
        asker.kill()
        asker.wait()


def test_a_name_with_a_nul_is_no_place(people):
    with pytest.raises(AlvoError) as raised:
        query(f"{people}\0", "people", "SELECT 1", LIMITS)
    assert raised.value.type is errors.DATABASE_NOT_READABLE


def test_the_limits_are_those_of_the_configuration():
    settings = DatabaseSettings((), timeout_s=3.0, max_bytes=10, memory_bytes=20)
    assert DatabaseLimits.of(settings) == DatabaseLimits(3.0, 1000, 10, 20)
    assert DatabaseLimits.of(settings, rows=5).rows == 5
