"""Whatever state a person's database is in: it is read, or said why not; and nothing is changed."""

import os
import shutil
import threading
import time
from pathlib import Path

import apsw
import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.sources.database import collect, find_values, fingerprint
from tests.support.databases import LIMITS, PEOPLE, asked, ended, made, refused, traces, writing

COUNT = "SELECT count(*) FROM person"
MORE = "INSERT INTO person (name) VALUES ('Dora')"
WAL = "PRAGMA journal_mode = wal"


def test_a_database_that_nobody_uses_is_read_and_its_folder_stays_as_it_was(tmp_path):
    path = made(tmp_path / "people.db", PEOPLE)
    before = traces(tmp_path)

    assert asked(path, COUNT).rows == [[3]]
    collect(str(path), "people", LIMITS)
    find_values(str(path), "people", ["ana"], collect(str(path), "people", LIMITS), LIMITS)
    fingerprint(str(path))

    assert traces(tmp_path) == before


def test_a_database_with_a_log_that_was_closed_well_leaves_no_log_behind(tmp_path):
    path = made(tmp_path / "people.db", WAL, PEOPLE)
    before = traces(tmp_path)
    assert list(before) == [str(path), "."]

    assert asked(path, COUNT).rows == [[3]]

    assert traces(tmp_path) == before


def test_what_is_only_in_the_log_of_another_program_is_seen_and_its_files_stay(tmp_path):
    path = tmp_path / "people.db"
    with writing(path, WAL, PEOPLE, MORE) as writer:
        before = traces(tmp_path)
        assert f"{path}-wal" in before

        assert asked(path, COUNT).rows == [[4]]
        assert len(collect(str(path), "people", LIMITS)) == 1
        assert traces(tmp_path) == before

        writer.run(MORE)
        assert asked(path, COUNT).rows == [[5]]
    # The last one to close takes its log away: nobody else is in the way.
    assert list(traces(tmp_path)) == [str(path), "."]


def test_a_program_that_ends_while_it_is_read_can_still_tidy_up(tmp_path):
    path = tmp_path / "people.db"
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)"
    rows = []
    with writing(path, WAL, PEOPLE, MORE):
        sql = f"{slow} SELECT count(*), (SELECT count(*) FROM person) FROM n"
        reader = threading.Thread(target=lambda: rows.extend(asked(path, sql).rows))
        reader.start()
        time.sleep(0.2)
    assert list(traces(tmp_path)) == [str(path), "."]
    reader.join()
    assert rows == [[3000000, 4]]


def test_a_log_that_a_crash_left_behind_counts_and_stays_where_it_is(tmp_path):
    path = tmp_path / "people.db"
    with writing(path, WAL, PEOPLE, MORE) as writer:
        writer.kill()
    (tmp_path / "people.db-shm").unlink()
    before = traces(tmp_path)

    assert asked(path, COUNT).rows == [[4]]
    assert collect(str(path), "people", LIMITS)[0].rows == 4

    assert traces(tmp_path) == before


def test_of_a_log_that_ends_within_a_commit_the_commits_before_it_count(tmp_path):
    path = tmp_path / "people.db"
    with writing(path, WAL, PEOPLE, MORE) as writer:
        writer.kill()
    log = tmp_path / "people.db-wal"
    os.truncate(log, log.stat().st_size - 100)

    assert asked(path, COUNT).rows == [[3]]


def test_a_transaction_that_is_not_committed_is_not_seen_and_not_waited_for(tmp_path):
    path = made(tmp_path / "people.db", PEOPLE)
    with writing(path, "BEGIN IMMEDIATE", MORE) as writer:
        before = traces(tmp_path)
        assert asked(path, COUNT).rows == [[3]]
        assert traces(tmp_path) == before
        writer.run("COMMIT")
        assert asked(path, COUNT).rows == [[4]]


def test_a_database_that_another_program_has_to_itself_is_busy(tmp_path):
    path = made(tmp_path / "people.db", PEOPLE)
    with writing(path, "BEGIN EXCLUSIVE", MORE):
        before = traces(tmp_path)
        error = refused(path, COUNT)
        assert error is not None
        assert error.type is errors.DATABASE_BUSY
        assert error.blanks["database"] == "people"
        assert traces(tmp_path) == before


def test_a_journal_that_a_crash_left_behind_is_not_rolled_back_by_us(tmp_path):
    original = made(tmp_path / "original.db", PEOPLE)
    with writing(original, "BEGIN IMMEDIATE", MORE):
        folder = tmp_path / "crashed"
        folder.mkdir()
        for end in ("", "-journal"):
            shutil.copy2(f"{original}{end}", f"{folder}/people.db{end}")
    # Its header is written when it is complete, just before the database itself is.
    journal = folder / "people.db-journal"
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + journal.read_bytes()[8:])
    before = traces(folder)

    error = refused(folder / "people.db", COUNT)

    assert error is not None
    assert error.type is errors.DATABASE_BUSY
    assert traces(folder) == before


@pytest.mark.parametrize("journal", ["persist", "truncate"])
def test_an_old_journal_without_a_transaction_is_no_hindrance(tmp_path, journal):
    path = tmp_path / "people.db"
    with writing(path, f"PRAGMA journal_mode = {journal}", PEOPLE, MORE) as writer:
        assert (tmp_path / "people.db-journal").exists()
        writer.kill()
    before = traces(tmp_path)
    assert asked(path, COUNT).rows == [[4]]
    assert traces(tmp_path) == before


def _gone(path: Path) -> None: ...


def _a_folder(path: Path) -> None:
    path.mkdir()


def _a_pipe(path: Path) -> None:
    os.mkfifo(path)


