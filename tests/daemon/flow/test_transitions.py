"""The one door: a flow becomes only what the table allows, and two cannot move it at once."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.flow.starting import first_state, insert_flow
from daemon.flow.transitions import AFTER_A_CRASH, ALLOWED, advance
from daemon.protocol import errors
from daemon.protocol.calls import StartFlow
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    FlowId,
    FlowStatus,
)
from daemon.store import Database
from daemon.store.events import events_after
from daemon.store.flows import ENDED, load_flow
from daemon.store.schema import STATE_MIGRATIONS

S = FlowStatus


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return Database.open(tmp_path / "state.db", STATE_MIGRATIONS)


def new_flow(db: Database) -> FlowId:
    stored = first_state(StartFlow("What?"), Path("/"), "en")
    insert_flow(db, stored)
    return stored.flow.id


def test_every_status_has_its_row_in_the_table() -> None:
    assert set(ALLOWED) == set(FlowStatus)


def test_every_status_that_has_not_ended_has_a_fate_after_a_crash() -> None:
    assert set(AFTER_A_CRASH) == set(FlowStatus) - ENDED
    assert AFTER_A_CRASH[S.EXECUTING] is S.INTERRUPTED


def test_only_a_waiting_flow_can_come_to_execute() -> None:
    assert {status for status, next_ in ALLOWED.items() if S.EXECUTING in next_} == {
        S.WAITING,
        S.EXECUTING,
    }


def test_an_ended_flow_is_only_asked_anew() -> None:
    assert all(ALLOWED[status] == {S.RUNNING} for status in ENDED)


def test_a_flow_that_is_elsewhere_is_a_conflict(db: Database) -> None:
    flow_id = new_flow(db)
    with pytest.raises(AlvoError) as caught:
        advance(db, flow_id, S.EXECUTING, frozenset({S.WAITING}))
    assert caught.value.type is errors.FLOW_CONFLICT


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(path=st.lists(st.sampled_from(list(FlowStatus)), max_size=12))
def test_whatever_is_tried_only_the_table_happens(db: Database, path: list[FlowStatus]) -> None:
    flow_id = new_flow(db)
    for to in path:
        before = load_flow(db, flow_id).flow
        if to in ALLOWED[before.status]:
            after = advance(db, flow_id, to, frozenset({before.status})).flow
            assert (after.status, after.revision) == (to, before.revision + 1)
        else:
            with pytest.raises(ValueError, match="cannot become"):
                advance(db, flow_id, to, frozenset({before.status}))
            assert load_flow(db, flow_id).flow == before


def test_each_step_leaves_an_event_in_the_same_transaction(db: Database) -> None:
    flow_id = new_flow(db)
    with pytest.raises(ZeroDivisionError), db.transaction():
        advance(db, flow_id, S.ANSWERED, frozenset({S.RUNNING}), answer="never")
        1 / 0  # noqa: B018
    assert load_flow(db, flow_id).flow.status is S.RUNNING
    assert [event.data["status"] for event in events_after(db, 0, flow_id, 10)] == ["running"]
