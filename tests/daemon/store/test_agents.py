"""An agent's status moves along one table, and a version's number is never given twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.protocol import errors
from daemon.protocol.agents import AgentConfig, AgentStage, AgentStatus, StageStatus, UserId
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import ErrorValue
from daemon.store import Database
from daemon.store.agents import (
    ALLOWED,
    add_material,
    begin_version,
    change_version,
    create_agent,
    delete_agent,
    deploy,
    find_agent,
    give_up,
    load_agent,
    materials_of,
    move_agent,
    prune_versions,
    refuse,
    remove_unused_materials,
    roll_back,
    stages_of,
    versions_of,
)
from daemon.store.schema import STATE_MIGRATIONS

A = UserId("a")
ERROR = ErrorValue(1720, "AGENT_STAGE_FAILED", "It failed.", "Try again.")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "state.db", STATE_MIGRATIONS)
    create_agent(opened, A, AgentConfig())
    yield opened
    opened.close()


def serve(db: Database, *materials: int) -> int:
    """A version that was trained and answers."""
    number = begin_version(db, A, materials)
    if load_agent(db, A).status is AgentStatus.INITIALIZING:
        move_agent(db, A, AgentStatus.PROCESSING)
    deploy(db, A, number)
    return number


def test_a_first_training_goes_from_initializing_to_ready(db):
    assert load_agent(db, A).status is AgentStatus.INITIALIZING
    number = begin_version(db, A, [])
    assert [one.stage for one in stages_of(db, A, number)] == list(AgentStage)
    assert all(one.status is StageStatus.PENDING for one in stages_of(db, A, number))
    move_agent(db, A, AgentStatus.PROCESSING)
    agent = deploy(db, A, number)
    assert (agent.status, agent.version, agent.training) == (AgentStatus.READY, 1, None)


@pytest.mark.parametrize(
    ("was", "to"),
    [(was, to) for was in AgentStatus for to in AgentStatus if to not in {was, *ALLOWED[was]}],
)
def test_no_other_way_leads_from_one_status_to_another(db, was, to):
    db.run("UPDATE agent SET status = ?", (was.value,))
    with pytest.raises(ValueError, match="→"):
        move_agent(db, A, to)


def test_one_version_is_trained_at_a_time(db):
    begin_version(db, A, [])
    with pytest.raises(AlvoError) as caught:
        begin_version(db, A, [])
    assert caught.value.type is errors.AGENT_TRAINING


def test_a_first_training_that_fails_is_an_error_and_new_data_begins_anew(db):
    number = begin_version(db, A, [])
    agent = give_up(db, A, number, ERROR)
    assert (agent.status, agent.error) == (AgentStatus.ERROR, ERROR)
    assert begin_version(db, A, []) == 2
    agent = load_agent(db, A)
    assert (agent.status, agent.error) == (AgentStatus.INITIALIZING, None)


def test_a_later_training_that_fails_or_is_refused_leaves_the_one_in_service(db):
    serve(db)
    give_up(db, A, begin_version(db, A, []), ERROR)
    agent = load_agent(db, A)
    assert (agent.status, agent.version) == (AgentStatus.READY, 1)
    refuse(db, A, begin_version(db, A, []))
    agent = load_agent(db, A)
    assert (agent.status, agent.version, agent.training) == (AgentStatus.READY, 1, None)


def test_going_back_chooses_the_one_before_or_the_one_named_but_none_that_never_served(db):
    serve(db)
    refuse(db, A, begin_version(db, A, []))
    serve(db)
    assert roll_back(db, A, None).version == 1
    assert roll_back(db, A, 3).version == 3
    for number in (2, 4, 0):
        with pytest.raises(AlvoError) as caught:
            roll_back(db, A, number)
        assert caught.value.type is errors.AGENT_VERSION_NOT_FOUND


def test_old_versions_go_but_neither_one_in_service_nor_one_under_a_flow(db):
    for _ in range(5):
        serve(db)
    roll_back(db, A, 2)
    assert prune_versions(db, A, 3) == [1]
    assert [one.number for one in versions_of(db, A)] == [5, 4, 3, 2]
    roll_back(db, A, 5)
    db.run(
        "INSERT INTO flow (id, conversation, question, agent, language, cwd, block, status, plan,"
        " citations, rounds, revision, attempts, usage, created_at, updated_at, agent_version)"
        " VALUES ('f', 'f', '?', 'a', 'en', '/', 'question', 'waiting', '[]', '[]', 1, 1, 0, '{}',"
        " '', '', 2)"
    )
    assert prune_versions(db, A, 3) == []
    db.run("UPDATE flow SET status = 'answered'")
    assert prune_versions(db, A, 3) == [2]


def test_of_versions_that_never_served_the_newest_are_kept_as_well(db):
    serve(db)
    for _ in range(6):
        give_up(db, A, begin_version(db, A, []), ERROR)
    assert sorted(prune_versions(db, A, 3)) == [2, 3, 4]
    assert [one.number for one in versions_of(db, A)] == [7, 6, 5, 1]


def test_data_stays_as_long_as_a_version_that_served_was_made_from_it(db):
    first = add_material(db, A, "one.jsonl", 1, 10)
    serve(db, first)
    second = add_material(db, A, "two.jsonl", 1, 10)
    refuse(db, A, begin_version(db, A, [first, second]))
    assert remove_unused_materials(db, A) == ["two.jsonl"]
    assert [one.file for one in materials_of(db, A)] == ["one.jsonl"]


def test_a_deleted_agent_leaves_no_row(db):
    serve(db, add_material(db, A, "one.jsonl", 1, 10))
    change_version(db, A, 1, chosen="x")
    delete_agent(db, A)
    assert find_agent(db, A) is None
    for table in ("agent_version", "agent_stage", "agent_material"):
        assert db.value(f"SELECT count(*) FROM {table}") == 0


def test_the_same_name_twice_is_refused(db):
    with pytest.raises(AlvoError) as caught:
        create_agent(db, A, AgentConfig())
    assert caught.value.type is errors.AGENT_EXISTS
