"""Workbooks of Excel and OpenDocument by calamine: each sheet a heading, its rows below."""

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any, Final

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, ZipError

from embed_tool.blocks import Block, BlockKind, Extract, Unit, one_line
from embed_tool.formats import Encrypted, Unreadable, package, rows
from embed_tool.reasons import Reason

_ZIP: Final = b"PK"


def read_sheets(content: bytes) -> Extract:
    if content.startswith(_ZIP):
        package.opened(content)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        found = list(_blocks(workbook))
    except PasswordError:
        raise Encrypted from None
    except (CalamineError, ZipError, ValueError, OSError):
        raise Unreadable(Reason.NO_DOCUMENT) from None
    return Extract("", Unit.ROW, found)


def _blocks(workbook: CalamineWorkbook) -> Iterator[Block]:
    for name in workbook.sheet_names:
        heading = (one_line(name),)
        held = workbook.get_sheet_by_name(name).to_python(skip_empty_area=True)
        if held:
            yield Block(BlockKind.HEADING, heading[0], heading, 1, 1)
            yield from rows.blocks(([_shown(cell) for cell in row] for row in held), heading)


def _shown(cell: Any) -> str:
    match cell:
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case dt.datetime():
            return cell.isoformat(" ", "minutes")
        case dt.timedelta() | dt.date() | dt.time():
            return str(cell)
    return str(cell)
