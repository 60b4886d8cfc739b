"""A fingerprint tells whether a database is another one since."""

import os

import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.sources.database import fingerprint
from tests.support.databases import PEOPLE, asked, made, writing

MORE = "INSERT INTO person (name) VALUES ('Dora')"


def test_it_stays_while_nobody_writes_and_when_the_file_is_merely_touched(tmp_path):
    path = made(tmp_path / "people.db", PEOPLE)
    before = fingerprint(str(path))
    asked(path, "SELECT 1")
    os.utime(path)
    assert fingerprint(str(path)) == before


def test_rows_and_schema_change_it(tmp_path):
    path = made(tmp_path / "people.db", PEOPLE)
    seen = {fingerprint(str(path))}
    made(path, MORE)
    seen.add(fingerprint(str(path)))
    made(path, "CREATE TABLE more (a)")
    seen.add(fingerprint(str(path)))
    assert len(seen) == 3


def test_commits_that_are_only_in_the_log_change_it(tmp_path):
    path = tmp_path / "people.db"
    with writing(path, "PRAGMA journal_mode = wal", PEOPLE) as writer:
        before = fingerprint(str(path))
        writer.run(MORE)
        assert fingerprint(str(path)) != before


def test_a_table_file_has_one_too(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("a,b\n1,2\n")
    before = fingerprint(str(path))
    path.write_text("a,b\n1,2\n3,4\n")
    assert fingerprint(str(path)) != before


def test_what_is_not_there_has_none(tmp_path):
    for path, expected in (
        (tmp_path / "none.db", errors.DATABASE_GONE),
        (tmp_path, errors.DATABASE_NOT_READABLE),
    ):
        with pytest.raises(AlvoError) as raised:
            fingerprint(str(path))
        assert raised.value.type is expected
