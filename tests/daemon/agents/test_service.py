"""What becomes of an agent where a change of it cannot be kept, or two come at once."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon.agents.children import Children
from daemon.agents.leftovers import Leftovers
from daemon.agents.moving import Moving
from daemon.agents.pipeline import Pipeline
from daemon.agents.places import Places, Removed
from daemon.agents.records import Records
from daemon.agents.service import Agents
from daemon.agents.serving import Serving
from daemon.agents.stages import Stages
from daemon.agents.teaching import Lessons
from daemon.config import load_config
from daemon.protocol import errors
from daemon.protocol.agents import (
    AddToAgent,
    AgentStatus,
    CreateAgent,
    ExportAgent,
    ImportAgent,
    UserId,
)
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import ErrorValue
from daemon.store import Database, Durability, Worker
from daemon.store.schema import STATE_MIGRATIONS
from tests.support.index import paths_in
from tests.support.waiting import until

TEXT = "The oven of the bakery is lit at half past five every morning."
ANN = UserId("ann")


@dataclass
class Held:
    agents: Agents
    pipeline: Pipeline
    writer: Worker

    async def rests(self, within: float = 60.0) -> AgentStatus:
        async def rested() -> AgentStatus | None:
            agent = await self.agents.status(ANN)
            return agent.status if agent.training is None else None

        found: AgentStatus = await until(rested, within)
        return found

    async def make_readonly(self, on: bool) -> None:
        """SQLite's own switch gives the very error of a disk that takes nothing any more."""
        await self.writer.run(lambda db: db.value(f"PRAGMA query_only = {int(on)}"))


@contextlib.asynccontextmanager
async def some_agents(home: Path, **more: str) -> AsyncIterator[Held]:
    paths = paths_in(home)
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], "ALVO_EMBEDDER_KIND": "none"}
    environ |= more
    settings = load_config(paths, environ).agents
    paths.state_dir.mkdir(parents=True, exist_ok=True)
    writer = Worker(
        lambda: Database.open(paths.state_db, STATE_MIGRATIONS, durability=Durability.FULL), "w"
    )
    reader = Worker(lambda: Database.open(paths.state_db, readonly=True), "r")
    await writer.run(lambda _: None)
    records, places = Records(writer, reader), Places(paths)
    children = Children(paths, settings, environ)
    stages = Stages(records, children, places, Lessons(None, children))
    leftovers = Leftovers(records, children)
    pipeline = Pipeline(records, stages, leftovers, settings, "en")
    await pipeline.start()
    try:
        yield Held(
            Agents(
                records,
                pipeline,
                leftovers=leftovers,
                places=places,
                serving=Serving(records),
                moving=Moving(records, children, places, settings),
                settings=settings,
            ),
            pipeline,
            writer,
        )
    finally:
        await pipeline.close()
        reader.close()
        writer.close()


async def rests(user_id: UserId) -> bool:
    """Whether no training of it is under way, or waits for its turn."""
    return f"agent {user_id}" not in {task.get_name() for task in asyncio.all_tasks()}


async def is_processed(held: Held) -> bool:
    return (await held.agents.status(ANN)).status is AgentStatus.PROCESSING


def test_an_agent_that_could_not_be_deleted_goes_on_with_its_training(tmp_path: Path) -> None:
    async def main() -> None:
        async with some_agents(tmp_path) as held:
            await held.agents.create(CreateAgent(ANN, TEXT))
            await held.make_readonly(True)
            with pytest.raises(AlvoError) as caught:
                await held.agents.delete(ANN)
            assert caught.value.type is errors.STORE_READONLY
            await held.make_readonly(False)
            assert await held.rests() is AgentStatus.READY

    asyncio.run(main())


def test_of_two_that_delete_at_once_one_is_told_that_there_is_none_and_nothing_breaks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with some_agents(tmp_path) as held:
            await held.agents.create(CreateAgent(ANN, TEXT))
            both = [held.agents.delete(ANN) for _ in range(2)]
            told = await asyncio.gather(*both, return_exceptions=True)
            (refused,) = [one for one in told if isinstance(one, BaseException)]
            assert isinstance(refused, AlvoError)
            assert refused.type is errors.AGENT_NOT_FOUND
            await until(lambda: rests(ANN), 10)
        assert [one.message for one in caplog.records if one.levelno >= logging.ERROR] == []

    asyncio.run(main())


