"""What each method of ours does: between the wire's values and the parts that do the work."""

import asyncio
import base64
import binascii
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, assert_never

from daemon import VERSION
from daemon.agents.service import Agents
from daemon.flow.auditing import Auditor
from daemon.flow.engine import Engine
from daemon.flow.inferring import Inferring
from daemon.flow.permitting import Permissions
from daemon.flow.sessions import Sessions
from daemon.flow.terminal import Terminals
from daemon.index import Index
from daemon.protocol import calls as c
from daemon.protocol import errors, methods
from daemon.protocol import values as v
from daemon.protocol.errors import AlvoError
from daemon.rpc.agents import bind_agents
from daemon.rpc.binding import Bindings, Caller
from daemon.sources.databases import DatabaseSources
from daemon.sources.documents import DocumentSources

_PAGE_BYTES: Final = 4096
_SCRIPT: Final = "script"
"""What a client calls itself that has no person before it."""
_MAX_HITS: Final = 100


@dataclass(frozen=True, slots=True)
class Parts:
    """What the handlers work with; `names` tells of the reasoner and the embedder in use."""

    engine: Engine
    auditor: Auditor
    permissions: Permissions
    sessions: Sessions
    index: Index
    sources: DocumentSources
    databases: DatabaseSources
    agents: Agents
    inferring: Inferring
    names: Callable[[], tuple[str, str | None]]
    configuration: Callable[[], v.Json]
    descends: Callable[[int], bool]
    stop: Callable[[], None]
    started: float


def bind_all(bindings: Bindings, parts: Parts) -> None:
    """Every method of the table but the built-in ones."""
    _bind_daemon(bindings, parts)
    _bind_flows(bindings, parts.engine)
    _bind_inquiries(bindings, parts.engine)
    _bind_sessions(bindings, parts.sessions)
    _bind_terminal(bindings, parts.engine.terminals)
    _bind_index(bindings, parts.index, parts.agents)
    _bind_sources(bindings, parts.sources, parts.databases)
    _bind_databases(bindings, parts.databases)
    _bind_permissions(bindings, parts.permissions)
    _bind_audit(bindings, parts.auditor)
    bind_agents(bindings, parts.agents, parts.inferring)


def _bind_daemon(bindings: Bindings, parts: Parts) -> None:
    async def status(_: Caller, __: c.Nothing) -> c.DaemonStatus:
        index = await asyncio.to_thread(parts.index.status)
        counts = await parts.engine.count()
        reasoner, embedder = parts.names()
        return c.DaemonStatus(
            version=VERSION,
            pid=os.getpid(),
            uptime_s=v.Seconds(round(time.monotonic() - parts.started, 3)),
            reasoner=reasoner,
            embedder=embedder,
            index=v.IndexCounts(index.documents, index.passages, index.embedded),
            flows_running=counts.running,
            flows_waiting=counts.waiting,
            memory_bytes=_resident_bytes(),
            undo=await parts.engine.undo_counts(),
            sessions_working=parts.sessions.count_working(),
        )

    async def descends(_: Caller, params: c.Processes) -> c.Descent:
        return c.Descent(any(parts.descends(pid) for pid in params.pids))

    async def stop(_: Caller, __: c.Nothing) -> c.Nothing:
        parts.stop()
        return c.Nothing()

    async def config(_: Caller, __: c.Nothing) -> v.Json:
        return parts.configuration()

    bindings.bind(methods.DAEMON_STATUS, status)
    bindings.bind(methods.DAEMON_DESCENDS, descends)
    bindings.bind(methods.DAEMON_STOP, stop)
    bindings.bind(methods.CONFIG_GET, config)


def _bind_flows(bindings: Bindings, engine: Engine) -> None:
    async def start(caller: Caller, params: c.StartFlow) -> v.Flow:
        return await engine.begin(params, caller.language, from_session=caller.from_session)

    async def listed(_: Caller, params: c.ListFlows) -> c.FlowList:
        return c.FlowList(await engine.flows(params))

    async def delete(_: Caller, params: c.ByFlow) -> c.Nothing:
        await engine.delete(params.flow_id)
        return c.Nothing()

    bindings.bind(methods.FLOW_START, start)
    bindings.bind(methods.FLOW_GET, _by_flow(engine.get))
    bindings.bind(methods.FLOW_LIST, listed)
    bindings.bind(
        methods.FLOW_WAIT,
        lambda caller, params: engine.wait(params, person=caller.client != _SCRIPT),
    )
    bindings.bind(methods.FLOW_CANCEL, _by_flow(engine.cancel))
    bindings.bind(methods.FLOW_RETRY, _by_flow(engine.retry))
    bindings.bind(
        methods.FLOW_UNDO, lambda caller, params: engine.undo(params.flow_id, _by(caller))
    )
    bindings.bind(methods.FLOW_DELETE, delete)


def _by_flow(
    work: Callable[[v.FlowId], Awaitable[v.Flow]],
) -> Callable[[Caller, c.ByFlow], Awaitable[v.Flow]]:
    return lambda _, params: work(params.flow_id)


def _bind_inquiries(bindings: Bindings, engine: Engine) -> None:
    async def answer(caller: Caller, params: c.AnswerInquiry) -> v.Inquiry:
        return await engine.answer(params, _by(caller))

    bindings.bind(methods.INQUIRY_LIST, lambda _, params: engine.inquiries(params))
    bindings.bind(methods.INQUIRY_GET, lambda _, params: engine.inquiry(params.inquiry_id))
    bindings.bind(methods.INQUIRY_PREVIEW, lambda _, params: engine.preview(params.inquiry_id))
    bindings.bind(methods.INQUIRY_ANSWER, answer)


