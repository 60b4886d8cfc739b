"""Agents that come and go as files: `agent.export` and `agent.import`."""

import asyncio
import logging
import os
from pathlib import Path
from typing import Final

from daemon.agents import jobs, packing
from daemon.agents.children import ChildEnded, Children
from daemon.agents.naming import checked
from daemon.agents.places import Places
from daemon.agents.records import Records
from daemon.config import AgentSettings
from daemon.protocol import codec, errors
from daemon.protocol.agents import (
    AgentExported,
    AgentProfile,
    EvaluationReport,
    ExportAgent,
    ImportAgent,
    UserId,
)
from daemon.protocol.errors import AlvoError
from daemon.store import Database
from daemon.store.agents import (
    add_material,
    begin_version,
    change_version,
    create_agent,
    find_agent,
    load_agent,
    load_version,
    materials_of,
)
from prompts import Phrase

_GROWN: Final = 8
"""How many times the data of one call an agent may have gathered."""
_WRITTEN: Final = 2
"""How many times its own size a document may take in a file."""

_log: Final = logging.getLogger(__name__)


class Moving:
    def __init__(
        self, records: Records, children: Children, places: Places, settings: AgentSettings
    ) -> None:
        self._records = records
        self._children = children
        self._places = places
        self._max_bytes = settings.max_bytes * _GROWN
        self._document_bytes = settings.max_bytes * _WRITTEN

    async def export(self, given: ExportAgent) -> AgentExported:
        """The version in service; raises AGENT_NOT_FOUND, AGENT_VERSION_NOT_FOUND,
        AGENT_EXPORT_FAILED.
        """
        user_id = given.user_id
        agent = await self._records.read(lambda db: load_agent(db, user_id))
        number = agent.version or 0
        version = await self._records.read(lambda db: load_version(db, user_id, number))
        materials = await self._records.read(
            lambda db: materials_of(db, user_id, version.materials)
        )
        files = [self._places.material(agent.user_id, one.file) for one in materials]
        exported = await asyncio.to_thread(packing.pack, given.path, agent, version, files)
        fields = {"agent": user_id, "version": number, "bytes": exported.size_bytes}
        _log.info("agent exported", extra={"fields": fields})
        return exported

    async def take_in(self, given: ImportAgent) -> UserId:
        """Gives the name; its training is still to be wanted. Raises AGENT_IMPORT_INVALID,
        AGENT_EXISTS.
        """
        directory = self._places.importing()
        try:
            copy = directory / "given.zip"
            await asyncio.to_thread(packing.copy_in, given.path, copy, self._max_bytes)
            parts = directory / "parts"
            parts.mkdir(mode=0o700)
            job = jobs.Unpack(
                str(copy), given.path, str(parts), self._max_bytes, self._document_bytes
            )
            unpacked = await self._unpacked(job)
            user_id = checked(given.user_id or unpacked.user_id)
            async with self._places.changing[user_id]:
                return await self._kept(user_id, unpacked, parts)
        finally:
            await asyncio.to_thread(self._places.end_importing, directory)

    async def _unpacked(self, job: jobs.Unpack) -> jobs.Unpacked:
        try:
            return await self._children.run("unpack", job, jobs.Unpacked)
        except (AlvoError, ChildEnded) as ended:
            if isinstance(ended, AlvoError) and ended.type is not errors.AGENT_OUT_OF_MEMORY:
                raise
            # Whatever a file did to the child that read it, it is the file that is refused.
            _log.warning("taking in %s: %s", job.called, ended)
            reason = Phrase("agent_reading_ended")
            raise AlvoError(errors.AGENT_IMPORT_INVALID, path=job.called, reason=reason) from ended

    async def _kept(self, user_id: UserId, unpacked: jobs.Unpacked, parts: Path) -> UserId:
        if await self._records.read(lambda db: find_agent(db, user_id)) is not None:
            raise AlvoError(errors.AGENT_EXISTS, agent=user_id)
        has = unpacked.has
        model = (parts / packing.MODEL).read_bytes() if has[packing.MODEL] else None
        profile = report = None
        if has[packing.PROFILE]:
            profile = codec.decode((parts / packing.PROFILE).read_bytes(), AgentProfile)
        if has[packing.REPORT]:
            report = codec.decode((parts / packing.REPORT).read_bytes(), EvaluationReport)
        target = self._places.made(user_id)
        files = {f"data-{os.urandom(6).hex()}.jsonl": parts / name for name in unpacked.data}
        sizes = {file: source.stat().st_size for file, source in files.items()}
        for file, source in files.items():
            source.replace(target / file)

        def keep(db: Database) -> None:
            create_agent(db, user_id, unpacked.config)
            ids = [
                add_material(db, user_id, file, unpacked.documents if not n else 0, size)
                for n, (file, size) in enumerate(sizes.items())
            ]
            number = begin_version(db, user_id, ids, given=True)
            change_version(
                db,
                user_id,
                number,
                model=model,
                chosen=unpacked.chosen,
                profile=profile,
                report=report,
            )

        try:
            await self._records.record(keep)
        except AlvoError:
            await asyncio.to_thread(self._places.remove_files, user_id, files)
            raise
        _log.info("agent taken in", extra={"fields": {"agent": user_id}})
        return user_id