def test_with_an_agent_every_training_of_it_ends_so_that_none_teaches_the_next_of_its_name(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with some_agents(tmp_path) as held:
            await held.agents.create(CreateAgent(ANN, TEXT))
            held.pipeline.want(ANN)
            await until(lambda: is_processed(held), 10)
            await held.agents.delete(ANN)
            assert await rests(ANN)

    asyncio.run(main())


def test_what_a_training_waits_for_is_told_as_long_as_it_does(tmp_path: Path) -> None:
    async def main() -> None:
        async with some_agents(tmp_path) as held:
            await held.agents.create(CreateAgent(ANN, TEXT))
            await held.make_readonly(True)

            async def told() -> ErrorValue | None:
                return (await held.agents.status(ANN)).error

            error = await until(told, 30)
            (listed,) = await held.agents.listed()
            assert (listed.training, listed.error) == (1, error)
            assert error.name == "STORE_READONLY"
            await held.make_readonly(False)
            assert await held.rests() is AgentStatus.READY
            assert (await held.agents.status(ANN)).error is None

    asyncio.run(main())


def test_of_two_that_add_data_at_once_one_is_told_that_the_other_is_trained(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with some_agents(tmp_path) as held:
            await held.agents.create(CreateAgent(ANN, TEXT))
            assert await held.rests() is AgentStatus.READY
            added = [held.agents.add(AddToAgent(ANN, f"{TEXT} So {n} says.")) for n in range(6)]
            told = await asyncio.gather(*added, return_exceptions=True)
            refused = [one for one in told if isinstance(one, AlvoError)]
            assert min(map(str, told), key=len) == "2"
            assert [one.type for one in refused] == [errors.AGENT_TRAINING] * 5
            assert await held.rests() is AgentStatus.READY
            assert (await held.agents.status(ANN)).version == 2
        kept = list((paths_in(tmp_path).state_dir / "agents" / ANN).glob("data-*.jsonl"))
        assert len(kept) == 2

    asyncio.run(main())


def failure(held: Held) -> Awaitable[str | None]:
    async def failed() -> str | None:
        agent = await held.agents.status(ANN)
        return agent.error.name if agent.training is None and agent.error else None

    return failed()


def test_a_training_without_memory_enough_is_told_so_and_not_tried_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with some_agents(tmp_path, ALVO_AGENTS_MEMORY_BYTES="4096") as held:
            await held.agents.create(CreateAgent(ANN, TEXT))
            assert await until(lambda: failure(held), 30) == "AGENT_OUT_OF_MEMORY"
            (version,) = await held.agents.versions(ANN)
            assert version.stages[0].attempts == 1

    asyncio.run(main())


@pytest.mark.parametrize("left", [b'{"form": "text", "pa', None])
def test_data_that_is_not_there_any_more_as_it_was_kept_is_named(
    tmp_path: Path, left: bytes | None
) -> None:
    async def main() -> None:
        async with some_agents(tmp_path) as held:
            await held.agents.create(CreateAgent(ANN, TEXT))
            assert await held.rests() is AgentStatus.READY
            (kept,) = (paths_in(tmp_path).state_dir / "agents" / ANN).glob("data-*.jsonl")
            if left:
                kept.write_bytes(left)
            else:
                kept.unlink()
                with pytest.raises(AlvoError) as caught:
                    await held.agents.export(ExportAgent(ANN, str(tmp_path / "out")))
                assert caught.value.type is errors.AGENT_DATA_LOST
            await held.agents.add(AddToAgent(ANN, f"{TEXT} Every day."))
            assert await until(lambda: failure(held), 30) == "AGENT_DATA_LOST"
            assert str(kept) in str((await held.agents.status(ANN)).error)

    asyncio.run(main())


def test_of_a_deleted_agent_what_could_not_be_removed_is_not_counted_as_gone(
    tmp_path: Path,
) -> None:
    places = Places(paths_in(tmp_path))
    directory = places.made(ANN)
    (directory / "data.jsonl").write_text("kept")
    directory.chmod(0o500)
    if os.access(directory, os.W_OK):
        pytest.skip("the superuser may remove anything")
    assert places.remove(ANN) == Removed(0, 0)
    directory.chmod(0o700)
    assert places.remove(ANN) == Removed(1, 4)


def test_a_file_that_ends_the_process_that_reads_it_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        # So little that any file is too much for it.
        async with some_agents(tmp_path, ALVO_AGENTS_MEMORY_BYTES="4096") as held:
            given = tmp_path / "given.alvo-agent"
            given.write_bytes(b"PK")
            with pytest.raises(AlvoError) as caught:
                await held.agents.take_in(ImportAgent(str(given)))
            assert caught.value.type is errors.AGENT_IMPORT_INVALID

    asyncio.run(main())


def test_who_removes_what_is_left_ends_though_something_is_left_at_that_very_moment(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with some_agents(tmp_path) as held:
            leftovers = held.agents._leftovers
            # It waits by now.
            await until(lambda: not leftovers._there_are_some.is_set(), 5)
            await asyncio.sleep(0.2)
            leftovers.notice()
            async with asyncio.timeout(5):
                await leftovers.close()

    asyncio.run(main())
