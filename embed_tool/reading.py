"""From a file that was found to a document that can be stored."""

import hashlib
import os
import stat
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from daemon.index.documents import ParsedDocument, ParsedPassage
from daemon.index.language import detect
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Digest
from daemon.store.clock import timestamp
from embed_tool.blocks import Extract, Kind
from embed_tool.cut import passages
from embed_tool.kinds import SNIFFED_BYTES, kind_of_content
from embed_tool.parsing import Parsers
from embed_tool.reasons import Reason, of_os_error
from embed_tool.walk import Found, shown

_SETTLED_NS: Final = 20_000_000
"""A file changed less than this ago may change once more without a new time of change."""
_ENOUGH_TO_TELL: Final = 4000
"""Characters by which the language of a document is told."""


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file, and what was true of it before they were read.

    `mtime_ns` is 0 if the file is so fresh that its time of change cannot be relied on.
    """

    path: str
    content: bytes
    size: int
    mtime_ns: int
    modified_ns: int
    content_hash: Digest


def read(found: Found, max_bytes: int) -> Content | None:
    """The file's content; None if its name tells nothing and its first bytes are no text's.

    Raises `DOCUMENT_UNREADABLE` or `DOCUMENT_TOO_LARGE`. What is no regular file by now, a pipe
    put in its place, is neither waited for nor followed.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(found.path, flags), "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _unreadable(found, Reason.NOT_REGULAR)
            if found.kind is None and kind_of_content(file.read(SNIFFED_BYTES)) is None:
                if found.named:
                    raise AlvoError(errors.DOCUMENT_UNSUPPORTED, path=shown(found.path))
                return None
            file.seek(0)
            content = _all(file.fileno(), max_bytes)
    except OSError as error:
        raise _unreadable(found, of_os_error(error)) from None
    if len(content) > max_bytes:
        raise AlvoError(errors.DOCUMENT_TOO_LARGE, path=shown(found.path), limit=max_bytes)
    fresh = time.time_ns() - status.st_mtime_ns < _SETTLED_NS
    return Content(
        found.path,
        content,
        status.st_size,
        0 if fresh else status.st_mtime_ns,
        status.st_mtime_ns,
        Digest(hashlib.sha256(content).hexdigest()),
    )


def parse(found: Found, read_: Content, parsers: Parsers) -> ParsedDocument:
    """The document in the content; raises `DOCUMENT_*`."""
    kind = found.kind or kind_of_content(read_.content[:SNIFFED_BYTES]) or Kind.TEXT
    extract = parsers.parse(kind, shown(found.path), read_.content)
    cut = passages(extract)
    beginning = ""
    for passage in cut:
        if len(beginning) >= _ENOUGH_TO_TELL:
            break
        beginning += passage.text + "\n"
    return ParsedDocument(
        path=read_.path,
        title=_title(extract, read_.path),
        language=detect(beginning),
        modified_at=timestamp(datetime.fromtimestamp(read_.modified_ns / 1e9, UTC)),
        size=read_.size,
        mtime_ns=read_.mtime_ns,
        content_hash=read_.content_hash,
        passages=tuple(ParsedPassage(p.place, p.text, p.heading) for p in cut),
    )


def _title(extract: Extract, path: str) -> str:
    return extract.title or os.path.basename(path)  # noqa: PTH119  (paths are strings here, for speed)


def _all(descriptor: int, max_bytes: int) -> bytes:
    """At most one byte more than there may be: a file can grow while it is read."""
    chunks = []
    left = max_bytes + 1
    while left > 0 and (chunk := os.read(descriptor, min(left, 1 << 20))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _unreadable(found: Found, reason: Reason | str) -> AlvoError:
    return AlvoError(errors.DOCUMENT_UNREADABLE, path=shown(found.path), reason=reason)
