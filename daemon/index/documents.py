"""What is put into the index: a document as its parser cut it."""

from dataclasses import dataclass

from daemon.protocol.values import (
    Digest,
    Timestamp,
)


@dataclass(frozen=True, slots=True)
class ParsedPassage:
    """`place`: heading path, page or lines, as a citation shows it; parts of one place share it."""

    place: str
    text: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """`content_hash`: of the file's bytes; `size` and `mtime_ns`: of the file when it was read."""

    path: str
    title: str
    language: str
    modified_at: Timestamp
    size: int
    mtime_ns: int
    content_hash: Digest
    passages: tuple[ParsedPassage, ...]


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as the index knows it: unchanged if size and time are, or else the hash is."""

    size: int
    mtime_ns: int
    content_hash: Digest
