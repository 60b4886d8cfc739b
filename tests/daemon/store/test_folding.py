"""Events of ended flows become few; what is left of them is true, wherever a reader had got to."""

import re
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.flow.starting import first_state, insert_flow
from daemon.protocol.calls import StartFlow
from daemon.protocol.values import Event, EventKind, FlowId, FlowStatus, Json
from daemon.store import Database
from daemon.store.clock import later
from daemon.store.events import append_event, drop_event, events_after
from daemon.store.flows import load_flow, save_flow
from daemon.store.folding import (
    HEAD_CHARS,
    TAIL_CHARS,
    Fold,
    finish_fold,
    fold_run,
    plan_fold,
    shrink,
    unfolded,
    used_bytes,
)
from daemon.store.schema import STATE_MIGRATIONS

K = EventKind
FLOW, OTHER = FlowId("one"), FlowId("other")
KEPT = (K.COMMAND, K.INQUIRY, K.NOTICE)

# Letters and how many of each: long texts would be no reading where a test fails.
printed = st.tuples(
    st.just(K.OUTPUT),
    st.tuples(
        st.sampled_from("abé\n"), st.sampled_from((1, 7, 900, HEAD_CHARS, TAIL_CHARS + 3, 65_536))
    ),
)
happenings = st.one_of(
    printed,
    st.tuples(st.just(K.COMMAND), st.sampled_from(("running", "done"))),
    st.tuples(st.just(K.STEP), st.sampled_from(("decide", "looked"))),
    st.tuples(st.sampled_from((K.FLOW, K.TEXT, K.TERMINAL, K.INQUIRY, K.NOTICE)), st.just("some")),
)
Happening = tuple[EventKind, str | tuple[str, int]]


def told(happening: Happening) -> Json:
    match happening:
        case K.OUTPUT, (str(letter), int(size)):
            return {"n": 0, "text": letter * size}
        case _, what:
            return {"name": what}


def a_flow(db: Database, flow_id: FlowId, status: FlowStatus) -> None:
    stored = first_state(StartFlow("What?", flow_id=flow_id), Path("/"), "en")
    insert_flow(db, stored)
    save_flow(db, replace(stored, flow=replace(stored.flow, status=status, answer="This.")))


def an_ended_flow(place: str, happened: Sequence[Happening]) -> Database:
    """With another one between its events, and gaps in their numbers."""
    db = Database.open(Path(place) / "state.db", STATE_MIGRATIONS)
    with db.transaction():
        a_flow(db, OTHER, FlowStatus.EXECUTED)
        a_flow(db, FLOW, FlowStatus.EXECUTED)
        for happening in happened:
            append_event(db, FLOW, happening[0], told(happening))
            append_event(db, OTHER, K.OUTPUT, {"n": 0, "text": "other"})
            drop_event(db, append_event(db, FLOW, K.OUTPUT, {"n": 0, "text": "dropped"}))
    return db


def events_of(db: Database, flow_id: FlowId, after: int = 0) -> list[Event]:
    found = list[Event]()
    while more := events_after(db, found[-1].seq if found else after, flow_id, 1000):
        found += more
    return found


def folded(db: Database, crash_after: int | None = None) -> None:
    """One transaction after the other; `crash_after`: how many are done before all ends."""
    plan = plan_fold(db, FLOW)
    assert plan is not None
    for n, run in enumerate(plan.runs):
        if n == crash_after:
            return
        with db.transaction():
            assert fold_run(db, plan, run)
    with db.transaction():
        assert finish_fold(db, plan)


def runs(events: Sequence[Event]) -> list[str]:
    """What was printed between two events of commands."""
    found = [""]
    for event in events:
        if event.kind is K.COMMAND:
            found.append("")
        elif event.kind is K.OUTPUT:
            found[-1] += event.data["text"]
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(happenings, max_size=25), st.integers(0, 4))
def test_what_is_left_is_true_and_who_missed_something_is_told(
    happened: list[Happening], crash_after: int
) -> None:
    with tempfile.TemporaryDirectory() as place, closing(an_ended_flow(place, happened)) as db:
        flow, other = load_flow(db, FLOW), events_of(db, OTHER)
        before = events_of(db, FLOW)
        folded(db, crash_after)
        folded(db)
        after = events_of(db, FLOW)

        assert load_flow(db, FLOW) == flow
        assert events_of(db, OTHER) == other
        # What was decided, run and said is there as it was, and so is how the flow ended.
        assert [e for e in after if e.kind in KEPT] == [e for e in before if e.kind in KEPT]
        assert [e for e in after if e.kind is K.FLOW] == [e for e in before if e.kind is K.FLOW][
            -1:
        ]
        for was, left in zip(runs(before), runs(after), strict=True):
            if len(was) <= HEAD_CHARS + TAIL_CHARS:
                assert left == was
            else:
                missing = len(was) - HEAD_CHARS - TAIL_CHARS
                assert left == f"{was[:HEAD_CHARS]}\n… {missing} …\n{was[-TAIL_CHARS:]}"
        # Whatever number a reader had got to, what they have not seen is there, or is accounted for.
        changed = {e.seq for e in before} - {e.seq for e in after if e in before}
        marks = [e.seq for e in after if e.kind is K.FOLDED or "folded" in e.data]
        assert all(any(seq <= mark for mark in marks) for seq in changed)


