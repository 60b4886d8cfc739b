"""The head of the audit log, kept apart from it: a file of its own, and the journal."""

import contextlib
import logging
import os
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from daemon.protocol import codec
from daemon.protocol.audit import AuditKind, AuditProblem, AuditProblemKind
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Digest
from daemon.store.audit import GENESIS, append_audit, audit_end, hash_at
from daemon.store.database import Database

SYSLOG: Final = "/dev/log"
_MISFITS_MAX: Final = 100
_AUTHPRIV_INFO: Final = 10 << 3 | 6
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log as it was last seen; `misfits`: earlier heads that the log did not hold."""

    n: int
    hash: Digest
    misfits: list[tuple[int, str]] = field(default_factory=list)


class AuditHead:
    """Belongs to the thread that writes the state: `follow` is called after each of its commits.

    What a cut of the log's tail would take away is known here. A head that does not fit the log is
    never replaced by one that does: it is kept as a misfit, and told by every later check.
    """

    def __init__(self, file: Path, syslog: str = SYSLOG) -> None:
        self.file = file
        self._syslog = syslog
        self._written: Head | None = None

    def settle(self, db: Database) -> None:
        """At the start: goes on from the head on disk; call it outside a transaction."""
        head = self._read()
        n, hash_ = audit_end(db)
        if head is None and n == 0:
            self._write(Head(0, GENESIS))
            return
        with db.transaction():
            if head is None:
                head = Head(0, GENESIS)
                append_audit(db, AuditKind.HEAD_LOST, None, {"found": n})
            elif hash_at(db, head.n) != head.hash:
                # Before anything takes the place of what was cut off.
                append_audit(db, AuditKind.HEAD_MISFIT, None, {"n": head.n, "hash": head.hash})
                self._write(replace(_misfit(head), n=n, hash=hash_))
                head = self._written or head
        self._written = head
        self._advance(db, head)

    def follow(self, db: Database) -> None:
        """After a commit. A crash before it leaves the head behind the log, which is no misfit."""
        if self._written is None:
            return
        try:
            self._advance(db, self._written)
        except AlvoError as error:
            # What was committed stands; the next commit tries again.
            _log.warning("the head of the audit log was not read: %s", error)

    def problems(self, db: Database) -> list[AuditProblem]:
        """What the head on disk tells of the log; from any thread, with any connection."""
        head = self._read()
        if head is None:
            return [AuditProblem(AuditProblemKind.HEAD_LOST, 0)]
        found = [AuditProblem(AuditProblemKind.HEAD_MISFIT, n) for n, _ in head.misfits]
        end, _ = audit_end(db)
        if head.n > end:
            found.append(AuditProblem(AuditProblemKind.CUT, end + 1))
        elif hash_at(db, head.n) != head.hash:
            found.append(AuditProblem(AuditProblemKind.HEAD_MISFIT, head.n))
        return found

    def _advance(self, db: Database, head: Head) -> None:
        n, hash_ = audit_end(db)
        if (n, hash_) == (head.n, head.hash):
            return
        fits = hash_at(db, head.n) == head.hash
        self._write(replace(head if fits else _misfit(head), n=n, hash=hash_))

    def _write(self, head: Head) -> None:
        """Replaced in one step; where that fails the commit stands and the next one tries again."""
        beside = self.file.with_name(self.file.name + ".new")
        try:
            descriptor = os.open(
                beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
            )
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o600)
                file.write(codec.encode(head) + b"\n")
            beside.replace(self.file)
        except OSError as error:
            _log.warning("the head of the audit log was not written: %s", error)
            return
        self._written = head
        self._tell_journal(head)

    def _tell_journal(self, head: Head) -> None:
        """In a log of the system's that this account cannot rewrite, where there is one."""
        line = f"<{_AUTHPRIV_INFO}>alvo-audit[{os.getpid()}]: entry {head.n} {head.hash}"
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.setblocking(False)
            to.sendto(line.encode(), self._syslog)

    def _read(self) -> Head | None:
        try:
            return codec.decode(self.file.read_bytes(), Head)
        except (OSError, codec.Malformed):
            return None


def _misfit(head: Head) -> Head:
    _log.error("the audit log does not fit its head: entry %d", head.n)
    kept = [*head.misfits, (head.n, str(head.hash))]
    return replace(head, misfits=kept[:_MISFITS_MAX])
