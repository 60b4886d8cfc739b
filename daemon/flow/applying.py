"""Writes what a preview showed, takes it back, and finishes either after a crash: never half."""

import asyncio
import hashlib
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import prompts
from daemon.flow.failing import fail
from daemon.flow.ledger import Ledger
from daemon.flow.plan import ended_plan
from daemon.flow.transitions import advance
from daemon.protocol import codec, errors
from daemon.protocol.audit import AuditKind
from daemon.protocol.calls import UndoCounts
from daemon.protocol.errors import AlvoError
from daemon.protocol.escape import escape
from daemon.protocol.values import AnsweredBy, EventKind, Flow, FlowId, FlowStatus, StepStatus
from daemon.shell.preview import remove_tree
from daemon.shell.preview_changes import shown
from daemon.shell.preview_files import Change, FileKind, look_below
from daemon.shell.preview_replay import carry_out, check, keep_before, remove_parts
from daemon.store import Database, crash
from daemon.store.audit import append_audit
from daemon.store.changes import (
    ChangeSet,
    SetStatus,
    count_dropped,
    kept_sets,
    last_set,
    load_set,
    new_set,
    running_set,
    save_set,
    unfinished_sets,
)
from daemon.store.events import append_event
from daemon.store.flows import load_flow
from daemon.store.inquiries import applied_inquiry

_log: Final = logging.getLogger(__name__)
_EXECUTING: Final = frozenset({FlowStatus.EXECUTING})
_NAMED: Final = 100
"""So many paths are named where it is told what was written; the preview has them all."""


