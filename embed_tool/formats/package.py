"""Files that are zip archives of parts: opened only where they do not hold too much."""

import io
import zipfile
from typing import Final

from embed_tool.formats import Encrypted, TooLarge, Unreadable
from embed_tool.reasons import Reason

MAX_UNPACKED_BYTES: Final = 200 * 1024 * 1024
"""What the parts of a document may come to once unpacked; pictures count too."""
_MAX_PARTS: Final = 20_000
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")


def opened(content: bytes) -> zipfile.ZipFile:
    """What the entries declare is a bound: `zipfile` never unpacks more of a part than that.

    Raises `Encrypted`, `TooLarge`, `Unreadable`.
    """
    if content.startswith(_OLE):
        # An encrypted document of Word, Excel or PowerPoint is wrapped in the old format.
        raise Encrypted
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, EOFError, OSError):
        raise Unreadable(Reason.NO_DOCUMENT) from None
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise Encrypted
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise TooLarge(MAX_UNPACKED_BYTES)
    return archive


def part(archive: zipfile.ZipFile, name: str) -> bytes:
    """Raises `Unreadable` where it is missing or damaged."""
    try:
        return archive.read(name)
    except (KeyError, zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError):
        raise Unreadable(Reason.NO_DOCUMENT) from None
