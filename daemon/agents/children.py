"""Starts the children that train, listens to them, and ends them."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from daemon.agents import jobs
from daemon.config import AgentSettings, Paths
from daemon.models.keys import ApiKey, handed
from daemon.process import lower
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.framing import MAX_FRAME_BYTES
from daemon.protocol.values import Progress

T = TypeVar("T")
Tell = Callable[[Progress], None]

_COMMAND: Final = (sys.executable, "-I", "-X", "utf8", "-m", "daemon.agents.child")
_EXTRACT: Final = (sys.executable, "-I", "-X", "utf8", "-m", "embed_tool", "extract", "--json")
_NAMES: Final = frozenset(("HOME", "PATH", "TMPDIR", "LANG", "USER", "LOGNAME"))
_PREFIXES: Final = ("LC_", "XDG_", "ALVO_")
"""What a child is told of the environment: no keys among it."""
_LAST_WORDS: Final = 2000


class ChildEnded(Exception):
    """A child ended without a result: killed, out of memory, or by a mistake of ours."""


@dataclass(frozen=True, slots=True)
class _Extraction:
    documents: int


class Children:
    """`run` gives a job to a child of its own; `extract` has documents cut by `alvo-embed`."""

    def __init__(
        self,
        paths: Paths,
        settings: AgentSettings,
        environ: Mapping[str, str],
        key: ApiKey | None = None,
    ) -> None:
        """`key`: the embedder's, for those children alone that embed."""
        self._home = paths.home
        self._settings = settings
        self._environ = {
            name: value
            for name, value in environ.items()
            if name in _NAMES or name.startswith(_PREFIXES)
        }
        self._key = key

    async def run(self, name: str, job: Any, result: type[T], tell: Tell | None = None) -> T:
        """Raises the error that the job ended with, ChildEnded, or AGENT_STAGE_LATE."""
        command = (*_COMMAND, name, str(os.getpid()))
        key = self._key if name in jobs.EMBEDDING else None
        given = await self._result(command, codec.encode(job), tell, key)
        return codec.from_builtins(given["result"], result)

    async def extract(self, files: list[Path], out: Path, tell: Tell | None = None) -> int:
        """How many documents there were; raises `DOCUMENT_*` besides."""
        command = (*_EXTRACT, "--out", str(out), "--", *map(str, files))
        found = await self._result(command, b"", tell)
        return codec.from_builtins({"documents": found["documents"]}, _Extraction).documents

    async def drop(self, owners: list[str], *, thoroughly: bool) -> int:
        """Removes partitions of the index; gives how many passages they had."""
        return (await self.run("drop", jobs.Drop(owners, thoroughly), jobs.Dropped)).passages

    async def _result(
        self,
        command: tuple[str, ...],
        given: bytes,
        tell: Tell | None,
        key: ApiKey | None = None,
    ) -> dict[str, Any]:
        with handed(key) as (more, descriptors):
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environ | more,
                pass_fds=descriptors,
                cwd=self._home if self._home.is_dir() else "/",
                limit=MAX_FRAME_BYTES * 4,
            )
        lower(process.pid, self._settings.niceness)
        try:
            async with asyncio.timeout(self._settings.stage_limit_s):
                return await _talk(process, given, tell)
        except TimeoutError:
            limit = round(self._settings.stage_limit_s)
            raise AlvoError(errors.AGENT_STAGE_LATE, limit=limit) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await asyncio.shield(process.wait())


async def _talk(
    process: asyncio.subprocess.Process, given: bytes, tell: Tell | None
) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    words = asyncio.ensure_future(_last_words(process.stderr))
    try:
        with contextlib.suppress(ConnectionError):
            process.stdin.write(given)
            await process.stdin.drain()
        process.stdin.close()
        async for line in process.stdout:
            event: dict[str, Any] = codec.decode(line, dict)
            match event.get("event"):
                case "result":
                    return event
                case "error":
                    raise AlvoError(errors.ALL[event["name"]], **event["blanks"])
                case "progress" if tell is not None:
                    told = event.get("progress") or {
                        name: event[name] for name in ("done", "total", "unit", "left_s")
                    }
                    tell(codec.from_builtins(told, Progress))
        status = await process.wait()
        raise ChildEnded(f"status {status}: {await words}")
    finally:
        words.cancel()


async def _last_words(pipe: asyncio.StreamReader) -> str:
    """The end of what it said on standard error, for the log."""
    said = b""
    while piece := await pipe.read(4096):
        said = (said + piece)[-_LAST_WORDS:]
    return said.decode("utf-8", "replace").strip()
