"""Letters and mailboxes: who wrote to whom, when, about what, and the text."""

import email
import email.errors
import email.message
import email.policy
import re
from collections.abc import Iterator
from typing import Final

from embed_tool.blocks import Block, BlockKind, Extract, Unit, one_line, paragraphs
from embed_tool.formats import Unreadable
from embed_tool.formats.html import read_html
from embed_tool.reasons import Reason

_SHOWN: Final = ("From", "To", "Cc", "Date")
_LETTER: Final = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\r\n\r\n))From [^\n]*\n")
_MAX_LETTERS: Final = 20_000
_QUOTED: Final = re.compile(r"^>.*\n?", re.MULTILINE)


def read_mail(content: bytes) -> Extract:
    letter = email.message_from_bytes(content, policy=email.policy.default)
    if not letter.keys():
        raise Unreadable(Reason.NO_DOCUMENT)
    blocks = list(_blocks(letter, 1))
    return Extract(_header(letter, "Subject"), Unit.PARAGRAPH, blocks)


def read_mailbox(content: bytes) -> Extract:
    """As RFC 4155 has it: a line `From ` begins each letter."""
    starts = [found.end() for found in _LETTER.finditer(content)][:_MAX_LETTERS]
    if not starts:
        raise Unreadable(Reason.NO_DOCUMENT)
    ends = [found.start() for found in _LETTER.finditer(content)][1 : len(starts)]
    blocks = list[Block]()
    for number, (start, end) in enumerate(zip(starts, [*ends, len(content)], strict=True), 1):
        letter = email.message_from_bytes(content[start:end], policy=email.policy.default)
        blocks.extend(_blocks(letter, number))
    return Extract("", Unit.MESSAGE, blocks)


def _blocks(letter: email.message.EmailMessage, number: int) -> Iterator[Block]:
    subject = _header(letter, "Subject")
    headings = (subject,) if subject else ()
    if subject:
        yield Block(BlockKind.HEADING, subject, headings, number, number)
    lines = [f"{name}: {said}" for name in _SHOWN if (said := _header(letter, name))]
    lines += [f"Attachment: {name}" for name in _attached(letter)]
    if lines:
        yield Block(BlockKind.PARAGRAPH, "\n".join(lines), headings, number, number)
    for text in _paragraphs(letter):
        yield Block(BlockKind.PARAGRAPH, text, headings, number, number)


def _header(letter: email.message.EmailMessage, name: str) -> str:
    try:
        return one_line(str(letter.get(name, "")))
    except (ValueError, IndexError, email.errors.MessageError):
        # Headers are parsed when they are read, and may be anything.
        return ""


def _attached(letter: email.message.EmailMessage) -> list[str]:
    named = (part.get_filename() for part in letter.walk())
    return [one_line(name) for name in named if isinstance(name, str) and name.strip()]


def _paragraphs(letter: email.message.EmailMessage) -> Iterator[str]:
    """The plain text, without what it quotes of earlier letters; else the HTML as it is seen."""
    try:
        body = letter.get_body(("plain", "html"))
        text = "" if body is None else str(body.get_content())
    except (KeyError, LookupError, ValueError, AttributeError, email.errors.MessageError):
        return
    if body is not None and body.get_content_subtype() == "html":
        yield from (block.text for block in read_html(text.encode()).blocks)
        return
    own = _QUOTED.sub("", text.replace("\r\n", "\n"))
    yield from (found for _, _, found in paragraphs(own.split("\n")))
