"""Databases known to an index of their own, as a person's would be."""

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from daemon.config import Paths, load_config
from daemon.index import Index
from daemon.models.choice import choose_embedder
from daemon.sources.databases import DatabaseSources
from embed_tool import databases
from embed_tool.context import Context
from embed_tool.report import JsonReport


def environment_in(home: Path) -> dict[str, str]:
    """A home of one's own, without an embedder: routing goes by words and values."""
    return {"HOME": str(home), "ALVO_EMBEDDER_KIND": "none"}


def context_in(environ: Mapping[str, str]) -> Context:
    paths = Paths.from_environment(environ)
    config = load_config(paths, environ)
    return Context(paths, config, "en", JsonReport(io.StringIO()))


def add(environ: Mapping[str, str], locations: Iterable[Path], *, private: bool = False) -> int:
    """What `alvo-embed database add` does, in this process; its exit status."""
    paths = [str(path) for path in locations]
    return databases.add(context_in(environ), paths, None, private=private, later=False)


@contextlib.contextmanager
def sources_over(environ: Mapping[str, str]) -> Iterator[DatabaseSources]:
    """The daemon's view of what was added; to be used inside of one event loop."""
    paths = Paths.from_environment(environ)
    config = load_config(paths, environ)
    embedder = choose_embedder(config.embedder, paths, {})
    with contextlib.closing(Index.open(paths, embedder)) as index:
        yield DatabaseSources(paths, index, config, environ)
