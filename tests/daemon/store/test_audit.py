"""Whoever changes, removes, adds or moves an entry of the audit log is found out."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.protocol.audit import AuditKind, AuditProblemKind
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import FlowId
from daemon.store import Database
from daemon.store.audit import (
    GENESIS,
    append_audit,
    audit_end,
    audit_problems,
    canonical,
    chained,
    list_audit,
    prune_audit,
)
from daemon.store.audit_head import AuditHead
from daemon.store.clock import later
from daemon.store.schema import STATE_MIGRATIONS

P = AuditProblemKind
ENTRIES = 8


class Log:
    """A real log on disk with its head, and somebody who opens both with other tools."""

    def __init__(self, place: Path) -> None:
        self.db = Database.open(place / "state.db", STATE_MIGRATIONS)
        self.head = AuditHead(place / "audit.head", syslog=str(place / "syslog"))
        self.head.settle(self.db)

    def add(self, count: int = ENTRIES) -> None:
        for n in range(count):
            with self.db.transaction():
                append_audit(self.db, AuditKind.FETCH, FlowId(f"f{n % 3}"), {"urls": [f"{n}"]})
            self.head.follow(self.db)

    def tamper(self, *statements: str) -> None:
        """As with the sqlite3 program: triggers are no hindrance."""
        connection = apsw.Connection(str(self.db.path))
        for name in ("audit_is_never_changed", "audit_is_removed_by_age_alone"):
            connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            connection.execute(statement)
        connection.close()

    def rechain(self) -> None:
        """Makes the log fit in itself again, as somebody would who knows how it is made."""
        previous = GENESIS
        connection = apsw.Connection(str(self.db.path))
        rows = connection.execute("SELECT n, entry FROM audit ORDER BY n").fetchall()
        for n, (old, text) in enumerate(rows, 1):
            content = canonical({**json.loads(text), "n": n})
            previous = chained(previous, content)
            connection.execute(
                "UPDATE audit SET n = ?, entry = ?, hash = ? WHERE n = ?",
                (n, content, previous, old),
            )
        connection.close()

    def found(self) -> set[AuditProblemKind]:
        return {p.kind for p in [*self.head.problems(self.db), *audit_problems(self.db)]}

    def again(self) -> None:
        """The daemon starts anew."""
        self.head = AuditHead(self.head.file, syslog="/nowhere")
        self.head.settle(self.db)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    made = Log(tmp_path)
    made.add()
    return made


def test_a_log_that_nobody_touched_is_intact(log: Log) -> None:
    assert log.found() == set()
    log.again()
    log.add()
    assert log.found() == set()
    assert [entry.n for entry in list_audit(log.db, 100, None, None)] == [*range(16, 0, -1)]
    assert {entry.flow_id for entry in list_audit(log.db, 100, 9, "f1")} == {"f1"}


TAMPERING: dict[str, tuple[tuple[str, ...], set[AuditProblemKind]]] = {
    "a word changed": (
        ("UPDATE audit SET entry = replace(entry, '\"3\"', '\"4\"') WHERE n = 4",),
        {P.CHANGED},
    ),
    "the time changed": (
        ('UPDATE audit SET entry = replace(entry, \'"at":"2\', \'"at":"1\') WHERE n = 2',),
        {P.CHANGED},
    ),
    "one space more": (("UPDATE audit SET entry = entry || ' ' WHERE n = 1",), {P.CHANGED}),
    "no JSON any more": (("UPDATE audit SET entry = 'x' WHERE n = 5",), {P.CHANGED}),
    "given to another flow": (("UPDATE audit SET flow_id = 'f9' WHERE n = 5",), {P.CHANGED}),
    "a hash changed": (
        ("UPDATE audit SET hash = replace(hash, 'a', 'b') || '0' WHERE n = 5",),
        {P.CHANGED},
    ),
    "the last hash changed": (
        ("UPDATE audit SET hash = 'x' WHERE n = 8",),
        {P.CHANGED, P.HEAD_MISFIT},
    ),
    "one removed": (("DELETE FROM audit WHERE n = 4",), {P.REMOVED}),
    "several removed": (("DELETE FROM audit WHERE n BETWEEN 3 AND 6",), {P.REMOVED}),
    "the first removed": (("DELETE FROM audit WHERE n = 1",), {P.REMOVED}),
    "one removed and the gap closed": (
        ("DELETE FROM audit WHERE n = 4", "UPDATE audit SET n = n - 1 WHERE n > 4"),
        {P.CHANGED, P.CUT},
    ),
    "two exchanged": (
        (
            "UPDATE audit SET n = -1 WHERE n = 3",
            "UPDATE audit SET n = 3 WHERE n = 4",
            "UPDATE audit SET n = 4 WHERE n = -1",
        ),
        {P.CHANGED},
    ),
    "one added at the end": (
        ("INSERT INTO audit SELECT 9, flow_id, entry, hash FROM audit WHERE n = 8",),
        {P.CHANGED},
    ),
    "one added before the first": (
        ("INSERT INTO audit SELECT 0, flow_id, entry, hash FROM audit WHERE n = 1",),
        {P.REMOVED, P.CHANGED},
    ),
    "the last cut off": (("DELETE FROM audit WHERE n = 8",), {P.CUT}),
    "half of it cut off": (("DELETE FROM audit WHERE n > 4",), {P.CUT}),
    "all of it": (("DELETE FROM audit",), {P.CUT}),
    "the beginning, called old": (
        (
            "INSERT INTO audit_stub SELECT 1, n, hash FROM audit WHERE n = 3",
            "DELETE FROM audit WHERE n <= 3",
        ),
        {P.BEGINNING},
    ),
    "all of it, called old": (
        (
            "INSERT INTO audit_stub SELECT 1, n, hash FROM audit WHERE n = 8",
            "DELETE FROM audit",
        ),
        {P.BEGINNING},
    ),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found(log: Log, name: str) -> None:
    statements, expected = TAMPERING[name]
    log.tamper(*statements)
    assert expected <= log.found()


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_still_found_after_a_start_and_more_entries(log: Log, name: str) -> None:
    log.tamper(*TAMPERING[name][0])
    log.again()
    log.add()
    assert log.found()


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_under_a_running_daemon_is_found(log: Log, name: str) -> None:
    log.tamper(*TAMPERING[name][0])
    log.add()
    assert log.found()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET entry = replace(entry, '\"3\"', '\"4\"') WHERE n = 4",
        "DELETE FROM audit WHERE n = 4",
        "DELETE FROM audit WHERE n > 5",
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_log_rewritten_with_all_its_hashes_does_not_fit_its_head(
    log: Log, statement: str, restarted: bool
) -> None:
    log.tamper(statement)
    log.rechain()
    assert audit_problems(log.db) == []
    assert log.found()
    if restarted:
        log.again()
    log.add()
    assert P.HEAD_MISFIT in log.found()


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, ENTRIES),
    at=st.integers(0, 400),
    byte=st.characters(min_codepoint=32, max_codepoint=126),
)
def test_no_character_of_any_entry_can_be_changed(
    tmp_path_factory: pytest.TempPathFactory, n: int, at: int, byte: str
) -> None:
    log = Log(tmp_path_factory.mktemp("log"))
    log.add()
    text = str(log.db.value("SELECT entry FROM audit WHERE n = ?", (n,)))
    at %= len(text)
    changed = text[:at] + byte + text[at + 1 :]
    quoted = changed.replace("'", "''")
    log.tamper(f"UPDATE audit SET entry = '{quoted}' WHERE n = {n}")
    assert bool(log.found()) is (changed != text)


@pytest.mark.parametrize("statement", ["UPDATE audit SET hash = 'x'", "DELETE FROM audit"])
def test_the_store_itself_refuses_to_change_an_entry(log: Log, statement: str) -> None:
    with pytest.raises((AlvoError, apsw.ConstraintError)):
        log.db.run(statement)
    assert log.found() == set()


def test_old_entries_go_and_leave_a_stub_that_can_be_checked(log: Log) -> None:
    with log.db.transaction():
        assert prune_audit(log.db, later(60)) == ENTRIES
    log.head.follow(log.db)
    log.add()
    assert log.found() == set()
    kept = list_audit(log.db, 100, None, None)
    assert (kept[-1].n, kept[-1].kind) == (ENTRIES + 1, AuditKind.PRUNED)
    with log.db.transaction():
        assert prune_audit(log.db, later(60)) == ENTRIES + 1
        assert prune_audit(log.db, later(-60)) == 0
    log.head.follow(log.db)
    assert log.found() == set()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_stub SET n = n - 1",
        "UPDATE audit_stub SET hash = 'x'",
        "DELETE FROM audit_stub",
        "UPDATE audit_stub SET n = n + 1; DELETE FROM audit WHERE n <= (SELECT n FROM audit_stub)",
    ],
)
def test_the_stub_cannot_be_changed_either(log: Log, statement: str) -> None:
    with log.db.transaction():
        prune_audit(log.db, later(60))
    log.add()
    log.tamper(*statement.split(";"))
    assert log.found()


HEADS: dict[str, Callable[[Path], Any]] = {
    "removed": Path.unlink,
    "emptied": lambda file: file.write_text(""),
    "no JSON": lambda file: file.write_text("{"),
    "of another shape": lambda file: file.write_text("[]"),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_was_lost_is_told_at_once_and_ever_after(log: Log, name: str) -> None:
    HEADS[name](log.head.file)
    assert log.found() == {P.HEAD_LOST}
    log.again()
    log.add()
    assert log.found() == {P.HEAD_LOST}


def test_the_head_is_for_its_owner_alone_and_follows_every_commit(log: Log) -> None:
    assert log.head.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in log.head.file.parent.glob("audit.head*")] == ["audit.head"]
    written = json.loads(log.head.file.read_text())
    assert (written["n"], written["hash"]) == audit_end(log.db)


def test_a_crash_between_commit_and_head_is_no_misfit(log: Log) -> None:
    with log.db.transaction():
        append_audit(log.db, AuditKind.FETCH, None, {})
    log.again()
    log.add()
    assert log.found() == set()


def test_a_transaction_that_fails_leaves_no_entry(log: Log) -> None:
    with pytest.raises(ZeroDivisionError), log.db.transaction():
        append_audit(log.db, AuditKind.FETCH, None, {})
        _ = 1 / 0
    assert audit_end(log.db)[0] == ENTRIES


def test_the_journal_is_told_each_head_where_there_is_one(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "syslog"))
        journal.settimeout(5)
        log = Log(tmp_path)
        journal.recv(500)
        log.add(1)
        n, hash_ = audit_end(log.db)
        assert f"entry {n} {hash_}" in journal.recv(500).decode()
