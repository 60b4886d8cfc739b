"""What `audit.*` does: lists and checks the log, and lets it go by its age."""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Final

import prompts
from daemon.config import AuditSettings
from daemon.flow.ledger import Ledger
from daemon.protocol.calls import AuditList, AuditReport, ListAudit
from daemon.store import Database
from daemon.store.audit import audit_end, audit_problems, list_audit, prune_audit
from daemon.store.audit_head import AuditHead
from daemon.store.clock import later
from daemon.store.flows import named_flow

_DAY_S: Final = 86_400.0
_LOOK_S: Final = 6 * 3600.0
_log: Final = logging.getLogger(__name__)


class Auditor:
    """The audit log as methods see it."""

    def __init__(
        self, ledger: Ledger, head: AuditHead, state: Path, settings: AuditSettings
    ) -> None:
        self._ledger = ledger
        self._head = head
        self._state = state
        self._settings = settings
        self._pruning: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._settings.keep_days > 0:
            self._pruning = asyncio.create_task(self._prune(), name="audit")

    async def close(self) -> None:
        if self._pruning is not None:
            self._pruning.cancel()
            await asyncio.wait([self._pruning])

    async def list(self, wanted: ListAudit) -> AuditList:
        """`flow_id`: by its beginning too; one that was deleted, whole."""

        def read(db: Database) -> AuditList:
            given = wanted.flow_id
            if (
                given is not None
                and db.value("SELECT 1 FROM audit WHERE flow_id = ?", (given,)) is None
            ):
                given = named_flow(db, given).flow.id
            return AuditList(list_audit(db, wanted.limit, wanted.before, given))

        return await self._ledger.read(read)

    async def verify(self, language: str) -> AuditReport:
        """Beside all other reading: a long log takes its time."""
        return await asyncio.to_thread(self._verify, language)

    def _verify(self, language: str) -> AuditReport:
        with contextlib.closing(Database.open(self._state, readonly=True)) as db:
            # One snapshot; the head is read before it, so that it is never ahead of it.
            db.run("BEGIN")
            problems = [*self._head.problems(db), *audit_problems(db)]
            count, first = db.one("SELECT count(*), coalesce(min(n), 0) FROM audit") or (0, 0)
            last, hash_ = audit_end(db)
        return AuditReport(
            intact=not problems,
            entries=count,
            first=first,
            last=last,
            hash=hash_,
            problems=problems,
            limit=prompts.phrase("audit_limit", language),
        )

    async def _prune(self) -> None:
        while True:
            try:
                await self._ledger.record(self._prune_now)
            except Exception:  # noqa: BLE001  (whatever it was, it is tried again)
                _log.exception("removing old entries of the audit log failed")
            await asyncio.sleep(_LOOK_S)

    def _prune_now(self, db: Database) -> None:
        prune_audit(db, later(-self._settings.keep_days * _DAY_S))
