"""Descriptions in the background: few calls, none beside a flow, none soon after a failure."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.describing import Describing, Pace
from daemon.models.gemini import Gemini, GeminiSettings
from daemon.models.keys import ApiKey
from daemon.protocol.databases import DescribedBy
from daemon.reasoner.model import ModelReasoner
from daemon.sources.databases import DatabaseSources
from tests.support import gemini_server as wire
from tests.support.databases import made
from tests.support.gemini_server import KEY, MODEL, GeminiServer, Request
from tests.support.known_databases import add, environment_in, sources_over
from tests.support.wire import Reply

QUICK = {"look_s": 0.02, "watch_s": 0.02, "quiet_s": 0.05}


def every_table(request: Request) -> Reply:
    """One who describes each table that is shown."""
    names = re.findall(r"^table (\w+)", request.user, re.MULTILINE)
    said = [{"name": name, "description": f"Said of {name}.", "columns": []} for name in names]
    return wire.answer(json.dumps({"tables": said}))


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer(otherwise=every_table) as made:
        yield made


class Busy:
    def __init__(self) -> None:
        self.now = False

    async def __call__(self) -> bool:
        return self.now


def describing(
    server: GeminiServer,
    environ: dict[str, str],
    use: Callable[[DatabaseSources, Busy], Awaitable[None]],
    **pace: float,
) -> None:
    async def whole() -> None:
        model = Gemini(GeminiSettings(MODEL, server.base_url, "v1beta", 20.0), ApiKey(KEY, "test"))
        reasoner, busy = ModelReasoner(model, 24_000, stream=True), Busy()
        with sources_over(environ) as sources:
            loop = Describing(sources, reasoner, "en", busy, Pace(**(QUICK | pace)))
            loop.start()
            try:
                await use(sources, busy)
            finally:
                await loop.close()
                await sources.close()
                await reasoner.close()

    asyncio.run(whole())


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110  (it looks from outside, as a client would)
            await asyncio.sleep(0.02)


async def said(sources: DatabaseSources) -> set[str]:
    return {
        table.name
        for database in await sources.list()
        for table in database.tables
        if table.described_by is DescribedBy.REASONER
    }


def with_tables(folder: Path, count: int, name: str = "many") -> Path:
    script = ";".join(f"CREATE TABLE {name}{n} (id INTEGER, c TEXT)" for n in range(count))
    return made(folder / f"{name}.sqlite", script)


def test_few_calls_are_made_for_a_large_database_each_for_few_tables(
    server: GeminiServer, tmp_path: Path
) -> None:
    environ = environment_in(tmp_path)
    add(environ, [with_tables(tmp_path, 100)])

    async def use(sources: DatabaseSources, _: Busy) -> None:
        async def nothing_left() -> bool:
            return not await sources.undescribed()

        await until(nothing_left)
        described = await said(sources)
        assert 20 <= len(described) <= 80
        assert len(server.generated) == 4

    describing(server, environ, use)


def test_none_is_made_while_a_flow_runs_and_one_under_way_ends(
    server: GeminiServer, tmp_path: Path
) -> None:
    environ = environment_in(tmp_path)
    add(environ, [with_tables(tmp_path, 1)])
    server.script(Reply(hang=True))

    async def asked(times: int) -> None:
        async def enough() -> bool:
            return len(server.generated) >= times

        await until(enough)

    async def use(sources: DatabaseSources, busy: Busy) -> None:
        await asked(1)
        busy.now = True
        await asyncio.sleep(0.3)
        assert len(server.generated) == 1
        busy.now = False
        await asked(2)
        await until(lambda: said(sources))

    describing(server, environ, use)


def test_after_a_failure_none_is_made_until_its_time_is_over(
    server: GeminiServer, tmp_path: Path
) -> None:
    environ = environment_in(tmp_path)
    add(environ, [with_tables(tmp_path, 1), with_tables(tmp_path, 1, "other")])
    server.script(wire.wrong_key())

    async def use(sources: DatabaseSources, _: Busy) -> None:
        async def failed() -> bool:
            return bool(server.generated)

        await until(failed)
        await asyncio.sleep(0.3)
        assert len(server.generated) == 1
        assert await said(sources) == set()
        await until(lambda: both(sources))

    async def both(sources: DatabaseSources) -> bool:
        return await said(sources) == {"many0", "other0"}

    describing(server, environ, use, again_s=1.0)


def test_a_reply_that_serves_for_nothing_keeps_no_other_database_waiting(
    server: GeminiServer, tmp_path: Path
) -> None:
    environ = environment_in(tmp_path)
    add(environ, [with_tables(tmp_path, 1), with_tables(tmp_path, 1, "other")])
    # Once, and once more when it was told what was wrong.
    server.script(wire.answer("{}"), wire.answer('{"tables": []}'))

    async def use(sources: DatabaseSources, _: Busy) -> None:
        await until(lambda: said(sources))
        assert await said(sources) == {"other0"}
        assert len(server.generated) == 3

    describing(server, environ, use)
