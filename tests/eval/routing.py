"""Which database a question is for, over nine at once; that it is for none is right as well."""

import asyncio
import csv
import json
import tempfile
from pathlib import Path

from daemon.sources.databases import DatabaseSources
from tests.bench.table import Row
from tests.support.known_databases import add, environment_in, sources_over

FIRST, NONE = 0.85, 0.80
NAMES = {"minilm": "", "none": " by words alone"}


def rows(data: Path | None) -> list[Row]:
    return [] if data is None else routing_rows(data)


def routing_rows(data: Path) -> list[Row]:
    """On the public question pairs, and on questions about the sea that no database answers."""
    found = []
    for kind in ("minilm", "none"):
        with tempfile.TemporaryDirectory() as home:
            environ = environment_in(Path(home)) | {"ALVO_EMBEDDER_KIND": kind}
            add(environ, sorted((data / "sql").glob("*.sqlite")))
            with sources_over(environ) as sources:
                found += asyncio.run(_measured(sources, data, NAMES[kind]))
    return found


async def _measured(sources: DatabaseSources, data: Path, with_: str) -> list[Row]:
    try:
        pairs = json.loads((data / "sql" / "pairs.json").read_text(encoding="utf-8"))
        first = [await _first(sources, pair["question"]) == pair["db"] for pair in pairs]
        found = [_row(f"routing{with_}: right database first", sum(first), len(first), FIRST)]
        for language in ("en", "pt"):
            others = _other_questions(data, language)
            none = [await _first(sources, question) is None for question in others]
            what = f"routing{with_}: none for other questions, {language}"
            found.append(_row(what, sum(none), len(none), NONE))
        return found
    finally:
        await sources.close()


async def _first(sources: DatabaseSources, question: str) -> str | None:
    routes = await sources.route(question)
    return routes[0].database.name if routes else None


def _other_questions(data: Path, language: str) -> list[str]:
    path = data / "retrieval" / "pira" / "validation.csv"
    with path.open(encoding="utf-8", newline="") as file:
        found = [row[f"question_{language}_origin"] for row in csv.DictReader(file)]
    return [question for question in found if question]


def _row(what: str, count: int, of: int, aim: float) -> Row:
    return Row(what, f"{count} of {of}", f"≥ {aim:.0%}", met=count >= aim * of)
