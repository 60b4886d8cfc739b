"""The readers of documents, one library a module; they run in the parsing child only."""

from typing import assert_never

from embed_tool.blocks import Extract, Kind


class Encrypted(Exception):
    """The file is protected by a password."""


class TooLarge(Exception):
    """The file holds more, once unpacked, than is read. The argument is the limit in bytes."""


class Unreadable(Exception):
    """The file is damaged or not what its name says. The argument is a `Reason`."""


def extract(kind: Kind, content: bytes) -> Extract:
    """The blocks of a file; raises `Encrypted`, `TooLarge`, `Unreadable`, or what a library raises.

    Every library is imported by the first file that needs it.
    """
    match kind:
        case Kind.TEXT:
            from embed_tool.formats.text import read_text

            return read_text(content)
        case Kind.CODE:
            from embed_tool.formats.text import read_code

            return read_code(content)
        case Kind.MARKDOWN:
            from embed_tool.formats.markdown import read_markdown

            return read_markdown(content)
        case Kind.HTML:
            from embed_tool.formats.html import read_html

            return read_html(content)
        case Kind.PDF:
            from embed_tool.formats.pdf import read_pdf

            return read_pdf(content)
        case Kind.DOCX:
            from embed_tool.formats.docx import read_docx

            return read_docx(content)
    assert_never(kind)
