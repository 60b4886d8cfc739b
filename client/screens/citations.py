"""The sources of an answer or a plan, as a person reads them."""

from __future__ import annotations

import os

from client import moments
from client.folding import fold, fold_place
from client.place import shorten
from client.prose import one_line
from client.terminal import Paint, display_width
from client.words import Words

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.values import Citation


def citations(cited: list[Citation], words: Words, paint: Paint, width: int | None = None) -> str:
    """Where each claim comes from, and how fresh that is; empty without citations."""
    if not cited:
        return ""
    lines = ["", paint(words("citations_title"), "bold")]
    for citation in cited:
        lines += _citation(citation, paint, width)
    return "\n".join(lines) + "\n"


def _citation(citation: Citation, paint: Paint, width: int | None) -> list[str]:
    """On one line where it fits; else the place has lines of its own, and SQL has them always."""
    mark, title = f"[{citation.n}]", one_line(citation.title)
    fresh = citation.retrieved_at or citation.modified_at
    day = [moments.day(fresh)] if fresh else []
    sql = _sql(citation)
    where = one_line(sql or shorten(citation.location, os.environ))
    day = [] if day and day[0] in where else day
    detail = "  ".join([*([] if where == title else [where]), *day])
    if width is None or (not sql and display_width(f"{mark} {title}  {detail}") <= width):
        return [f"{paint(mark, 'dim')} {title}  {paint(detail, 'dim')}".rstrip()]
    heading = fold(title, width - len(mark) - 1)
    if sql:
        heading, below = _with_day(heading, day, width - 4), fold(where, width - 4)
    else:
        below = [] if where == title else fold_place(where, width - 4)
        below = _with_day(below, day, width - 4)
    return [
        f"{paint(mark, 'dim')} {heading[0]}",
        *(f"    {line}" for line in heading[1:]),
        *(f"    {paint(line, 'dim')}" for line in below),
    ]


def _with_day(lines: list[str], day: list[str], width: int) -> list[str]:
    if lines and day and display_width(f"{lines[-1]}  {day[0]}") <= width:
        return [*lines[:-1], f"{lines[-1]}  {day[0]}"]
    return [*lines, *day]


def _sql(citation: Citation) -> str:
    """The SQL that brought the rows; its place reads `database.table: SELECT …`."""
    return (
        citation.location.removeprefix(f"{citation.title}: ")
        if citation.source == "DATABASE"
        else ""
    )
