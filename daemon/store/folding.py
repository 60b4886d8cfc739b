"""Folds the events of flows that ended long ago: what they came to stays, how it came about goes.

The flow with its answer, its inquiries, commands and notices stay as they are. Of what each command
printed one event is left, with its head and its tail; steps, pieces of the answer, states on the
way and what a terminal waited for are gone. One event of the kind `folded` stands where the last of
them was: who has not seen all of them is told, wherever they had read to. Each of the transactions
leaves events that are true, so a crash between two of them does no harm.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from daemon.protocol import codec
from daemon.protocol.values import EventKind, FlowId, Json, Timestamp
from daemon.store.clock import now
from daemon.store.database import Database, Row
from daemon.store.flows import ENDED

HEAD_CHARS: Final = 16 * 1024
TAIL_CHARS: Final = 48 * 1024
"""More than is looked at of a command's output when it is asked what went wrong."""

_GOES: Final = frozenset({EventKind.FLOW, EventKind.STEP, EventKind.TEXT, EventKind.TERMINAL})
_STAYS: Final = "looked"
"""The step that tells where an answer was looked for: `alvo show` shows it."""
_ENDED: Final = ", ".join(f"'{status}'" for status in sorted(ENDED))
_RUN: Final = f"flow_id = ? AND seq BETWEEN ? AND ? AND kind = '{EventKind.OUTPUT}'"
_PAGES_AT_ONCE: Final = 512
_SPARE_PAGES: Final = 2048
"""What is written next finds room there, and the file need not grow again at once."""


@dataclass(frozen=True, slots=True)
class Fold:
    """What is to be done with a flow's events, by number.

    `runs`: of one command's output each; `gone`: what is taken away in the end. `updated_at` of the
    flow tells whether it has changed since.
    """

    flow_id: FlowId
    updated_at: Timestamp
    runs: tuple[tuple[int, ...], ...]
    gone: tuple[int, ...]


def unfolded(db: Database, before: Timestamp, limit: int = 100) -> list[FlowId]:
    """Flows that ended before then and are not folded as they are now, the oldest first."""
    rows = db.all(
        f"SELECT id FROM flow WHERE updated_at < ? AND status IN ({_ENDED})"
        " AND (folded_at IS NULL OR folded_at < updated_at) ORDER BY updated_at LIMIT ?",
        (before, limit),
    )
    return [FlowId(id_) for (id_,) in rows]


def plan_fold(db: Database, flow_id: FlowId) -> Fold | None:
    """None: it is gone, or goes on again."""
    with db.snapshot():
        updated_at = _updated_at(db, flow_id)
        rows = db.all(
            "SELECT seq, kind, CASE kind WHEN ? THEN data ->> 'name' END FROM event"
            " WHERE flow_id = ? ORDER BY seq",
            (EventKind.STEP, flow_id),
        )
    return None if updated_at is None else Fold(flow_id, updated_at, *_sorted(rows))


def fold_run(db: Database, fold: Fold, run: Sequence[int]) -> bool:
    """Makes one event of those; call it inside a transaction. False: the flow has changed since."""
    if _updated_at(db, fold.flow_id) != fold.updated_at:
        return False
    rows = db.rows(
        f"SELECT data FROM event WHERE {_RUN} ORDER BY seq",
        (fold.flow_id, run[0], run[-1]),
    )
    folded = _joined(codec.decode(data, dict) for (data,) in rows)
    if folded is not None:
        db.run(f"DELETE FROM event WHERE {_RUN}", (fold.flow_id, run[0], run[-1] - 1))
        _replace(db, run[-1], EventKind.OUTPUT, folded)
    return True


def finish_fold(db: Database, fold: Fold) -> bool:
    """Takes the rest away, and records that it is done; otherwise as `fold_run`."""
    if _updated_at(db, fold.flow_id) != fold.updated_at:
        return False
    if fold.gone:
        *others, last = fold.gone
        db.many("DELETE FROM event WHERE seq = ?", [(seq,) for seq in others])
        _replace(db, last, EventKind.FOLDED, {"events": len(fold.gone)})
    db.run("UPDATE flow SET folded_at = ? WHERE id = ?", (now(), fold.flow_id))
    return True


