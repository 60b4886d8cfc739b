"""What the store promises about files that are full, damaged, newer, or not to be written."""

import asyncio
import errno
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import apsw
import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError, ErrorType
from daemon.store import Database, Durability, Migration, Worker
from daemon.store.failures import _raise
from daemon.store.schema import STATE_MIGRATIONS

NOTES = (
    Migration(1, "notes", "CREATE TABLE note (text TEXT) STRICT"),
    Migration(2, "dates", "ALTER TABLE note ADD COLUMN at TEXT; CREATE INDEX i ON note (at)"),
)


def open_state(path: Path) -> Database:
    return Database.open(path, STATE_MIGRATIONS, durability=Durability.FULL)


def test_the_state_database_is_fully_synchronous_and_in_wal_mode(tmp_path: Path) -> None:
    db = open_state(tmp_path / "state.db")
    assert db.value("PRAGMA journal_mode") == "wal"
    assert db.value("PRAGMA synchronous") == 2
    assert db.value("PRAGMA foreign_keys") == 1


def test_migrations_run_once_each_in_their_order(tmp_path: Path) -> None:
    Database.open(tmp_path / "n.db", NOTES[:1]).close()
    for _ in range(2):
        db = Database.open(tmp_path / "n.db", NOTES)
        assert db.all("SELECT number, name FROM migration") == [(1, "notes"), (2, "dates")]
        db.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    Database.open(tmp_path / "n.db", NOTES).close()
    broken = (*NOTES, Migration(3, "broken", "CREATE TABLE other (x); SELECT * FROM nowhere"))
    with pytest.raises(Exception, match="nowhere"):
        Database.open(tmp_path / "n.db", broken)
    db = Database.open(tmp_path / "n.db", NOTES)
    assert db.value("SELECT count(*) FROM sqlite_schema WHERE name = 'other'") == 0


def test_migrations_are_numbered_without_gaps() -> None:
    assert [m.number for m in STATE_MIGRATIONS] == list(range(1, len(STATE_MIGRATIONS) + 1))


def test_a_database_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "n.db"
    Database.open(path, NOTES).close()
    before = path.read_bytes()
    with pytest.raises(AlvoError) as caught:
        Database.open(path, NOTES[:1])
    assert caught.value.type is errors.STORE_NEWER
    assert caught.value.blanks == {"path": path, "found": 2, "known": 1}
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"not a database at all, only words " * 200, b"SQLite format 3\0" + b"\xff" * 8000]
)
def test_a_damaged_file_is_a_clear_error_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(AlvoError) as caught:
        open_state(path)
    assert caught.value.type is errors.STORE_DAMAGED
    assert path.read_bytes() == content


def test_a_full_disk_is_a_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "n.db", NOTES, durability=Durability.FULL)
    db.run("INSERT INTO note (text) VALUES ('kept')")
    # SQLite's own limit gives the very error of a disk without room.
    db.value("PRAGMA max_page_count = 10")
    with pytest.raises(AlvoError) as caught, db.transaction():
        for _ in range(100):
            db.run("INSERT INTO note (text) VALUES (?)", ("x" * 4000,))
    assert caught.value.type is errors.STORE_FULL
    assert db.all("SELECT text FROM note") == [("kept",)]
    db.value("PRAGMA max_page_count = 100000")
    db.run("INSERT INTO note (text) VALUES ('goes on')")
    assert db.value("SELECT count(*) FROM note") == 2


