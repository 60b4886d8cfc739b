"""Sources and hits, as a person reads them."""

from __future__ import annotations

import os

from client import moments
from client.folding import fold
from client.ids import short
from client.place import shorten
from client.prose import one_line
from client.terminal import Paint
from client.words import Words
from daemon.protocol.escape import escape

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.values import (
        Hit,
        Progress,
        Source,
    )

UNITS = frozenset({"unit_files", "unit_tables", "unit_databases"})
"""Phrases of what a run counts; of anything else the numbers are shown alone."""

_EXCERPT = 240
_FAILURES = 5


def source_lines(source: Source, words: Words, paint: Paint, width: int) -> str:
    """A source: where it is, what is in it, what could not be read."""
    counts = words("source_counts", documents=source.documents, passages=source.passages)
    if source.kind == "database":
        counts = words("database_tables", count=source.documents)
    state = words(f"source_{source.state}")
    place = escape(shorten(source.location, os.environ))
    private = "  " + paint(words("source_private"), "yellow") if source.private else ""
    head = (
        f"{paint(short(source.id), 'bold')}  {escape(source.name)}  {paint(place, 'dim')}{private}"
    )
    detail = f"{state} · {counts}"
    if source.progress is not None:
        detail = f"{state} · {progress_text(source.progress, words)}"
    elif source.refreshed_at:
        detail += f" · {moments.moment(source.refreshed_at)}"
    lines = [head, *(f"        {line}" for line in fold(detail, width - 8))]
    for why in source.failures[:_FAILURES]:
        first, *rest = fold(escape(why), width - 10)
        lines.append(f"        {paint('✗', 'red')} {first}")
        lines += [f"          {line}" for line in rest]
    if (more := len(source.failures) - _FAILURES) > 0:
        lines.append("        " + paint(words("source_failures_more", count=more), "dim"))
    return "\n".join(lines) + "\n"


def progress_text(progress: Progress, words: Words) -> str:
    unit = f"unit_{progress.unit}"
    text = f"{progress.done}/"
    text += words(unit, count=progress.total) if unit in UNITS else str(progress.total)
    # Less than a second is a guess at the beginning of something longer.
    if progress.left_s is not None and progress.left_s >= 1:
        text += " · " + words("time_left", span=moments.span(progress.left_s))
    return text


def hit_lines(n: int, hit: Hit, words: Words, paint: Paint, width: int | None) -> str:
    """A hit: what it is, where, and how it begins; folded where there is a width."""
    place = escape(shorten(hit.path, os.environ) + (f" › {hit.place}" if hit.place else ""))
    excerpt = one_line(hit.text)
    if len(excerpt) > _EXCERPT:
        excerpt = excerpt[: excerpt.rfind(" ", 0, _EXCERPT)] + " …"
    score = paint(f"{hit.score:.2f}", "dim")
    private = " " + paint(words("source_private"), "yellow") if hit.private else ""
    lines = [f"{paint(f'{n}.', 'dim')} {paint(one_line(hit.title), 'bold')}  {score}{private}"]
    lines += [f"   {paint(line, 'dim')}" for line in _folded(place, width)]
    lines += [f"   {line}" for line in _folded(excerpt, width)]
    return "\n".join(lines) + "\n"


def _folded(text: str, width: int | None) -> list[str]:
    if width is None:
        return [text]
    return fold(text, width - 3)