@settings(max_examples=15, deadline=None)
@given(st.lists(happenings, max_size=20))
def test_folding_again_changes_nothing(happened: list[Happening]) -> None:
    with tempfile.TemporaryDirectory() as place, closing(an_ended_flow(place, happened)) as db:
        folded(db)
        once = events_of(db, FLOW)
        folded(db)
        assert events_of(db, FLOW) == once


@pytest.mark.parametrize("parts", [(1, 1), (3, 2), (1, 0), (0, 1)])
def test_what_was_missing_before_is_missing_still(tmp_path: Path, parts: tuple[int, int]) -> None:
    """Of a longer output its head and tail alone were kept: the number told is of all that is not."""
    missing, note = 91_611_770, "\n… 91611770 …\n"
    before, after = (count * 65_536 for count in parts)
    db = an_ended_flow(str(tmp_path), [(K.OUTPUT, ("a", 65_536))] * parts[0])
    append_event(db, FLOW, K.OUTPUT, {"n": 0, "text": note, "missing": missing})
    for _ in range(parts[1]):
        append_event(db, FLOW, K.OUTPUT, {"n": 0, "text": "b" * 65_536})
    folded(db)
    (text,) = runs(events_of(db, FLOW))
    told = [int(number) for number in re.findall(r"\n… (\d+) …\n", text)]
    shown = re.sub(r"\n… \d+ …\n", "", text)
    assert len(shown) + sum(told) == before + missing + after
    assert shown == "a" * shown.count("a") + "b" * shown.count("b")


def test_only_what_ended_before_is_folded_and_once_only(tmp_path: Path) -> None:
    db = an_ended_flow(str(tmp_path), [])
    for status in FlowStatus:
        a_flow(db, FlowId(f"flow-{status}"), status)
    going_on = {"flow-running", "flow-waiting", "flow-executing"}
    assert unfolded(db, later(-60)) == []
    due = unfolded(db, later(60))
    assert going_on.isdisjoint(due)
    assert len(due) == 8
    folded(db)
    assert FLOW not in unfolded(db, later(60))


def test_a_flow_that_goes_on_again_meanwhile_is_left_alone(tmp_path: Path) -> None:
    db = an_ended_flow(str(tmp_path), [(K.OUTPUT, ("x", 1))] * 3)
    plan = plan_fold(db, FLOW)
    assert plan is not None
    stored = load_flow(db, FLOW)
    save_flow(db, replace(stored, flow=replace(stored.flow, status=FlowStatus.RUNNING)))
    before = events_of(db, FLOW)
    assert not fold_run(db, plan, plan.runs[0])
    assert not finish_fold(db, plan)
    assert plan_fold(db, FLOW) is None
    assert events_of(db, FLOW) == before


def test_a_flow_that_was_asked_anew_is_folded_again(tmp_path: Path) -> None:
    db = an_ended_flow(str(tmp_path), [(K.TEXT, "x")] * 3)
    folded(db)
    stored = load_flow(db, FLOW)
    save_flow(db, replace(stored, flow=replace(stored.flow, updated_at=later(1))))
    append_event(db, FLOW, K.TEXT, {"text": "y"})
    assert FLOW in unfolded(db, later(60))
    folded(db)
    (_, *left) = events_of(db, FLOW)
    assert [event.kind for event in left] == [K.FOLDED, K.FOLDED]
    assert [event.data for event in left] == [{"events": 3}, {"events": 1}]


def test_what_was_freed_goes_back_to_the_disk(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "state.db", STATE_MIGRATIONS, shrinks=True)
    with db.transaction():
        a_flow(db, FLOW, FlowStatus.EXECUTED)
        for _ in range(400):
            append_event(db, FLOW, K.OUTPUT, {"n": 0, "text": "x" * 65_536})
    assert used_bytes(db) > 26_000_000
    folded(db)
    assert used_bytes(db) < 1_000_000
    while shrink(db):
        pass
    db.value("PRAGMA wal_checkpoint(TRUNCATE)")
    assert db.path.stat().st_size < 10_000_000


def test_a_database_that_cannot_shrink_is_left_as_it_is(tmp_path: Path) -> None:
    """Made before there was folding: what is free in it is used again."""
    db = Database.open(tmp_path / "state.db", STATE_MIGRATIONS)
    with db.transaction():
        a_flow(db, FLOW, FlowStatus.EXECUTED)
        for _ in range(400):
            append_event(db, FLOW, K.OUTPUT, {"n": 0, "text": "x" * 65_536})
    folded(db)
    assert not shrink(db)


def test_a_plan_of_nothing_is_done_at_once(tmp_path: Path) -> None:
    db = an_ended_flow(str(tmp_path), [])
    assert plan_fold(db, FlowId("nowhere")) is None
    assert plan_fold(db, FLOW) == Fold(FLOW, load_flow(db, FLOW).flow.updated_at, (), ())
