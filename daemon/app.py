"""Puts the parts together: the one place that knows them all."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Final

from daemon.agents.children import Children
from daemon.agents.leftovers import Leftovers
from daemon.agents.moving import Moving
from daemon.agents.pipeline import Pipeline
from daemon.agents.places import Places
from daemon.agents.records import Records
from daemon.agents.service import Agents
from daemon.agents.serving import Serving
from daemon.agents.stages import Stages
from daemon.agents.teaching import Lessons
from daemon.config import Config, Paths, private_directory
from daemon.describing import Describing
from daemon.flow.auditing import Auditor
from daemon.flow.engine import Engine
from daemon.flow.folding import Folding
from daemon.flow.inferring import Inferring
from daemon.flow.ledger import Ledger
from daemon.flow.permitting import Permissions
from daemon.flow.sessions import Sessions
from daemon.index import Index
from daemon.models.choice import choose_embedder, embedder_key
from daemon.models.embedder import Embedder
from daemon.protocol import codec
from daemon.protocol.values import Json
from daemon.reasoner.choice import describer_of, make_reasoner, teacher_of
from daemon.reasoner.describing import Describer
from daemon.reasoner.teaching import Teacher
from daemon.rpc.binding import Bindings
from daemon.rpc.handlers import Parts, bind_all
from daemon.shell.session import Shell
from daemon.sources.databases import DatabaseSources
from daemon.sources.documents import DocumentSources
from daemon.sources.indexing import Indexing
from daemon.sources.internet import Internet
from daemon.store import Database, Durability, Worker
from daemon.store.audit_head import AuditHead
from daemon.store.schema import STATE_MIGRATIONS

_SECRET_WORDS: Final = ("key",)


class App:
    """A daemon without its socket: started, it answers through `bindings`."""

    def __init__(self, config: Config, paths: Paths, environ: Mapping[str, str]) -> None:
        self._config = config
        self._paths = paths
        self._environ = environ
        self._shell: Shell | None = None
        # What was opened is closed in the opposite order, also where the start fails half-way.
        self._open = contextlib.AsyncExitStack()
        self.bindings = Bindings()
        self.stop_requested = asyncio.Event()

    async def start(self) -> None:
        """Opens what lasts, takes up what was cut off, binds every method of the table."""
        config, paths = self._config, self._paths
        for directory in (paths.state_dir, paths.runtime_dir, paths.cache_dir):
            private_directory(directory)
        writer, reader = self._workers()
        embedder = self._embedder()
        index = Index.open(paths, embedder)
        self._open.callback(index.close)
        reasoner = make_reasoner(config, paths, self._environ)
        self._open.push_async_callback(reasoner.close)
        sources, databases = self._sources(index)
        shell = self._shell = Shell(
            config.shell, paths.runtime_dir, paths.home, environ=self._environ
        )
        self._open.push_async_callback(shell.close)
        ledger, auditor = self._ledger(writer, reader)
        internet = Internet(config.internet, paths, self._environ)
        self._open.push_async_callback(internet.close)
        records = Records(writer, reader)
        serving = Serving(records)
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
            environ=self._environ,
        )
        shell.on_start = engine.note_session
        self._open.push_async_callback(engine.close)
        await engine.start()
        self._describe(databases, describer_of(reasoner), engine)
        auditor.start()
        self._fold(ledger)
        agents = await self._agents(records, serving, teacher_of(reasoner))
        parts = Parts(
            engine=engine,
            auditor=auditor,
            permissions=Permissions(ledger, shell),
            sessions=Sessions(shell),
            index=index,
            sources=sources,
            databases=databases,
            agents=agents,
            inferring=Inferring(engine, ledger, log_prompts=config.agents.log_prompts),
            names=lambda: (reasoner.name, embedder.name if embedder is not None else None),
            configuration=lambda: shown_configuration(config),
            descends=self.descends,
            stop=self.stop_requested.set,
            started=time.monotonic(),
        )
        bind_all(self.bindings, parts)

    def _workers(self) -> tuple[Worker, Worker]:
        """One writes state.db, the other reads it."""
        writer = Worker(self._open_state, "state")
        self._open.callback(writer.close)
        state_db = self._paths.state_db
        reader = Worker(lambda: Database.open(state_db, readonly=True), "state-reader")
        self._open.callback(reader.close)
        return writer, reader

    def _embedder(self) -> Embedder | None:
        embedder = choose_embedder(self._config.embedder, self._paths, self._environ)
        if embedder is not None:
            self._open.callback(embedder.close)
        return embedder

    def _sources(self, index: Index) -> tuple[DocumentSources, DatabaseSources]:
        key = embedder_key(self._config.embedder, self._paths, self._environ)
        indexing = Indexing(self._paths, self._environ, key)
        self._open.push_async_callback(indexing.close)
        sources = DocumentSources(self._paths, index, self._environ, indexing)
        databases = DatabaseSources(self._paths, index, self._config, self._environ, indexing)
        self._open.push_async_callback(databases.close)
        return sources, databases

    def _ledger(self, writer: Worker, reader: Worker) -> tuple[Ledger, Auditor]:
        """With the audit log's head, which is settled before anything is written."""
        head = AuditHead(self._paths.state_dir / "audit.head")
        writer.run_blocking(head.settle)
        self._open.callback(writer.run_blocking, head.follow)
        ledger = Ledger(writer, reader, head)
        auditor = Auditor(ledger, head, self._paths.state_db, self._config.audit)
        self._open.push_async_callback(auditor.close)
        return ledger, auditor

    async def _agents(self, records: Records, serving: Serving, teacher: Teacher | None) -> Agents:
        config, places = self._config, Places(self._paths)
        key = embedder_key(config.embedder, self._paths, self._environ)
        children = Children(self._paths, config.agents, self._environ, key)
        lessons = Lessons(teacher if config.agents.ask_model else None, children)
        stages = Stages(records, children, places, lessons)
        language = config.daemon.language
        leftovers = Leftovers(records, children)
        pipeline = Pipeline(records, stages, leftovers, config.agents, language)
        self._open.push_async_callback(pipeline.close)
        await pipeline.start()
        moving = Moving(records, children, places, config.agents)
        return Agents(
            records,
            pipeline,
            leftovers=leftovers,
            places=places,
            serving=serving,
            moving=moving,
            settings=config.agents,
        )

    def _describe(
        self, databases: DatabaseSources, describer: Describer | None, engine: Engine
    ) -> None:
        async def busy() -> bool:
            return (await engine.count()).running > 0

        if describer is not None and self._config.database.describe:
            language = self._config.daemon.language
            describing = Describing(databases, describer, language, busy)
            describing.start()
            self._open.push_async_callback(describing.close)

    def _fold(self, ledger: Ledger) -> None:
        folding = Folding(ledger, self._config.flow)
        folding.start()
        self._open.push_async_callback(folding.close)

    async def close(self) -> None:
        """What runs is ended; what waits, waits on at the next start."""
        await self._open.aclose()

    def descends(self, pid: int) -> bool:
        """Whether a peer belongs to a session of ours, and so cannot speak for the person."""
        return self._shell is None or self._shell.descends(pid)

    def _open_state(self) -> Database:
        return Database.open(
            self._paths.state_db, STATE_MIGRATIONS, durability=Durability.FULL, shrinks=True
        )


def shown_configuration(config: Config) -> Json:
    """As it is in force; a secret only as set or not set."""
    table: Json = codec.to_builtins(config)
    for section in table.values():
        for name in section:
            if any(word in name for word in _SECRET_WORDS):
                section[name] = "set" if section[name] else "not set"
    return table