class Applier:
    """`folder`: where the content of changed files is kept, a folder for each set of changes."""

    def __init__(self, ledger: Ledger, home: Path, folder: Path, limit_bytes: int) -> None:
        self._ledger = ledger
        self._home = home.resolve()
        self._folder = folder
        self.limit_bytes = limit_bytes
        # One at a time: two that write the same file would each find it changed by the other.
        self._one = asyncio.Lock()

    async def prepare(self, flow_id: FlowId, changes: list[Change], new: Path) -> ChangeSet:
        """All that writing needs, on disk; PREVIEW_CONFLICT where a file is no longer as shown.

        The set is the caller's to record, in the transaction that takes the person's yes.
        """
        made = new_set(flow_id, SetStatus.WRITING, changes, _size(changes))
        kept = self._folder / made.id

        def keep() -> None:
            check(self._home, changes, self._folder)
            keep_before(self._home, changes, kept)
            for change in changes:
                if change.after.kind is FileKind.FILE and not change.before.same_content(
                    change.after
                ):
                    name = change.after.sha256 or ""
                    if not (kept / name).exists():
                        (kept / name).hardlink_to(new / name)

        try:
            await asyncio.to_thread(keep)
        except OSError as error:
            await asyncio.to_thread(remove_tree, kept)
            raise AlvoError(errors.STORE_FULL, path=kept) from error
        except AlvoError:
            await asyncio.to_thread(remove_tree, kept)
            raise
        crash.point("apply-saved")
        return made

    async def keep(self, flow_id: FlowId, listed: list[Change]) -> ChangeSet | None:
        """What a real run is about to change, as far as its preview knew; None: not to be kept."""

        def keep() -> ChangeSet | None:
            looked = [(c, look_below(self._home, c.raw, c.before)) for c in listed]
            changes = [Change(c.path, before, c.after) for c, before in looked]
            made = new_set(flow_id, SetStatus.RUNNING, changes, _size(changes))
            if made.bytes > self.limit_bytes:
                return None
            keep_before(self._home, changes, self._folder / made.id, run=True)
            return made

        try:
            return await asyncio.to_thread(keep)
        except (OSError, AlvoError) as error:
            # The person's yes is to the run; that it cannot be undone is told by `undo`.
            _log.warning("flow %s will not be undone: %s", flow_id, error)
            return None

    async def settle(self, flow_id: FlowId) -> str:
        """After a real run: the files are what it made of them. Gives what changed, in words."""
        found = await self._ledger.read(lambda db: running_set(db, flow_id))
        if found is None:
            return ""
        changes = await self._settle(found)
        flow = (await self._ledger.read(lambda db: load_flow(db, flow_id))).flow
        return _told("preview_run", flow.language, changes)

    async def apply(self, flow_id: FlowId, set_id: str) -> None:
        """Returns when the flow has ended; what goes wrong is its error."""
        try:
            found = await self._ledger.read(lambda db: load_set(db, set_id))
            if found is not None:
                crash.point("apply-journalled")
                await self._write(found)
        except Exception as error:  # noqa: BLE001  (a flow must end with an error, whatever it was)
            await fail(self._ledger, flow_id, FlowStatus.EXECUTING, error)

    async def undo(self, flow: Flow, by: AnsweredBy) -> list[Change]:
        """What was changed back; UNDO_UNAVAILABLE, or PREVIEW_CONFLICT and nothing is changed."""
        async with self._one:
            found = await self._ledger.read(lambda db: last_set(db, flow.id))
            if found is None:
                raise AlvoError(errors.UNDO_UNAVAILABLE, flow=flow.id[:6])
            back = [change.back() for change in _changes(found)]
            kept = self._folder / found.id

            def keep() -> None:
                check(self._home, back, self._folder, undo=True)
                keep_before(self._home, back, kept)

            await asyncio.to_thread(keep)
            crash.point("undo-saved")
            undoing = replace(found, status=SetStatus.UNDOING)
            await self._ledger.record(lambda db: save_set(db, undoing))
            crash.point("undo-journalled")
            await self._take_back(undoing, by)
            return back

    async def recover(self) -> None:
        """Finishes what a crash cut off; where a file has changed since, what was done goes back."""
        for found in await self._ledger.read(unfinished_sets):
            match found.status:
                case SetStatus.WRITING:
                    await self.apply(found.flow_id, found.id)
                case SetStatus.UNDOING:
                    try:
                        await self._take_back(found)
                    except AlvoError as error:
                        _log.warning("the undo of flow %s was taken back: %s", found.flow_id, error)
                case _:
                    await self._settle(found)
        known = {found.id for found in await self._ledger.read(kept_sets)}
        await asyncio.to_thread(self._forget_unknown, known)

    async def _write(self, found: ChangeSet) -> None:
        changes = _changes(found)
        async with self._one:
            await self._carry_out(found, changes, SetStatus.FAILED, "apply-written")
            crash.point("apply-carried-out")

            def finish(db: Database) -> None:
                save_set(db, replace(found, status=SetStatus.DONE))
                _audit_applied(db, found, len(changes))
                flow = load_flow(db, found.flow_id).flow
                if flow.status is not FlowStatus.EXECUTING:
                    return  # It was cancelled too late: what is written can be undone.
                advance(
                    db,
                    flow.id,
                    FlowStatus.EXECUTED,
                    _EXECUTING,
                    answer=_told("preview_applied", flow.language, changes),
                    plan=ended_plan(flow, StepStatus.DONE),
                )

            await self._ledger.insist(found.flow_id, finish)
        await self._hold_limit(found)

    async def _take_back(self, found: ChangeSet, by: AnsweredBy | None = None) -> None:
        back = [change.back() for change in _changes(found)]
        await self._carry_out(found, back, SetStatus.DONE, "undo-written")
        crash.point("undo-carried-out")

        def finish(db: Database) -> None:
            save_set(db, replace(found, status=SetStatus.UNDONE, kept=False))
            told = {"set": found.id, "digest": _digest(found), "paths": len(back)}
            told["by"] = None if by is None else codec.to_builtins(by)
            append_audit(db, AuditKind.PREVIEW_UNDONE, found.flow_id, told)
            flow = load_flow(db, found.flow_id).flow
            message = _told("preview_undone", flow.language, back)
            append_event(db, flow.id, EventKind.NOTICE, {"message": message})

        await self._ledger.insist(found.flow_id, finish)
        await asyncio.to_thread(remove_tree, self._folder / found.id)

    async def _carry_out(
        self, found: ChangeSet, changes: Sequence[Change], otherwise: SetStatus, point: str
    ) -> None:
        """All of them, or PREVIEW_CONFLICT and none: then the set is as `otherwise` says."""
        kept, step = self._folder / found.id, _step(point)

        def forward() -> None:
            remove_parts(self._home, changes, found.id)
            carry_out(self._home, changes, kept, found.id, step)

        def back() -> None:
            remove_parts(self._home, changes, found.id)
            undone = [change.back() for change in changes]
            carry_out(self._home, undone, kept, found.id, lambda: None, lenient=True)

        try:
            await asyncio.to_thread(forward)
        except AlvoError:
            await asyncio.to_thread(back)
            ended = replace(found, status=otherwise, kept=otherwise is SetStatus.DONE)
            await self._ledger.insist(found.flow_id, lambda db: save_set(db, ended))
            raise

    async def _settle(self, found: ChangeSet) -> list[Change]:
        def now() -> list[Change]:
            looked = (
                Change(c.path, c.before, look_below(self._home, c.raw, c.before))
                for c in _changes(found)
            )
            return [change for change in looked if not change.before.agrees(change.after)]

        changes = await asyncio.to_thread(now)
        settled = replace(
            found, status=SetStatus.DONE, changes=codec.encode(changes).decode(), kept=bool(changes)
        )
        await self._ledger.insist(found.flow_id, lambda db: save_set(db, settled))
        await self._hold_limit(settled)
        return changes

    async def _hold_limit(self, newest: ChangeSet) -> None:
        """The oldest go first, and the flow they belong to says so."""
        sets = await self._ledger.read(kept_sets)
        total = sum(found.bytes for found in sets)
        for found in sets:
            if total <= self.limit_bytes:
                return
            if found.status is SetStatus.DONE:
                total -= found.bytes
                await self._ledger.insist(found.flow_id, _dropping(found))
                await asyncio.to_thread(remove_tree, self._folder / found.id)
        _log.info("what flow %s changed takes more than is kept for undo", newest.flow_id)

    async def counts(self) -> UndoCounts:
        def count(db: Database) -> UndoCounts:
            sets = kept_sets(db)
            kept_bytes = sum(found.bytes for found in sets)
            return UndoCounts(len(sets), kept_bytes, self.limit_bytes, count_dropped(db))

        return await self._ledger.read(count)

    def _forget_unknown(self, known: set[str]) -> None:
        if self._folder.is_dir():
            for place in self._folder.iterdir():
                if place.name not in known:
                    remove_tree(place)


