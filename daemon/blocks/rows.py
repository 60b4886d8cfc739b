"""Rows of a database as text that a reasoner and a person read."""

from typing import Final

from daemon.protocol.databases import Cell, Rows

SHOWN_ROWS: Final = 50
_CELL_CHARS: Final = 200
_TEXT_CHARS: Final = 8000


def rows_text(rows: Rows) -> str:
    """How many rows there are, then the first of them as a Markdown table; what is cut is said."""
    noun = "row" if len(rows.rows) == 1 and not rows.more else "rows"
    count = f"{len(rows.rows)}{' or more' if rows.more else ''} {noun}"
    if not rows.rows:
        return count
    lines = [
        count,
        "",
        _line([_cell(name) for name in rows.columns]),
        _line(["---"] * len(rows.columns)),
    ]
    size, shown = 0, 0
    for row in rows.rows[:SHOWN_ROWS]:
        line = _line([_cell(cell) for cell in row])
        size += len(line)
        if shown and size > _TEXT_CHARS:
            break
        lines.append(line)
        shown += 1
    if shown < len(rows.rows):
        lines.append(f"… {len(rows.rows) - shown} rows more")
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    text = " ".join(str(cell).split()).replace("|", "\\|")
    return text if len(text) <= _CELL_CHARS else text[: _CELL_CHARS - 1] + "…"
