"""Tables of text, with commas, semicolons or tabs between the cells."""

import csv
import io
from typing import Final

from embed_tool.blocks import Extract, Unit
from embed_tool.formats import rows
from embed_tool.formats.text import decoded, read_text

_SAMPLE: Final = 8192
_DELIMITERS: Final = ",;\t|"
_LONGEST_CELL: Final = 1_000_000


def read_csv(content: bytes) -> Extract:
    """What turns out to be no table is read as text."""
    text = decoded(content)
    try:
        dialect = csv.Sniffer().sniff(text[:_SAMPLE], _DELIMITERS)
        csv.field_size_limit(_LONGEST_CELL)
        table = list(csv.reader(io.StringIO(text, newline=""), dialect))
    except csv.Error:
        return read_text(content)
    return Extract("", Unit.ROW, list(rows.blocks(table, ())))