def used_bytes(db: Database) -> int:
    """How much of the file holds something."""
    pages = int(db.value("PRAGMA page_count")) - int(db.value("PRAGMA freelist_count"))
    return pages * int(db.value("PRAGMA page_size"))


def shrink(db: Database) -> bool:
    """Gives a part of what is free back to the disk; whether there may be more."""
    free = int(db.value("PRAGMA freelist_count"))
    if free <= _SPARE_PAGES:
        return False
    db.all(f"PRAGMA incremental_vacuum({min(_PAGES_AT_ONCE, free - _SPARE_PAGES)})")
    # A database of before this was thought of cannot shrink: what is free in it is used again.
    return int(db.value("PRAGMA freelist_count")) < free


def _updated_at(db: Database, flow_id: FlowId) -> Timestamp | None:
    value = db.value(
        f"SELECT updated_at FROM flow WHERE id = ? AND status IN ({_ENDED})", (flow_id,)
    )
    return None if value is None else Timestamp(value)


def _sorted(rows: Iterable[Row]) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """Runs of output between two events of commands, and what goes but for the last state."""
    runs: list[list[int]] = [[]]
    gone, last_state = list[int](), None
    for seq, kind, name in rows:
        if kind == EventKind.OUTPUT:
            runs[-1].append(seq)
        elif kind == EventKind.COMMAND:
            runs.append([])
        elif kind in _GOES and name != _STAYS:
            gone.append(seq)
            last_state = seq if kind == EventKind.FLOW else last_state
    kept = tuple(seq for seq in gone if seq != last_state)
    return tuple(tuple(run) for run in runs if run), kept


def _joined(pieces: Iterable[Json]) -> Json | None:
    """One event's data for all of them; None: it is one, and short enough, already."""
    head, tail = _Head(), _Tail()
    count, first = 0, Json()
    for piece in pieces:
        first = first or piece
        count += 1
        text, missing = str(piece["text"]), int(piece.get("missing", 0))
        taken = head.take(text, whole=missing > 0)
        tail.add(text[taken:], missing)
    tail.cut()
    if count == 1 and (tail.missing == 0 or "folded" in first):
        return None
    if not tail.missing:
        return {**first, "text": head.text + tail.text, "folded": count}
    text = f"{head.text}\n… {tail.missing} …\n{tail.text}"
    return {**first, "text": text, "folded": count, "missing": tail.missing}


class _Head:
    """The beginning of what was printed."""

    def __init__(self) -> None:
        self.text = ""
        self._left = HEAD_CHARS

    def take(self, text: str, *, whole: bool) -> int:
        """How much of it has room; `whole`: all or nothing, and nothing after that."""
        taken = 0 if whole and len(text) > self._left else min(len(text), self._left)
        self._left = self._left - taken if taken == len(text) else 0
        self.text += text[:taken]
        return taken


class _Tail:
    """The end of what was printed; `missing`: of what came before it, and that no head has."""

    def __init__(self) -> None:
        self._pieces = deque[tuple[str, int]]()
        self._size = 0
        self.missing = 0

    def add(self, text: str, missing: int) -> None:
        """`missing`: how many characters the text stands for, where it is no output itself."""
        if not text:
            return
        self._pieces.append((text, missing))
        self._size += len(text)
        while self._size - len(self._pieces[0][0]) >= TAIL_CHARS:
            self._drop()

    def cut(self) -> None:
        """To its length; a piece that stands for others goes as a whole."""
        over = self._size - TAIL_CHARS
        if over <= 0:
            return
        text, missing = self._pieces[0]
        self._drop()
        if not missing:
            self._pieces.appendleft((text[over:], 0))
            self.missing -= len(text) - over

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self._pieces)

    def _drop(self) -> None:
        text, missing = self._pieces.popleft()
        self._size -= len(text)
        self.missing += missing or len(text)


def _replace(db: Database, seq: int, kind: EventKind, data: dict[str, Any]) -> None:
    db.run(
        "UPDATE event SET kind = ?, data = ? WHERE seq = ?",
        (kind, codec.encode(data).decode(), seq),
    )
