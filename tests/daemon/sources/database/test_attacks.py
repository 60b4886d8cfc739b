"""No SQL, and no database file, gets more out of a visit than rows."""

import random
import time
from pathlib import Path

import apsw
import pytest

from daemon.protocol import errors
from daemon.protocol.databases import Rows
from daemon.sources.database import collect
from tests.support.databases import LIMITS, PEOPLE, SHORT, asked, ended, made, refused, traces
from tests.support.sql_attacks import BOUNDED, HONEST, REFUSED

SCHEMA = """
CREATE INDEX by_name ON person (name);
CREATE VIEW adults AS SELECT * FROM person WHERE age >= 18;
CREATE VIRTUAL TABLE notes USING fts5(text);
INSERT INTO notes VALUES ('buy milk'), ('call Bob');
CREATE TABLE many AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    SELECT i, 'name ' || i AS name FROM n;
"""

OF_SQL = {errors.SQL_REFUSED, errors.SQL_INVALID, errors.SQL_TIMEOUT, errors.SQL_TOO_LARGE}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    made(folder / "secret.db", "CREATE TABLE secret (word); INSERT INTO secret VALUES ('hush')")
    return made(folder / "people.db", PEOPLE, SCHEMA)


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: sql[:60] or "nothing")
def test_what_does_more_than_read_is_refused(database, sql):
    before = traces(database.parent)
    error = refused(database, sql.replace("{folder}", str(database.parent)))
    assert error is not None
    assert error.type in (errors.SQL_REFUSED, errors.SQL_INVALID)
    assert error.blanks["reason"]
    assert traces(database.parent) == before


@pytest.mark.slow
@pytest.mark.parametrize("sql", BOUNDED, ids=lambda sql: sql[:60])
def test_what_takes_too_much_is_ended(database, sql):
    began = time.monotonic()
    rows: list[Rows] = []
    error = ended(lambda: rows.append(asked(database, sql, SHORT)))
    assert time.monotonic() - began < SHORT.timeout_s + 1.5
    assert error is None or error.type in OF_SQL
    for given in rows:
        assert len(given.rows) <= SHORT.rows
        assert sum(len(str(cell)) for row in given.rows for cell in row) <= SHORT.bytes


@pytest.mark.parametrize(("sql", "expected"), HONEST, ids=lambda value: str(value)[:60])
def test_an_honest_question_gets_its_answer(database, sql, expected):
    rows = asked(database, sql).rows
    assert rows == expected if expected is not None else rows


def test_there_are_as_many_attacks_as_were_tried_when_the_guards_were_found():
    assert len(REFUSED) + len(BOUNDED) >= 114
    assert len(HONEST) >= 16


def test_a_database_is_no_way_to_another_one_beside_it(database):
    assert refused(database, "SELECT word FROM secret") is not None


def forged(path: Path, *schema: tuple[str, str, str]) -> Path:
    """A database whose schema says what SQLite itself would never have written."""
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)")
    connection.execute("INSERT INTO person VALUES (1, 'Ana')")
    connection.execute("PRAGMA writable_schema = on")
    for kind, name, sql in schema:
        if kind == "change":
            connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (sql, name))
            continue
        row = (kind, name, "person" if kind in ("trigger", "index") else name, 0, sql)
        connection.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", row)
    connection.close()
    return path