def _empty(path: Path) -> None:
    path.touch()


def _without_tables(path: Path) -> None:
    made(path, "PRAGMA user_version = 3")


def _text(path: Path) -> None:
    path.write_text("This is a shopping list, and no database.\n" * 100)


def _encrypted(path: Path) -> None:
    path.write_bytes(os.urandom(8192))


def _cut_in_its_header(path: Path) -> None:
    path.write_bytes(made(path.with_suffix(".whole"), PEOPLE).read_bytes()[:60])


def _cut_in_the_middle(path: Path) -> None:
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
    sql = f"CREATE TABLE person AS {rows} SELECT i AS id, 'name ' || i AS name FROM n"
    path.write_bytes(made(path.with_suffix(".whole"), sql).read_bytes()[:20000])


def _overwritten(path: Path) -> None:
    whole = made(path.with_suffix(".whole"), PEOPLE).read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * 300 + whole[400:])


def _of_a_newer_sqlite(path: Path) -> None:
    whole = bytearray(made(path.with_suffix(".whole"), PEOPLE).read_bytes())
    whole[18:20] = b"\x03\x03"
    path.write_bytes(whole)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (_gone, errors.DATABASE_GONE),
        (_a_folder, errors.DATABASE_NOT_READABLE),
        (_a_pipe, errors.DATABASE_NOT_READABLE),
        (_empty, errors.DATABASE_EMPTY),
        (_without_tables, errors.DATABASE_EMPTY),
        (_text, errors.DATABASE_NOT_READABLE),
        (_encrypted, errors.DATABASE_NOT_READABLE),
        (_cut_in_its_header, errors.DATABASE_DAMAGED),
        (_cut_in_the_middle, errors.DATABASE_DAMAGED),
        (_overwritten, errors.DATABASE_DAMAGED),
        (_of_a_newer_sqlite, errors.DATABASE_NOT_READABLE),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, make, expected):
    path = tmp_path / "people.db"
    make(path)
    before = traces(tmp_path)
    for visit in (lambda: asked(path, COUNT), lambda: collect(str(path), "people", LIMITS)):
        with pytest.raises(AlvoError) as raised:
            visit()
        assert raised.value.type is expected
        assert raised.value.blanks["location"] == str(path)
    assert traces(tmp_path) == before


def test_a_file_that_may_not_be_read_says_so(tmp_path):
    path = made(tmp_path / "people.db", PEOPLE)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this account may read everything")
    error = refused(path, COUNT)
    assert error is not None
    assert error.type is errors.DATABASE_NOT_READABLE


@pytest.mark.parametrize(
    "name", ["a b.db", "100%.db", "what?.db", "a#b.db", "é'\".db", "x;y=z&.db"]
)
def test_any_name_of_a_file_is_only_a_name(tmp_path, name):
    path = made(tmp_path / "plain.db", PEOPLE).rename(tmp_path / name)
    assert asked(path, COUNT).rows == [[3]]


def test_through_a_link_the_log_beside_the_real_file_counts(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "links").mkdir()
    path = tmp_path / "real" / "people.db"
    link = tmp_path / "links" / "people.db"
    link.symlink_to(path)
    with writing(path, WAL, PEOPLE, MORE):
        before = traces(tmp_path)
        assert asked(link, COUNT).rows == [[4]]
        assert traces(tmp_path) == before


def test_a_log_that_is_copied_back_at_every_commit_is_read_with_the_others_locks(tmp_path):
    path = tmp_path / "people.db"
    with writing(path, WAL, PEOPLE):
        before = list(traces(tmp_path))
        result: list[list[float]] = []
        pragmas = ("wal_autocheckpoint = 1",)
        writer = threading.Thread(target=lambda: result.append(_commits(path, pragmas, 1.0)))
        writer.start()
        slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
        rows = asked(path, f"SELECT (SELECT count(*) FROM person), ({slow} SELECT max(i) FROM n)")
        writer.join()
        assert 3 <= rows.rows[0][0] <= len(result[0]) + 3
        assert max(result[0]) < 0.2
        assert list(traces(tmp_path)) == before


def _commits(path: Path, pragmas: tuple[str, ...], seconds: float) -> list[float]:
    """How long each commit took in a program that writes all the time."""
    connection = apsw.Connection(str(path))
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.execute("PRAGMA synchronous = off").fetchall()
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        # No time to wait: a commit that meets any lock of ours fails.
        connection.execute("INSERT INTO person (name) VALUES ('x')")
        times.append(time.perf_counter() - began)
        time.sleep(0.002)
    connection.close()
    return times


@pytest.mark.slow
@pytest.mark.parametrize("journal", ["delete", "wal", "memory"])
def test_a_program_that_writes_all_the_time_is_never_delayed_and_never_seen_half(tmp_path, journal):
    path = made(tmp_path / "people.db", PEOPLE)
    result: list[list[float]] = []
    pragmas = (f"journal_mode = {journal}",)
    writer = threading.Thread(target=lambda: result.append(_commits(path, pragmas, 2.0)))
    writer.start()
    seen, changed = [0], 0
    while writer.is_alive():
        error = ended(lambda: seen.append(asked(path, COUNT).rows[0][0]))
        if error is not None:
            assert error.type in (errors.DATABASE_CHANGED, errors.DATABASE_BUSY)
            changed += 1
    writer.join()
    times = sorted(result[0])
    count = len(times)
    assert count > 50
    assert times[int(count * 0.99)] < 0.1
    assert seen == sorted(seen)
    assert len(seen) > changed, "most questions get an answer"
    assert asked(path, COUNT).rows == [[count + 3]]
