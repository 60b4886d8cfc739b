"""A flow engine over real SQLite and real bash, without a socket: for what must be held in hand."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.agents.records import Records
from daemon.agents.serving import Serving
from daemon.config import Paths, load_config
from daemon.flow.engine import Engine
from daemon.flow.ledger import Ledger
from daemon.index import Index
from daemon.protocol.calls import AnswerInquiry, StartFlow, Undone
from daemon.protocol.values import (
    AnswerDecision,
    AnsweredBy,
    Flow,
    FlowId,
    FlowStatus,
    Inquiry,
)
from daemon.reasoner.choice import make_reasoner
from daemon.shell.session import Shell
from daemon.sources.databases import DatabaseSources
from daemon.sources.indexing import Indexing
from daemon.sources.internet import Internet
from daemon.store import Database, Durability, Worker
from daemon.store.flows import ENDED
from daemon.store.schema import STATE_MIGRATIONS
from tests.support.waiting import until

BY = AnsweredBy("test", 1)


@dataclass(frozen=True)
class Held:
    """The engine and what it stands on."""

    engine: Engine
    ledger: Ledger
    writer: Worker
    shell: Shell
    home: Path

    async def start(self, question: str, **given: Any) -> Flow:
        return await self.engine.begin(StartFlow(question, cwd=str(self.home), **given), "en")

    async def inquiry(self, flow_id: FlowId) -> Inquiry:
        flow = await self.reaches(flow_id, FlowStatus.WAITING)
        assert flow.inquiry is not None
        return await self.engine.inquiry(flow.inquiry)

    async def allow(self, inquiry: Inquiry) -> Inquiry:
        return await self.engine.answer(
            AnswerInquiry(inquiry.id, AnswerDecision.ALLOW, inquiry.digest), BY
        )

    async def undo(self, flow_id: FlowId) -> Undone:
        return await self.engine.undo(flow_id, BY)

    async def reaches(self, flow_id: FlowId, *statuses: FlowStatus, within: float = 20.0) -> Flow:
        async def there() -> Flow | None:
            flow = await self.engine.get(flow_id)
            return flow if flow.status in (statuses or ENDED) else None

        found: Flow = await until(there, within)
        return found

    async def fill_disk(self) -> None:
        """SQLite's own limit gives the very error of a disk without room."""

        def fill(db: Database) -> None:
            db.value(f"PRAGMA max_page_count = {db.value('PRAGMA page_count')}")
            db.run("CREATE TABLE IF NOT EXISTS filling (text)")

        with contextlib.suppress(Exception):
            await self.writer.run(fill)

    async def free_disk(self) -> None:
        await self.writer.run(lambda db: db.value("PRAGMA max_page_count = 4294967294"))


@contextlib.asynccontextmanager
async def an_engine(place: Path, **environ: str) -> AsyncIterator[Held]:
    """Started, and closed as a daemon that ends would."""
    given = {"HOME": str(place), "PATH": "/usr/bin:/bin", "ALVO_REASONER_KIND": "offline"}
    given |= {"XDG_RUNTIME_DIR": str(place / "run")} | environ
    paths = Paths.from_environment(given)
    config = load_config(paths, given)
    for directory in (paths.state_dir, paths.runtime_dir, paths.cache_dir):
        directory.mkdir(parents=True, exist_ok=True)
    writer = Worker(
        lambda: Database.open(paths.state_db, STATE_MIGRATIONS, durability=Durability.FULL), "state"
    )
    reader = Worker(lambda: Database.open(paths.state_db, readonly=True), "state-reader")
    index = Index.open(paths, None)
    shell = Shell(config.shell, paths.runtime_dir, place, environ=given)
    ledger = Ledger(writer, reader)
    reasoner = make_reasoner(config, paths, given)
    indexing = Indexing(paths, given)
    databases = DatabaseSources(paths, index, config, given, indexing)
    internet = Internet(config.internet, paths, given)
    serving = Serving(Records(writer, reader))
    engine = Engine(
        ledger,
        index,
        reasoner,
        shell,
        databases=databases,
        internet=internet,
        serving=serving,
        config=config,
        paths=paths,
    )
    shell.on_start = engine.note_session
    try:
        await engine.start()
        yield Held(engine, ledger, writer, shell, place)
    finally:
        await engine.close()
        await shell.close()
        await internet.close()
        await databases.close()
        await indexing.close()
        await reasoner.close()
        index.close()
        reader.close()
        writer.close()
