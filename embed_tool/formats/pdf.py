"""PDF by pypdfium2: the text of each page, cut into paragraphs as well as its lines tell."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pypdfium2
import pypdfium2.raw

from embed_tool.blocks import Block, BlockKind, Extract, Unit, one_line
from embed_tool.formats import Encrypted, TooLarge, Unreadable
from embed_tool.reasons import Reason

_MAX_PAGES: Final = 20_000
_MAX_CHARACTERS: Final = 20_000_000
_HYPHEN: Final = re.compile(r"[\ufffe\x02]\s*|(?<=[a-zà-ÿ])-\n(?=[a-zà-ÿ])")
_SENTENCE_END: Final = re.compile(r"[.!?:;…][\"”’)\]]?$")
_UNTITLED: Final = re.compile(
    r"^(untitled|microsoft word|document\d*$)|\.(docx?|tex|dvi|indd)$", re.IGNORECASE
)


def read_pdf(content: bytes) -> Extract:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise Encrypted from None
        raise Unreadable(Reason.NO_DOCUMENT) from None
    with document:
        if len(document) > _MAX_PAGES:
            raise TooLarge(_MAX_PAGES)
        return Extract(_title(document), Unit.PAGE, list(_blocks(document)))


def _title(document: Any) -> str:
    title = one_line(document.get_metadata_dict().get("Title", "").replace("\0", ""))
    return "" if _UNTITLED.search(title) else title


def _blocks(document: Any) -> Iterator[Block]:
    left = _MAX_CHARACTERS
    for number in range(1, len(document) + 1):
        text = _page_text(document, number - 1)
        left -= len(text)
        if left < 0:
            raise TooLarge(_MAX_CHARACTERS)
        for paragraph in split_page(text):
            yield Block(BlockKind.PARAGRAPH, paragraph, (), number, number)


def _page_text(document: Any, index: int) -> str:
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        # One broken page leaves the others readable.
        return ""
    text_page = page.get_textpage()
    try:
        return str(text_page.get_text_range(errors="replace"))
    finally:
        text_page.close()
        page.close()


def split_page(text: str) -> list[str]:
    """The paragraphs of a page: at empty lines, and at short lines that end a sentence."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    lines = _HYPHEN.sub("", text).split("\n")
    width = max((len(line) for line in lines), default=0)
    found: list[str] = []
    open_: list[str] = []
    for line in [*(one_line(line) for line in lines), ""]:
        if line:
            open_.append(line)
        if open_ and (not line or (len(line) < width * 0.7 and _SENTENCE_END.search(line))):
            found.append(" ".join(open_))
            open_ = []
    return found
