"""The daemon's door to a person's documents: it has them indexed, and tells how far that is."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

from daemon.config import Paths
from daemon.index import Index
from daemon.protocol import codec, errors
from daemon.protocol.calls import AddSource
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
_NAMES: Final = frozenset(("HOME", "PATH", "TMPDIR", "LANG", "USER", "LOGNAME"))
_PREFIXES: Final = ("LC_", "XDG_", "ALVO_")
"""What the child is told of the environment: no keys among it."""
_NICENESS: Final = 10
_INTERRUPTED: Final = 130
"""The exit status of a run that was interrupted and ended cleanly."""
_END_S: Final = 10.0
_BUSY_S: Final = 2.0
"""How long to wait when another process writes the index."""

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


class DocumentSources:
    """Starts `alvo-embed` for whatever touches a file or writes the index; one at a time.

    A refresh can be cut off and goes on where it was: so adding and removing need not wait for one,
    and what was cut off with the daemon is taken up when somebody looks at the sources again.
    """

    def __init__(self, paths: Paths, index: Index, environ: Mapping[str, str]) -> None:
        self._index = index
        self._environ = {
            name: value
            for name, value in environ.items()
            if name in _NAMES or name.startswith(_PREFIXES)
        }
        self._home = paths.home
        self._log_file = paths.log_file
        self._wanted: dict[SourceId, None] = {}
        self._failed: dict[SourceId, str] = {}
        self._current: _Current | None = None
        self._writing = asyncio.Lock()
        self._worker: asyncio.Task[None] | None = None
        self._looked = False

    async def list(self) -> list[Source]:
        sources = await asyncio.to_thread(self._index.sources)
        if not self._looked:
            self._looked = True
            for source in sources:
                if _documents(source) and source.state is SourceState.INDEXING:
                    self._want(source.id)
        return [self._as_it_is(source) for source in sources]

    async def add(self, params: AddSource) -> Source:
        """Noted at once, indexed from then on; `SOURCE_UNREADABLE` if it is not there."""
        if params.kind is not SourceKind.DOCUMENTS:
            raise _wrong("kind", params.kind.value)
        if not PurePath(params.location).is_absolute() or "\0" in params.location:
            raise _wrong("location", params.location)
        arguments = ["add", "--later", *(["--private"] if params.private else [])]
        if params.name:
            arguments.append(f"--name={params.name}")
        result = await self._write(*arguments, "--", params.location)
        source = codec.from_builtins(result["sources"][0], Source)
        self._want(source.id)
        return self._as_it_is(source)

    async def remove(self, source_id: SourceId) -> None:
        source = await self._find(source_id)
        self._wanted.pop(source.id, None)
        await self._write("remove", "--", source.id)
        self._failed.pop(source.id, None)

    async def refresh(self, source_id: SourceId) -> Source:
        source = await self._find(source_id)
        self._want(source.id)
        return self._as_it_is(source)

    async def close(self) -> None:
        """A refresh that runs is cut off cleanly."""
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker

    async def _find(self, given: str) -> Source:
        sources = [s for s in await asyncio.to_thread(self._index.sources) if _documents(s)]
        fits = [source for source in sources if source.id == given]
        fits = fits or [source for source in sources if given and source.id.startswith(given)]
        if not fits:
            raise AlvoError(errors.SOURCE_NOT_FOUND, source=given)
        if len(fits) > 1:
            raise AlvoError(errors.AMBIGUOUS_ID, id=given)
        return fits[0]

    def _want(self, source_id: SourceId) -> None:
        self._wanted[source_id] = None
        self._failed.pop(source_id, None)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())

    def _as_it_is(self, source: Source) -> Source:
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

    async def _write(self, *arguments: str) -> Json:
        """Runs one short command to its end; a refresh that runs is cut off for it."""
        if self._current is not None:
            self._current.cut_off()
        async with self._writing:
            return await self._run(arguments, None)

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
                    await self._run(("refresh", "--", source_id), self._current)
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

    async def _run(self, arguments: tuple[str, ...], current: _Current | None) -> Json:
        """The result of a run of `alvo-embed`; raises the error that it ended with."""
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            arguments[0],
            "--json",
            *arguments[1:],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=self._environ,
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
        await asyncio.wait_for(process.wait(), _END_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _documents(source: Source) -> bool:
    return source.kind is SourceKind.DOCUMENTS


def _wrong(field: str, value: str) -> AlvoError:
    return AlvoError(
        errors.INVALID_PARAMS, method="source.add", reason=f"{field}: {value!r}", field=field
    )
