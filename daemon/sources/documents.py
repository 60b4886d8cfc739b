"""The daemon's door to a person's documents: it has them indexed, and tells how far that is."""

import asyncio
from collections.abc import Mapping
from pathlib import PurePath

from daemon.config import Paths
from daemon.index import Index
from daemon.protocol import codec, errors
from daemon.protocol.calls import AddSource
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    Source,
    SourceId,
    SourceKind,
    SourceState,
)
from daemon.sources.indexing import Indexing


class DocumentSources:
    """What was cut off with the daemon is taken up when somebody looks at the sources again."""

    def __init__(
        self,
        paths: Paths,
        index: Index,
        environ: Mapping[str, str],
        indexing: Indexing | None = None,
    ) -> None:
        self._index = index
        self._indexing = indexing or Indexing(paths, environ)
        self._looked = False

    async def list(self) -> list[Source]:
        sources = await asyncio.to_thread(self._index.sources)
        if not self._looked:
            self._looked = True
            for source in sources:
                if _documents(source) and source.state is SourceState.INDEXING:
                    self._indexing.want(source)
        return [self._indexing.as_it_is(source) for source in sources]

    async def add(self, params: AddSource) -> Source:
        """Noted at once, indexed from then on; `SOURCE_UNREADABLE` if it is not there."""
        if params.kind is not SourceKind.DOCUMENTS:
            raise _wrong("kind", params.kind.value)
        arguments = ["add", "--later", *arguments_of(params)]
        result = await self._indexing.write(*arguments)
        source = codec.from_builtins(result["sources"][0], Source)
        self._indexing.want(source)
        return self._indexing.as_it_is(source)

    async def remove(self, source_id: SourceId) -> None:
        source = await self._find(source_id)
        self._indexing.forget(source.id)
        await self._indexing.write("remove", "--", source.id)
        self._indexing.forget(source.id)

    async def refresh(self, source_id: SourceId) -> Source:
        source = await self._find(source_id)
        self._indexing.want(source)
        return self._indexing.as_it_is(source)

    async def close(self) -> None:
        """A refresh that runs is cut off cleanly."""
        await self._indexing.close()

    async def _find(self, given: str) -> Source:
        sources = [s for s in await asyncio.to_thread(self._index.sources) if _documents(s)]
        return found(sources, given)


def arguments_of(params: AddSource) -> list[str]:
    """How `alvo-embed` is told of a new source; raises INVALID_PARAMS for a place that is none."""
    if not PurePath(params.location).is_absolute() or "\0" in params.location:
        raise _wrong("location", params.location)
    arguments = ["--private"] if params.private else []
    if params.name:
        arguments.append(f"--name={params.name}")
    return [*arguments, "--", params.location]


def found(sources: list[Source], given: str) -> Source:
    """By id or its beginning; raises SOURCE_NOT_FOUND, AMBIGUOUS_ID."""
    fits = [source for source in sources if source.id == given]
    fits = fits or [source for source in sources if given and source.id.startswith(given)]
    if not fits:
        raise AlvoError(errors.SOURCE_NOT_FOUND, source=given)
    if len(fits) > 1:
        raise AlvoError(errors.AMBIGUOUS_ID, id=given)
    return fits[0]


def _documents(source: Source) -> bool:
    return source.kind is SourceKind.DOCUMENTS


def _wrong(field: str, value: str) -> AlvoError:
    return AlvoError(
        errors.INVALID_PARAMS, method="source.add", reason=f"{field}: {value!r}", field=field
    )