FOR_EVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
PERSON = "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT"
HOSTILE = {
    "a view that loads a library": (
        ("view", "evil", "CREATE VIEW evil AS SELECT load_extension('/tmp/evil.so')"),
    ),
    "a view that writes": (("view", "evil", "CREATE VIEW evil AS DELETE FROM person"),),
    "a view without end": (
        (
            "view",
            "evil",
            f"CREATE VIEW evil AS {FOR_EVER} SELECT count(*) AS c FROM n",
        ),
    ),
    "a view of itself": (("view", "evil", "CREATE VIEW evil AS SELECT * FROM evil"),),
    "a view of a view of itself": (
        ("view", "evil", "CREATE VIEW evil AS SELECT * FROM other"),
        ("view", "other", "CREATE VIEW other AS SELECT * FROM evil"),
    ),
    "a view of the tokenizers": (
        ("view", "evil", "CREATE VIEW evil AS SELECT fts3_tokenizer('simple')"),
    ),
    "a view of the pages": (("view", "evil", "CREATE VIEW evil AS SELECT * FROM dbstat"),),
    "a trigger on reading": (
        (
            "trigger",
            "evil",
            "CREATE TRIGGER evil AFTER INSERT ON person BEGIN SELECT load_extension('x'); END",
        ),
    ),
    "a virtual table of a module that is not there": (
        ("table", "evil", "CREATE VIRTUAL TABLE evil USING zipfile('/etc/passwd')"),
    ),
    "a virtual table of a file": (
        ("table", "evil", "CREATE VIRTUAL TABLE evil USING csv(filename='/etc/passwd')"),
    ),
    "a full-text table without its tables": (
        ("table", "evil", "CREATE VIRTUAL TABLE evil USING fts5(a, content='')"),
    ),
    "a full-text table with a tokenizer of its own": (
        ("table", "evil", "CREATE VIRTUAL TABLE evil USING fts3(a, tokenize=icu)"),
    ),
    "a spatial table without its tables": (
        ("table", "evil", "CREATE VIRTUAL TABLE evil USING rtree(id, a, b)"),
    ),
    "a generated column that loads a library": (
        (
            "change",
            "person",
            f"{PERSON}, evil AS (load_extension('/tmp/evil.so')))",
        ),
    ),
    "a generated column without measure": (
        (
            "change",
            "person",
            f"{PERSON}, evil AS (printf('%.*c', 2000000000, 'x')))",
        ),
    ),
    "a schema that is no SQL": (("change", "person", "CREATE TABLE person (((("),),
    "a schema that is two statements": (
        ("change", "person", "CREATE TABLE person (id, name); DROP TABLE person"),
    ),
    "a schema of another kind": (("change", "person", "CREATE INDEX person ON person (name)"),),
    "a schema of 1,900 columns": (
        (
            "change",
            "person",
            f"{PERSON}, " + ", ".join(f"c{n}" for n in range(1900)) + ")",
        ),
    ),
    "a name that is an attack": (
        ("view", "x'); DROP TABLE person; --", 'CREATE VIEW "x\'); DROP" AS SELECT 1'),
    ),
    "an expression of great depth": (
        ("view", "evil", "CREATE VIEW evil AS SELECT " + "(" * 2000 + "1" + ")" * 2000),
    ),
    "a root page beyond the file": (("table", "evil", "CREATE TABLE evil (a)"),),
}


@pytest.mark.slow
@pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_schema_does_nothing_and_costs_little(tmp_path, schema):
    path = forged(tmp_path / "people.db", *schema)
    before = traces(tmp_path)
    expected = {*OF_SQL, errors.DATABASE_DAMAGED, errors.DATABASE_EMPTY}
    began = time.monotonic()
    for sql in ("SELECT * FROM evil", "SELECT * FROM person", "SELECT evil FROM person"):
        error = refused(path, sql, SHORT)
        assert error is None or error.type in expected
    assert time.monotonic() - began < 4
    error = ended(lambda: collect(str(path), "people", LIMITS))
    assert error is None or error.type in expected
    assert time.monotonic() - began < 8
    assert traces(tmp_path) == before


@pytest.mark.slow
def test_a_file_with_any_byte_damaged_ends_in_rows_or_in_a_clear_error(tmp_path):
    whole = made(tmp_path / "whole.db", PEOPLE, SCHEMA).read_bytes()
    path = tmp_path / "spoiled.db"
    dice = random.Random(7)
    for _ in range(30):
        spoiled = bytearray(whole)
        for _ in range(dice.choice((1, 5, 50))):
            spoiled[dice.randrange(16, len(spoiled))] = dice.randrange(256)
        path.write_bytes(spoiled)
        for error in (
            refused(path, "SELECT * FROM person, notes, many LIMIT 50", SHORT),
            ended(lambda: collect(str(path), "people", SHORT)),
        ):
            assert error is None or error.type.name.startswith(("DATABASE_", "SQL_"))
