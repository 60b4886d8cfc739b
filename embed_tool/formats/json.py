"""JSON as a web service sends it: each record one block of lines `name: value`."""

import json
from collections.abc import Iterator
from typing import Any, Final

from embed_tool.blocks import Block, BlockKind, Extract, Unit, one_line
from embed_tool.formats import TooLarge, Unreadable
from embed_tool.formats.text import decoded
from embed_tool.reasons import Reason

_MAX_RECORDS: Final = 20_000
_MAX_DEPTH: Final = 100
_TITLES: Final = ("title", "name", "titulo", "nome")


def read_json(content: bytes) -> Extract:
    try:
        value = json.loads(decoded(content))
    except (ValueError, RecursionError):
        raise Unreadable(Reason.NO_DOCUMENT) from None
    blocks = list[Block]()
    for number, (path, lines) in enumerate(_records(value, "", 0), 1):
        if number > _MAX_RECORDS:
            raise TooLarge(_MAX_RECORDS)
        text = "\n".join([f"{path}:" if path else "", *lines]).strip("\n")
        blocks.append(Block(BlockKind.TABLE, text, (), number, number))
    said = next((value[key] for key in _TITLES if isinstance(value, dict) and key in value), "")
    return Extract(one_line(said) if isinstance(said, str) else "", Unit.PARAGRAPH, blocks)


def _records(value: Any, path: str, depth: int) -> Iterator[tuple[str, list[str]]]:
    """Where in the whole it stands, and its plain values; then what it holds, the same way."""
    if depth > _MAX_DEPTH:
        raise Unreadable(Reason.NO_DOCUMENT)
    if not isinstance(value, dict | list):
        yield path, [_shown(value)]
        return
    items = list(value.items() if isinstance(value, dict) else enumerate(value, 1))
    plain = [f"{key}: {_shown(held)}" for key, held in items if _is_plain(held)]
    if plain:
        yield path, plain
    for key, held in items:
        if not _is_plain(held):
            yield from _records(held, f"{path}.{key}" if path else str(key), depth + 1)


def _is_plain(value: Any) -> bool:
    """One value, or a list of a few that fits on a line."""
    if isinstance(value, list):
        return len(value) <= 20 and not any(isinstance(held, dict | list) for held in value)
    return not isinstance(value, dict)


def _shown(value: Any) -> str:
    match value:
        case list():
            return ", ".join(map(_shown, value))
        case str():
            return one_line(value)
    return json.dumps(value)
