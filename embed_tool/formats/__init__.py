"""The readers of documents, one library a module; they run in the parsing child only."""

import importlib
from collections.abc import Callable
from typing import Final

from embed_tool.blocks import Extract, Kind


class Encrypted(Exception):
    """The file is protected by a password."""


class TooLarge(Exception):
    """The file holds more, once unpacked, than is read. The argument is the limit in bytes."""


class Unreadable(Exception):
    """The file is damaged or not what its name says. The argument is a `Reason`."""


# Imported by the first file that needs them: each library takes its time.
_READERS: Final = {
    Kind.TEXT: ("text", "read_text"),
    Kind.CODE: ("text", "read_code"),
    Kind.MARKDOWN: ("markdown", "read_markdown"),
    Kind.HTML: ("html", "read_html"),
    Kind.PDF: ("pdf", "read_pdf"),
    Kind.DOCX: ("docx", "read_docx"),
    Kind.SLIDES: ("slides", "read_slides"),
    Kind.SHEETS: ("sheets", "read_sheets"),
    Kind.CSV: ("csv", "read_csv"),
    Kind.ODF: ("odf", "read_odf"),
    Kind.EPUB: ("epub", "read_epub"),
    Kind.NOTEBOOK: ("notebook", "read_notebook"),
    Kind.MAIL: ("mail", "read_mail"),
    Kind.MAILBOX: ("mail", "read_mailbox"),
    Kind.PAGE: ("page", "read_page"),
    Kind.JSON: ("json", "read_json"),
    Kind.XML: ("xml", "read_xml"),
}


def extract(kind: Kind, content: bytes, charset: str = "") -> Extract:
    """The blocks of a file, in the encoding that its server named, if any.

    Raises `Encrypted`, `TooLarge`, `Unreadable`, or what a library raises.
    """
    if charset:
        from embed_tool.formats.text import in_utf8

        content = in_utf8(content, charset)
    module, name = _READERS[kind]
    read: Callable[[bytes], Extract] = getattr(
        importlib.import_module(f"embed_tool.formats.{module}"), name
    )
    return read(content)