def _bind_sessions(bindings: Bindings, sessions: Sessions) -> None:
    bindings.bind(methods.SESSION_LIST, lambda _, __: sessions.list())
    bindings.bind(methods.SESSION_END, lambda _, params: sessions.end(params.conversation))


def _bind_terminal(bindings: Bindings, terminals: Terminals) -> None:
    async def send(_: Caller, params: c.SendTerminal) -> c.Nothing:
        await terminals.send(params.flow_id, _keys(params), secret=params.secret)
        return c.Nothing()

    async def signal(_: Caller, params: c.SignalTerminal) -> c.Nothing:
        await terminals.signal(params.flow_id, params.signal)
        return c.Nothing()

    async def resize(_: Caller, params: c.ResizeTerminal) -> c.Nothing:
        await terminals.resize(params.flow_id, params.rows, params.cols)
        return c.Nothing()

    bindings.bind(methods.TERMINAL_SEND, send)
    bindings.bind(methods.TERMINAL_SIGNAL, signal)
    bindings.bind(methods.TERMINAL_RESIZE, resize)


def _bind_index(bindings: Bindings, index: Index, agents: Agents) -> None:
    async def search(_: Caller, params: c.SearchIndex) -> c.SearchResult:
        begun = time.perf_counter()
        agent = None if params.agent is None else await agents.serving.in_service(params.agent)
        hits = await asyncio.to_thread(
            index.search,
            params.query,
            max(1, min(params.k, _MAX_HITS)),
            params.mode,
            "" if agent is None else agent.owner,
            params.filter,
            model=None if agent is None else agent.model,
        )
        took_ms = round((time.perf_counter() - begun) * 1000, 3)
        return c.SearchResult(hits, v.Milliseconds(took_ms))

    async def status(_: Caller, __: c.Nothing) -> c.IndexStatus:
        return await asyncio.to_thread(index.status)

    bindings.bind(methods.INDEX_SEARCH, search)
    bindings.bind(methods.INDEX_STATUS, status)


def _bind_sources(
    bindings: Bindings, documents: DocumentSources, databases: DatabaseSources
) -> None:
    async def listed(_: Caller, __: c.Nothing) -> c.SourceList:
        return c.SourceList([*await documents.list(), *await databases.sources()])

    async def owner(source_id: str) -> DocumentSources | DatabaseSources:
        return databases if await databases.has(source_id) else documents

    async def add(_: Caller, params: c.AddSource) -> v.Source:
        match params.kind:
            case v.SourceKind.DOCUMENTS:
                return await documents.add(params)
            case v.SourceKind.DATABASE:
                return await databases.add(params)
            case _:
                assert_never(params.kind)

    async def remove(_: Caller, params: c.BySource) -> c.Nothing:
        await (await owner(params.source_id)).remove(v.SourceId(params.source_id))
        return c.Nothing()

    async def refresh(_: Caller, params: c.BySource) -> v.Source:
        return await (await owner(params.source_id)).refresh(v.SourceId(params.source_id))

    bindings.bind(methods.SOURCE_LIST, listed)
    bindings.bind(methods.SOURCE_ADD, add)
    bindings.bind(methods.SOURCE_REMOVE, remove)
    bindings.bind(methods.SOURCE_REFRESH, refresh)


def _bind_databases(bindings: Bindings, databases: DatabaseSources) -> None:
    async def listed(_: Caller, __: c.Nothing) -> c.DatabaseList:
        return c.DatabaseList(await databases.list())

    bindings.bind(methods.DATABASE_LIST, listed)
    bindings.bind(methods.DATABASE_DESCRIBE, lambda _, params: databases.describe(params))
    bindings.bind(methods.DATABASE_ANNOTATE, lambda _, params: databases.annotate(params))
    bindings.bind(methods.DATABASE_QUERY, lambda _, params: databases.query(params))


def _bind_permissions(bindings: Bindings, permissions: Permissions) -> None:
    bindings.bind(methods.PERMISSION_LIST, lambda _, params: permissions.list(params))
    bindings.bind(
        methods.PERMISSION_ADD, lambda caller, params: permissions.add(params, _by(caller))
    )
    bindings.bind(
        methods.PERMISSION_REVOKE, lambda caller, params: permissions.revoke(params, _by(caller))
    )


def _bind_audit(bindings: Bindings, auditor: Auditor) -> None:
    bindings.bind(methods.AUDIT_LIST, lambda _, params: auditor.list(params))
    bindings.bind(methods.AUDIT_VERIFY, lambda caller, _: auditor.verify(caller.language))


def _by(caller: Caller) -> v.AnsweredBy:
    return v.AnsweredBy(caller.client or "unknown", caller.pid)


def _keys(params: c.SendTerminal) -> bytes:
    if params.base64 is None:
        return (params.text or "").encode("utf-8", "replace")
    try:
        return base64.b64decode(params.base64, validate=True)
    except (binascii.Error, ValueError):
        raise AlvoError(
            errors.INVALID_PARAMS,
            method=methods.TERMINAL_SEND.name,
            field="base64",
            reason="base64",
        ) from None


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * _PAGE_BYTES