def _dropping(found: ChangeSet) -> Callable[[Database], None]:
    def drop(db: Database) -> None:
        save_set(db, replace(found, status=SetStatus.DROPPED, kept=False))
        flow = load_flow(db, found.flow_id).flow
        message = prompts.phrase("undo_dropped", flow.language, flow=flow.id[:6])
        append_event(db, flow.id, EventKind.NOTICE, {"message": message})

    return drop


def _audit_applied(db: Database, found: ChangeSet, paths: int) -> None:
    inquiry = applied_inquiry(db, found.flow_id)
    digest = None if inquiry is None else (inquiry.preview or {}).get("digest")
    told = {"set": found.id, "inquiry": inquiry and inquiry.id, "digest": digest, "paths": paths}
    append_audit(db, AuditKind.PREVIEW_APPLIED, found.flow_id, told)


def _digest(found: ChangeSet) -> str:
    return hashlib.sha256(found.changes.encode()).hexdigest()


def _step(point: str) -> Callable[[], None]:
    return lambda: crash.point(point)


def _changes(found: ChangeSet) -> list[Change]:
    return codec.decode(found.changes, list[Change])


def _size(changes: Sequence[Change]) -> int:
    return sum(change.before.size for change in changes)


def _code(text: str) -> str:
    """As Markdown that shows exactly this, whatever is in it."""
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (max(map(len, re.findall("`+", text))) + 1)
    return f"{fence} {text} {fence}"


def _told(phrase: str, language: str, changes: Sequence[Change]) -> str:
    lines = [f"- {_code(f'~/{escape(shown(change.path))}')}" for change in changes[:_NAMED]]
    if len(changes) > _NAMED:
        lines.append(f"- … {len(changes) - _NAMED}")
    return "\n".join([prompts.phrase(phrase, language, count=len(changes)), "", *lines]).strip()
