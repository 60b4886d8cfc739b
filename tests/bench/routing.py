"""What finding the right database costs among 20 of 50 tables each."""

import asyncio
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daemon.config import Paths
from daemon.index import IndexWriter, databases
from daemon.index.databases import DATABASES, Collected
from daemon.index.table_documents import table_document
from daemon.models.choice import choose_embedder
from daemon.protocol.databases import Column, DescribedBy, Table
from daemon.protocol.values import SourceKind, SourceState
from daemon.sources import database as door
from tests.bench.search import RandomEmbedder
from tests.bench.table import Row
from tests.support.known_databases import context_in, environment_in, sources_over

DATABASES_, TABLES, COLUMNS, VALUES, ROUNDS = 20, 50, 10, 12, 40
AIM_MS: Final = 50
_LETTERS = "bcdfglmnprstv"
_QUESTION = "How many {0} have a {1} above the average, for each {2} of {3}?"


def rows() -> list[Row]:
    chance = random.Random(3)
    words = [
        "".join(chance.choice(_LETTERS) + chance.choice("aeio") for _ in range(3))
        for _ in range(3_000)
    ]
    with tempfile.TemporaryDirectory() as home:
        environ = environment_in(Path(home)) | {"ALVO_EMBEDDER_KIND": "auto"}
        _fill(environ, Path(home), chance, words)
        times = asyncio.run(_routed(environ, chance, words))
    what = f"routing, {DATABASES_} databases of {TABLES} tables, median (longest)"
    median = statistics.median(times)
    figure = f"{median:.1f} ms ({max(times):.1f})"
    return [Row(what, figure, f"≤ {AIM_MS} ms", met=median <= AIM_MS)]


async def _routed(
    environ: Mapping[str, str], chance: random.Random, words: list[str]
) -> list[float]:
    times = []
    with sources_over(environ) as sources:
        await sources.route(_QUESTION.format(*words[:4]))
        for _ in range(ROUNDS):
            question = _QUESTION.format(*chance.sample(words, 4))
            begun = time.perf_counter()
            await sources.route(question)
            times.append((time.perf_counter() - begun) * 1000)
        await sources.close()
    return times


def _fill(environ: Mapping[str, str], home: Path, chance: random.Random, words: list[str]) -> None:
    paths = Paths.from_environment(environ)
    embedder = choose_embedder(context_in(environ).config.embedder, paths, environ)
    random_ = RandomEmbedder()
    if embedder is not None:
        # Vectors of no meaning are looked through as quickly, and made quicker.
        random_.name = embedder.name
    with IndexWriter.open(paths, random_) as writer:
        for n in range(DATABASES_):
            file = home / f"{words[n]}.sqlite"
            with sqlite3.connect(file) as made:
                made.execute("CREATE TABLE t (a TEXT)")
            source = writer.add_source(
                SourceKind.DATABASE, str(file), file.stem, private=False, owner=DATABASES
            )
            tables = tuple(_table(chance, words) for _ in range(TABLES))
            collected = Collected("sqlite", door.fingerprint(str(file)), tables)
            databases.put(writer.db, source.id, collected)
            described = databases.find(databases.read(writer.db), source.id)
            writer.put_many(
                source.id, [table_document(described, table) for table in described.tables]
            )
            writer.set_state(source.id, SourceState.READY)


def _table(chance: random.Random, words: list[str]) -> Table:
    name = "_".join(chance.sample(words, 2))
    columns = [
        Column(
            name=f"{chance.choice(words)}_{n}",
            type="TEXT",
            nullable=True,
            primary_key=n == 0,
            references=None,
            references_guessed=False,
            description=f"The {chance.choice(words)} of the {name}.",
            described_by=DescribedBy.GUESS,
            distinct=VALUES,
            minimum=None,
            maximum=None,
            values=[" ".join(chance.sample(words, 2)) for _ in range(VALUES)],
        )
        for n in range(COLUMNS)
    ]
    return Table(name, "table", 1_000, False, f"Each {name}.", DescribedBy.GUESS, columns)
