"""One page of the internet as passages: bytes on standard input, JSON on standard output."""

import contextlib
import sys
from typing import Final

from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from embed_tool.blocks import Kind
from embed_tool.context import Context
from embed_tool.cut import passages
from embed_tool.parsing import ParseLimits, Parsers

_NAME: Final = "-"
"""What errors call it; who asked knows the address."""
_KINDS: Final = {
    "html": Kind.PAGE,
    "xml": Kind.XML,
    "json": Kind.JSON,
    "plain": Kind.TEXT,
    "markdown": Kind.MARKDOWN,
    "x-markdown": Kind.MARKDOWN,
}


def read(context: Context, media: str, charset: str, seconds: float) -> int:
    """Raises `DOCUMENT_*`."""
    limit = context.config.index.max_file_bytes
    content = sys.stdin.buffer.read(limit + 1)
    if len(content) > limit:
        raise AlvoError(errors.DOCUMENT_TOO_LARGE, path=_NAME, limit=limit)
    limits = ParseLimits(seconds, context.config.index.parse_memory_bytes)
    with contextlib.closing(Parsers(limits, count=1)) as parsers:
        extract = parsers.parse(kind_of(media), _NAME, content, charset)
    value = {
        "title": extract.title,
        "passages": [{"place": p.place, "text": p.text} for p in passages(extract)],
    }
    context.report.result(value, codec.encode(value).decode())
    return 0


def kind_of(media: str) -> Kind:
    """How a media type is read; raises `DOCUMENT_UNSUPPORTED` for what is no text."""
    group, _, name = media.partition("/")
    written_in = "html" if name == "xhtml+xml" else name.rpartition("+")[2]
    kind = _KINDS.get(written_in) if group in ("text", "application") else None
    if kind is None:
        raise AlvoError(errors.DOCUMENT_UNSUPPORTED, path=_NAME)
    return kind