def test_a_limit_that_the_system_sets_is_no_damage(tmp_path: Path) -> None:
    """SQLite calls it an error of input and output: what it was, the system alone knows."""
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from daemon.protocol.errors import AlvoError; from daemon.store import Database\n"
        "db = Database.open(Path(sys.argv[1]))\n"
        "db.run('CREATE TABLE note (text)')\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "try:\n"
        "    for _ in range(100): db.run('INSERT INTO note VALUES (?)', ('x' * 10_000,))\n"
        "except AlvoError as error: print(error.type.name)\n"
    )
    place = tmp_path / "n.db"
    found = subprocess.run(
        [sys.executable, "-c", code, str(place)], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "STORE_FULL"
    assert Database.open(place).value("PRAGMA integrity_check") == "ok"


@pytest.mark.parametrize(
    ("code", "system", "expected"),
    [
        (apsw.SQLITE_IOERR_READ, errno.EIO, errors.STORE_FAILED),
        (apsw.SQLITE_IOERR_FSYNC, errno.EIO, errors.STORE_FAILED),
        (apsw.SQLITE_IOERR_NOMEM, 0, errors.STORE_FAILED),
        (apsw.SQLITE_IOERR_WRITE, errno.EDQUOT, errors.STORE_FULL),
        (apsw.SQLITE_IOERR_SHMSIZE, errno.ENOSPC, errors.STORE_FULL),
        (apsw.SQLITE_IOERR_ACCESS, errno.EACCES, errors.STORE_READONLY),
        (apsw.SQLITE_IOERR_WRITE, errno.EROFS, errors.STORE_READONLY),
        (apsw.SQLITE_IOERR_SHORT_READ, 0, errors.STORE_DAMAGED),
        (apsw.SQLITE_IOERR_DATA, 0, errors.STORE_DAMAGED),
        (apsw.SQLITE_CORRUPT_INDEX, 0, errors.STORE_DAMAGED),
        (apsw.SQLITE_NOTADB, 0, errors.STORE_DAMAGED),
        (apsw.SQLITE_FULL, 0, errors.STORE_FULL),
        (apsw.SQLITE_CANTOPEN, errno.EMFILE, errors.STORE_FAILED),
        (apsw.SQLITE_CANTOPEN, errno.EACCES, errors.STORE_READONLY),
        (apsw.SQLITE_READONLY_DBMOVED, 0, errors.STORE_READONLY),
        (apsw.SQLITE_BUSY, 0, errors.STORE_BUSY),
    ],
)
def test_what_the_system_refuses_is_told_apart_from_damage(
    code: int, system: int, expected: ErrorType
) -> None:
    """A cache that is damaged is thrown away: a disk that fails for a moment must not do that."""
    with pytest.raises(AlvoError) as caught:
        _raise(apsw.exception_for(code), Path("state.db"), system)
    assert caught.value.type is expected


def test_a_directory_that_cannot_be_written_is_a_clear_error() -> None:
    # Root may write everywhere: the question is asked as nobody, after all imports.
    code = (
        "import os, sys; from pathlib import Path\n"
        "from daemon.protocol.errors import AlvoError; from daemon.store import Database\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: Database.open(Path(sys.argv[1]) / 'state.db')\n"
        "except AlvoError as error: print(error.type.name)\n"
    )
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o555)
        found = subprocess.run(
            [sys.executable, "-c", code, place], capture_output=True, text=True, check=True
        )
        Path(place).chmod(0o700)
    assert found.stdout.strip() == "STORE_READONLY"


def test_a_transaction_that_fails_leaves_nothing_and_nests(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "n.db", NOTES)
    with db.transaction():
        db.run("INSERT INTO note (text) VALUES ('outer')")
        with pytest.raises(ZeroDivisionError), db.transaction():
            db.run("INSERT INTO note (text) VALUES ('inner')")
            1 / 0  # noqa: B018
    assert db.all("SELECT text FROM note") == [("outer",)]


def test_another_program_may_read_while_we_write(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "n.db", NOTES)
    db.run("INSERT INTO note (text) VALUES ('before')")
    with db.transaction():
        db.run("INSERT INTO note (text) VALUES ('not yet')")
        with sqlite3.connect(tmp_path / "n.db") as other:
            assert other.execute("SELECT count(*) FROM note").fetchone() == (1,)
        other.close()


def test_a_commit_survives_the_death_of_its_process(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from daemon.store import Database, Durability, Migration\n"
        "db = Database.open(Path(sys.argv[1]), (Migration(1, 'n', 'CREATE TABLE note (text)'),),\n"
        "                   durability=Durability.FULL)\n"
        "with db.transaction(): db.run(\"INSERT INTO note VALUES ('committed')\")\n"
        "db.run('BEGIN'); db.run(\"INSERT INTO note VALUES ('not committed')\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "n.db")], check=False)
    db = Database.open(tmp_path / "n.db", (Migration(1, "n", "CREATE TABLE note (text)"),))
    assert db.all("SELECT text FROM note") == [("committed",)]


def test_a_worker_refuses_work_after_its_end(tmp_path: Path) -> None:
    worker = Worker(lambda: open_state(tmp_path / "state.db"), "state")
    assert asyncio.run(worker.run(lambda db: db.value("SELECT 1"))) == 1
    worker.close()
    worker.close()
    with pytest.raises(AlvoError) as caught:
        asyncio.run(worker.run(lambda db: db.value("SELECT 1")))
    assert caught.value.type is errors.DAEMON_STOPPING


def test_vectors_can_be_searched(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "v.db", NOTES, vectors=True)
    assert db.value("SELECT vec_distance_L2('[0, 3]', '[4, 0]')") == 5.0
