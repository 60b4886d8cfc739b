"""Plain text and source code; from bytes of any encoding to characters."""

import codecs
from typing import Final

from embed_tool.blocks import Block, BlockKind, Extract, Unit, paragraphs
from embed_tool.formats import Unreadable
from embed_tool.reasons import Reason

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ENCODINGS: Final = frozenset(
    [
        "utf-8",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "cp1250",
        "cp1251",
        "cp1252",
        "cp1253",
        "cp1254",
        "cp1255",
        "cp1256",
        "cp1257",
        "cp1258",
        "cp874",
        "cp866",
        "koi8-r",
        "koi8-u",
        "mac-roman",
        "gbk",
        "gb2312",
        "gb18030",
        "big5",
        "euc_jp",
        "euc_kr",
        "shift_jis",
        "cp932",
        "cp949",
        "iso2022_jp",
        "iso8859-2",
        "iso8859-3",
        "iso8859-4",
        "iso8859-5",
        "iso8859-6",
        "iso8859-7",
        "iso8859-8",
        "iso8859-9",
        "iso8859-10",
        "iso8859-13",
        "iso8859-14",
        "iso8859-15",
        "iso8859-16",
    ]
)
"""Of Python's codecs, those of text on the web, under Python's names."""
_SAMPLE: Final = 256 * 1024
"""Bytes from which an unknown encoding is told: the detection is slow on more."""
_WESTERN: Final = frozenset(
    "áàâãäåéèêëíìîïóòôõöúùûüçñýÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑæœøßÆŒØ"
    "ºª°§«»“”‘’–—…•·€£¢©®™´¨¿¡½¼¾±²³¹×÷\N{NO-BREAK SPACE}"
)
"""What a text in cp1252 holds beyond ASCII if it is in a language of western Europe."""


def read_text(content: bytes) -> Extract:
    return Extract("", Unit.LINE, _blocks(decoded(content), BlockKind.PARAGRAPH))


def read_code(content: bytes) -> Extract:
    return Extract("", Unit.LINE, _blocks(decoded(content), BlockKind.CODE))


def in_utf8(content: bytes, charset: str) -> bytes:
    """The same text with UTF-8's mark before it; as it is if that is no encoding of text.

    The mark goes before whatever the text says of its own encoding, as the server's word does.
    """
    if any(content.startswith(mark) for mark, _ in _MARKS):
        return content
    try:
        # As on the web: what calls itself Latin-1 has the quotes and the euro of cp1252.
        name = codecs.lookup(charset).name
        name = "cp1252" if name in ("iso8859-1", "ascii") else name
        if name not in _ENCODINGS:
            return content
        return codecs.BOM_UTF8 + content.decode(name, "replace").encode("utf-8", "replace")
    except (LookupError, UnicodeError):
        return content


def decoded(content: bytes) -> str:
    """The characters, with line ends as one newline; `Unreadable` if these bytes are no text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _lines(content.decode(encoding, "replace"))
    if b"\0" in content:
        raise Unreadable(Reason.BINARY)
    try:
        return _lines(content.decode("utf-8"))
    except UnicodeDecodeError:
        return _lines(_guessed(content))


def _guessed(content: bytes) -> str:
    import charset_normalizer

    # A few stray bytes in a text of UTF-8 are damage, not another encoding.
    lenient = content.decode("utf-8", "replace")
    bad = lenient.count("\N{REPLACEMENT CHARACTER}")
    wide = sum(byte >= 0x80 for byte in content[:_SAMPLE])
    if bad * 20 < wide:
        return lenient
    # On short texts the detection takes the accents of Portuguese for those of other languages.
    western = content.decode("cp1252", "replace")
    if all(letter in _WESTERN or letter < "\x80" for letter in set(western)):
        return western
    best = charset_normalizer.from_bytes(content[:_SAMPLE]).best()
    if best is None:
        raise Unreadable(Reason.BINARY)
    return content.decode(best.encoding, "replace")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _blocks(text: str, kind: BlockKind) -> list[Block]:
    return [
        Block(kind, body, (), first, last) for first, last, body in paragraphs(text.split("\n"))
    ]
