"""Makes previews: what a plan would do to a person's files, as an inquiry can show it."""

import asyncio
import difflib
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import prompts
from daemon.protocol import codec
from daemon.protocol.values import Digest, Flow, Inquiry, InquiryId, Json
from daemon.shell.preview import Surroundings, Trial, remove_left_over, remove_tree, tried
from daemon.shell.preview_changes import describe, shown
from daemon.shell.preview_files import Change, FileKind, FileState, read_below
from daemon.shell.preview_limits import Limits
from daemon.shell.preview_replay import keep_contents

_AT_ONCE: Final = 2
_DIFF_FILE_BYTES: Final = 256 * 1024
_DIFF_FILE_LINES: Final = 4000
_DIFF_CHARS: Final = 1024 * 1024
_DIFF_S: Final = 5.0
_NO_END: Final = "\\ No newline at end of file"


@dataclass(frozen=True, slots=True)
class Previewed:
    """`shown`: what the inquiry carries. `changes`: what `apply` would write."""

    shown: Json
    changes: list[Change]


class Previewer:
    """`folder`: where the new content of previewed files waits for a person's word."""

    def __init__(
        self,
        around: Surroundings,
        folder: Path,
        undo_limit_bytes: int,
        limits: Limits | None = None,
    ) -> None:
        self._around = around
        self._folder = folder
        self._undo_limit_bytes = undo_limit_bytes
        self._limits = limits or Limits()
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def preview(self, inquiry: Inquiry, flow: Flow, *, session: bool) -> Previewed:
        """Of the inquiry's plan; raises PREVIEW_UNAVAILABLE, PREVIEW_NOT_THERE, PREVIEW_TOO_LARGE.

        `session`: the conversation has a bash, of whose variables a preview knows nothing.
        """
        scripts = [command.script for command in inquiry.plan]
        async with (
            self._places,
            tried(scripts, inquiry.cwd or "/", self._around, self._limits) as trial,
        ):
            return await asyncio.to_thread(self._keep, inquiry, flow, trial, session)

    def kept(self, inquiry_id: InquiryId) -> Path:
        return self._folder / inquiry_id

    def forget(self, waiting: set[str]) -> None:
        """All but those that may still be applied."""
        remove_left_over()
        if self._folder.is_dir():
            for found in self._folder.iterdir():
                if found.name not in waiting:
                    remove_tree(found)

    def _keep(self, inquiry: Inquiry, flow: Flow, trial: Trial, session: bool) -> Previewed:
        changes = trial.changes
        whole = trial.ended_by is None
        if whole:
            after = [
                (change.path, change.after)
                for change in changes
                if not change.before.same_content(change.after)
            ]
            keep_contents(trial.upper, after, self.kept(inquiry.id), ours=True)
        secret = set(inquiry.environment) - set(self._around.environment)
        notes = _Notes(flow.language)
        notes.add("preview_unseen_always")
        notes.add("preview_unseen_session", session)
        notes.add("preview_unseen_secrets", bool(secret), names=", ".join(sorted(secret)))
        notes.add("preview_unseen_elsewhere", trial.elsewhere)
        notes.add("preview_unseen_mounts", bool(trial.mounts), paths=", ".join(trial.mounts))
        links = ", ".join(f"~/{path}" for path in trial.hard_links)
        notes.add("preview_unseen_links", bool(trial.hard_links), paths=links)
        most = self._undo_limit_bytes
        over = sum(change.before.size for change in changes) > most
        notes.add("preview_unseen_undo", over, limit=f"{most / 1024**2:,.0f} MiB")
        if trial.ended_by is not None:
            notes.add(f"preview_ended_{trial.ended_by}")
        shown_changes = _shown(changes, self._around.home.resolve(), trial.upper)
        return Previewed(
            {
                "changes": shown_changes,
                "output": trial.output,
                "output_left_out": trial.dropped,
                "exit_status": trial.exit_status,
                "ended_by": trial.ended_by,
                "unseen": notes.sentences,
                "digest": changes_digest(changes, trial) if whole else None,
            },
            changes,
        )


def changes_digest(changes: Sequence[Change], trial: Trial) -> Digest:
    """Over path, kind, mode, old and new content of every change; and how it ended."""
    parts = [list(changes), trial.exit_status]
    return Digest(hashlib.sha256(codec.encode(parts)).hexdigest())


class _Notes:
    def __init__(self, language: str) -> None:
        self._language = language
        self.sentences = list[str]()

    def add(self, name: str, wanted: bool = True, **blanks: str) -> None:
        if wanted:
            self.sentences.append(prompts.phrase(name, self._language, **blanks))


def _shown(changes: Sequence[Change], home: Path, upper: Path) -> list[Json]:
    left, rows, end = _DIFF_CHARS, list[Json](), time.monotonic() + _DIFF_S
    for change in changes:
        diff = None
        if left > 0 and time.monotonic() < end and not change.before.same_content(change.after):
            old = _text(home, change, change.before)
            new = _text(upper, change, change.after)
            diff = None if old is None or new is None else _diff(old, new)
        if diff is not None and len(diff) > left:
            diff = None
        left -= len(diff or "")
        rows.append(
            {
                "path": shown(change.path),
                "kind": change.kind.value,
                "before": describe(change.before),
                "after": describe(change.after),
                "diff": diff,
                "link": None if change.link is None else shown(change.link),
            }
        )
    return rows


def _text(root: Path, change: Change, state: FileState) -> str | None:
    """Of a text file that is in this state; an absent file is an empty one, None: not for a diff."""
    if state.kind is FileKind.ABSENT:
        return ""
    if state.kind is not FileKind.FILE or state.size > _DIFF_FILE_BYTES:
        return None
    try:
        content = read_below(root, change.raw, _DIFF_FILE_BYTES)
        if hashlib.sha256(content).hexdigest() != state.sha256 or b"\0" in content:
            return None
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return text if text.count("\n") <= _DIFF_FILE_LINES else None


def _diff(old: str, new: str) -> str:
    """Unified, without the two lines of names."""
    lines = list[str]()
    parts = difflib.unified_diff(_lines(old), _lines(new))
    for line in list(parts)[2:]:
        lines.append(line.removesuffix("\n"))
        if not line.endswith("\n"):
            lines.append(_NO_END)
    return "\n".join(lines)


def _lines(text: str) -> list[str]:
    """Ended by a newline only: a carriage return or a form feed is a character of the line."""
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])
