"""Rows that are read are as they are on disk now, and as many as one reply can hold."""

from pathlib import Path

from daemon.flow.starting import first_state, insert_flow
from daemon.protocol.calls import ListFlows, StartFlow
from daemon.protocol.values import EventKind, FlowId
from daemon.store import Database
from daemon.store.events import append_event, events_after
from daemon.store.flows import list_flows, load_flow, named_flow
from daemon.store.schema import STATE_MIGRATIONS


def new_flow(db: Database, flow_id: str, question: str = "What?") -> None:
    given = StartFlow(question, flow_id=FlowId(flow_id))
    insert_flow(db, first_state(given, Path("/"), "en"))


def test_who_read_only_some_of_the_events_sees_the_next_commit(tmp_path: Path) -> None:
    """A statement left open would keep the reader in the past."""
    writer = Database.open(tmp_path / "state.db", STATE_MIGRATIONS)
    reader = Database.open(tmp_path / "state.db", readonly=True)
    new_flow(writer, "one")
    for _ in range(4):
        append_event(writer, FlowId("one"), EventKind.OUTPUT, {"n": 0, "text": "x" * 400_000})
    assert len(events_after(reader, 0, None, 100)) < 5
    new_flow(writer, "two")
    assert load_flow(reader, FlowId("two")).flow.id == "two"


def test_a_list_of_huge_flows_fits_one_reply(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "state.db", STATE_MIGRATIONS)
    with db.transaction():
        for n in range(100):
            new_flow(db, f"flow-{n}", "x" * 100_000)
    assert 1 < len(list_flows(db, ListFlows(limit=500))) < 80


def test_an_id_that_begins_like_another_does_not_stand_in_for_it(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "state.db", STATE_MIGRATIONS)
    new_flow(db, "build-10")
    assert named_flow(db, "build-1").flow.id == "build-10"
    new_flow(db, "build-1")
    assert named_flow(db, "build-1").flow.id == "build-1"


def test_flows_are_found_by_the_words_of_their_question(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "state.db", STATE_MIGRATIONS)
    new_flow(db, "one", "How is a roof made of slate?")
    new_flow(db, "two", "Which roof is 100% tight?")

    def found(query: str) -> set[str]:
        return {flow.id for flow in list_flows(db, ListFlows(query=query))}

    assert found("ROOF") == {"one", "two"}
    assert found("slate roof") == {"one"}
    assert found("100%") == {"two"}
    assert found("r_of") == found("roof%made") == found("\\") == set()
    assert found("") == {"one", "two"}
