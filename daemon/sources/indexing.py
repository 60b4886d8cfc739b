"""Runs `alvo-embed` for whatever touches a person's files or writes the index; one run at a time."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from daemon.config import Paths
from daemon.models.keys import ApiKey, handed
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.framing import MAX_FRAME_BYTES
from daemon.protocol.values import (
    Json,
    Progress,
    Seconds,
    Source,
    SourceId,
    SourceKind,
    SourceState,
)

_COMMAND: Final = (sys.executable, "-I", "-m", "embed_tool")
_NAMED: Final = {"database": 2}
"""How many words name a command, where it is not one."""
_NAMES: Final = frozenset(("HOME", "PATH", "TMPDIR", "LANG", "USER", "LOGNAME"))
_PREFIXES: Final = ("LC_", "XDG_", "ALVO_")
"""What the child is told of the environment: no keys among it."""
_NICENESS: Final = 10
_INTERRUPTED: Final = 130
"""The exit status of a run that was interrupted and ended cleanly."""
_END_S: Final = 10.0
_BUSY_S: Final = 2.0
"""How long to wait when another process writes the index."""

_FOLDERS: Final = SourceId("")
"""In place of a source: the folders of the configuration."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Current:
    """The refresh that runs now."""

    source_id: SourceId
    process: asyncio.subprocess.Process | None = None
    progress: Progress | None = None
    unwanted: bool = False

    def cut_off(self) -> None:
        self.unwanted = True
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)


class Indexing:
    """What the daemon has indexed. A refresh can be cut off and goes on where it was: so adding
    and removing need not wait for one.
    """

    def __init__(self, paths: Paths, environ: Mapping[str, str], key: ApiKey | None = None) -> None:
        """`key`: where a server embeds that wants one."""
        self._environ = {
            name: value
            for name, value in environ.items()
            if name in _NAMES or name.startswith(_PREFIXES)
        }
        self._key = key
        self._home = paths.home
        self._log_file = paths.log_file
        self._wanted: dict[SourceId, tuple[str, ...]] = {}
        self._failed: dict[SourceId, str] = {}
        self._current: _Current | None = None
        self._writing = asyncio.Lock()
        self._worker: asyncio.Task[None] | None = None

    def want(self, source: Source) -> None:
        """Has the source refreshed, after those that are wanted already."""
        command = ("database",) if source.kind is SourceKind.DATABASE else ()
        self._wanted[source.id] = (*command, "refresh", "--", source.id)
        self._failed.pop(source.id, None)
        self._begin()

    def want_folders(self) -> None:
        """Has all databases looked at, and the configured folders for new ones."""
        self._wanted[_FOLDERS] = ("database", "refresh")
        self._begin()

    def forget(self, source_id: SourceId) -> None:
        """Its refresh is no longer wanted."""
        self._wanted.pop(source_id, None)
        self._failed.pop(source_id, None)

    def as_it_is(self, source: Source) -> Source:
        """With how far its refresh is, or why it failed."""
        if source.id in self._wanted:
            current = self._current
            mine = current is not None and current.source_id == source.id
            progress = current.progress if mine and current is not None else None
            return replace(source, state=SourceState.INDEXING, progress=progress or source.progress)
        failed = self._failed.get(source.id)
        if failed is not None:
            failures = [failed, *source.failures]
            return replace(source, state=SourceState.FAILED, failures=failures, progress=None)
        return source

    @property
    def idle(self) -> bool:
        """Whether nothing is written, or waits to be."""
        return not self._wanted and not self._writing.locked()

    async def write(self, *arguments: str, given: bytes | None = None) -> Json:
        """Runs one short command to its end; a refresh that runs is cut off for it.

        `given`: what it reads on its standard input.
        """
        if self._current is not None:
            self._current.cut_off()
        async with self._writing:
            return await self._run(arguments, None, given)

    async def close(self) -> None:
        """A refresh that runs is cut off cleanly."""
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker

    def _begin(self) -> None:
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """Refreshes what is wanted, one source after the other, until nothing is."""
        while self._wanted:
            source_id = next(iter(self._wanted))
            try:
                async with self._writing:
                    # Removed while this waited for its turn.
                    if source_id not in self._wanted:
                        continue
                    self._current = _Current(source_id)
                    await self._run(self._wanted[source_id], self._current)
                self._wanted.pop(source_id, None)
            except _CutOff:
                # What cut it off is waiting for its turn, and gets it first.
                await asyncio.sleep(0)
            except AlvoError as error:
                if error.type is errors.INDEX_BUSY:
                    await asyncio.sleep(_BUSY_S)
                    continue
                self._wanted.pop(source_id, None)
                self._failed[source_id] = str(error.blanks.get("sentence", error))
            except Exception:  # noqa: BLE001  (the next source is to be refreshed all the same)
                _log.exception("the refresh of source %s failed", source_id)
                self._wanted.pop(source_id, None)
                self._failed[source_id] = str(errors.INTERNAL_ERROR.name)
            finally:
                self._current = None

    async def _run(
        self, arguments: tuple[str, ...], current: _Current | None, given: bytes | None = None
    ) -> Json:
        """The result of a run of `alvo-embed`; raises the error that it ended with."""
        words = _NAMED.get(arguments[0], 1)
        with handed(self._key) as (more, descriptors):
            process = await asyncio.create_subprocess_exec(
                *_COMMAND,
                *arguments[:words],
                "--json",
                *arguments[words:],
                stdin=asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environ | more,
                pass_fds=descriptors,
                cwd=self._home if self._home.is_dir() else "/",
                limit=MAX_FRAME_BYTES,
                # Of its own, so that Ctrl-C in the daemon's terminal leaves the ending to us.
                start_new_session=True,
            )
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
        try:
            if current is not None:
                current.process = process
                if current.unwanted:
                    current.cut_off()
            if process.stdin is not None:
                # A command reads all that it is given before it says anything.
                await _give(process.stdin, given or b"")
            result = await _read(process, current)
            status = await process.wait()
        except BaseException:
            await asyncio.shield(_end(process))
            raise
        if result is not None:
            return result
        if current is not None and status in (_INTERRUPTED, -signal.SIGINT):
            raise _CutOff
        raise AlvoError(
            errors.INTERNAL_ERROR, reference=f"alvo-embed {status}", log=str(self._log_file)
        )


class _CutOff(Exception):
    """The refresh was interrupted so that something else can be written."""


async def _give(pipe: asyncio.StreamWriter, data: bytes) -> None:
    # One that ended before it had read all says why itself.
    with contextlib.suppress(ConnectionError):
        pipe.write(data)
        await pipe.drain()
    pipe.close()


async def _read(process: asyncio.subprocess.Process, current: _Current | None) -> Json | None:
    """The result among the lines of a run; takes the progress from the others."""
    assert process.stdout is not None
    result = None
    async for line in process.stdout:
        event: dict[str, Any] = codec.decode(line, dict)
        match event.get("event"):
            case "result":
                result = event
            case "error":
                raise AlvoError(
                    errors.ALL[event["name"]], **event["blanks"], sentence=event["message"]
                )
            case "progress" if current is not None:
                left = event["left_s"]
                current.progress = Progress(
                    event["done"],
                    event["total"],
                    event["unit"],
                    None if left is None else Seconds(left),
                )
    return result


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
