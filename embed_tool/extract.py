"""The documents of an agent as passages: files of JSON lines in, one file of JSON lines out."""

import base64
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from daemon.index.documents import ParsedPassage
from daemon.index.materials import Extracted, Form, Spooled
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Progress, Seconds
from daemon.store.failures import of_system
from embed_tool.blocks import Kind
from embed_tool.context import Context
from embed_tool.cut import passages, split_long
from embed_tool.kinds import SNIFFED_BYTES, is_never_read, kind_of_content, kind_of_name
from embed_tool.parsing import Parsers

_UNIT: Final = "bytes"
_PLACE_CHARS: Final = 120


def run(context: Context, files: Sequence[str], out: str) -> int:
    """Raises `DOCUMENT_*` for the first document that cannot be read: nothing is left out silently.
    AGENT_DATA_LOST where what was given is not there as it was kept; STORE_*.
    """
    # Ctrl-C in the daemon's terminal is for the daemon, which ends us.
    os.setpgid(0, 0)
    try:
        with open(out, "wb", opener=_private) as target:
            documents = _written(context, files, target)
            target.flush()
            os.fsync(target.fileno())
    except OSError as error:
        raise of_system(error, Path(out)) from error
    context.report.result({"documents": documents}, str(documents))
    return 0


def _written(context: Context, files: Sequence[str], target: BinaryIO) -> int:
    """How many documents there were."""
    total = sum(map(_size, files))
    done = documents = 0
    parent = os.getppid()
    with context.parsing() as parsers:
        for size, document in _documents(files):
            target.write(codec.encode(_extracted(document, parsers)) + b"\n")
            if os.getppid() != parent:
                # Who wanted it is gone; the one that comes after it begins anew.
                raise KeyboardInterrupt
            done += size
            documents += 1
            context.report.download(Progress(done, total, _UNIT, Seconds(0.0)))
    return documents


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _size(file: str) -> int:
    try:
        return Path(file).stat().st_size
    except OSError as error:
        raise AlvoError(errors.AGENT_DATA_LOST, path=file) from error


def _documents(files: Sequence[str]) -> Iterator[tuple[int, Spooled]]:
    """Each with how many bytes it has."""
    for file in files:
        try:
            with Path(file).open("rb") as lines:
                for line in lines:
                    yield len(line), codec.decode(line, Spooled)
        except (OSError, codec.Malformed, UnicodeError) as error:
            raise AlvoError(errors.AGENT_DATA_LOST, path=file) from error


def _extracted(document: Spooled, parsers: Parsers) -> Extracted:
    if document.form is Form.PAIR:
        place = " ".join(document.question.split())[:_PLACE_CHARS]
        pieces = split_long(document.text)
        parts = tuple(ParsedPassage(place, piece, place) for piece in pieces)
        return Extracted(
            document.path,
            document.title,
            parts,
            document.question,
            modified_at=document.modified_at,
        )
    if document.form is Form.FILE:
        content = base64.b64decode(document.text, validate=True)
        kind = _kind(document.path, content)
    else:
        content = document.text.encode("utf-8", "replace")
        kind = Kind.MARKDOWN if document.form is Form.MARKDOWN else Kind.TEXT
    extract = parsers.parse(kind, document.path, content)
    cut = tuple(ParsedPassage(p.place, p.text, p.heading) for p in passages(extract))
    name = os.path.basename(document.path) if document.form is Form.FILE else ""  # noqa: PTH119
    title = document.title or extract.title or name
    return Extracted(
        document.path, title, cut, part=document.part, modified_at=document.modified_at
    )


def _kind(path: str, content: bytes) -> Kind:
    kind = None if is_never_read(path) else kind_of_name(path)
    kind = kind or (None if is_never_read(path) else kind_of_content(content[:SNIFFED_BYTES]))
    if kind is None:
        raise AlvoError(errors.DOCUMENT_UNSUPPORTED, path=path)
    return kind
