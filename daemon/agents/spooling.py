"""What an agent is trained from, as it was given: checked, and put into one file of JSON lines."""

import base64
import contextlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from daemon.config import private_directory
from daemon.index.language import words
from daemon.index.materials import Form, Spooled
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Json, Timestamp
from daemon.store.clock import now, timestamp
from daemon.store.failures import of_system
from prompts import Phrase

MIN_WORDS: Final = 3
"""A sentence such as “I am an expert in Python” is enough to begin with; a greeting is not."""
MAX_DOCUMENTS: Final = 200_000
_PART_CHARS: Final = 200_000
"""A longer text is read in parts: each is small for the child that reads it, and soon embedded."""
_SNIFFED: Final = 1 << 16
_JSON_LINES: Final = (".jsonl", ".ndjson")
_TEXTS: Final = (".txt", ".text", ".md", ".markdown")
_MARKDOWN: Final = re.compile(r"^(?:#{1,6} +\S|```|~~~)", re.MULTILINE)
_TITLE_CHARS: Final = 200
_TRAINING_DATA: Final = "training_data"
"""How errors call what did not come from a file."""


@dataclass(frozen=True, slots=True)
class Measured:
    documents: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class GivenFile:
    """`called`: what citations call it; empty: it is training data, which only came by file."""

    path: str
    called: str


def spool(
    target: Path,
    name: str,
    training_data: str | list[str | Json] | None,
    files: Sequence[GivenFile],
    max_bytes: int,
) -> Measured:
    """Writes the file for this user alone; raises AGENT_DATA_*, AGENT_FILE_UNREADABLE, STORE_FULL and
    STORE_FAILED, and then leaves none.

    `name`: how citations call what did not come from a file.
    """
    limit = _Limit(max_bytes)
    temporary = target.with_name(f".{target.name}")
    try:
        private_directory(target.parent)
        with open(temporary, "wb", opener=_private) as out:
            count = _write(out, _documents(name, training_data, files, limit), files)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise of_system(error, target) from error
        raise
    return Measured(count, target.stat().st_size)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _write(out: BinaryIO, documents: Iterator[Spooled], files: Sequence[GivenFile]) -> int:
    count = said = 0
    binary = False
    for document in documents:
        count += 1
        if count > MAX_DOCUMENTS:
            raise AlvoError(errors.AGENT_DATA_TOO_MANY, limit=MAX_DOCUMENTS)
        binary = binary or document.form is Form.FILE
        if said < MIN_WORDS:
            said += len(words(document.text[:_SNIFFED])) + len(words(document.question))
        out.write(codec.encode(document) + b"\n")
    if not count:
        where = ", ".join(filter(None, (file.called for file in files))) or _TRAINING_DATA
        raise AlvoError(errors.AGENT_DATA_EMPTY, where=where)
    # How much a PDF says is known once it has been read.
    if said < MIN_WORDS and not binary:
        raise AlvoError(errors.AGENT_DATA_TOO_SHORT, words=said, needed=MIN_WORDS)
    return count


class _Limit:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.left = limit

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise AlvoError(errors.AGENT_DATA_TOO_LARGE, limit=self._limit)


def _documents(
    name: str,
    training_data: str | list[str | Json] | None,
    files: Sequence[GivenFile],
    limit: _Limit,
) -> Iterator[Spooled]:
    yield from _as_of(now(), _of_training_data(name, training_data, limit))
    unnamed = int(isinstance(training_data, str))
    for file in files:
        unnamed += not file.called
        # Of two documents of one path the later would take the place of the other.
        called = _apart(file.called, name) or (name if unnamed == 1 else f"{name}, {unnamed}")
        yield from _of_file(file.path, called, file.called or _TRAINING_DATA, limit)


def _apart(called: str, name: str) -> str:
    """A file's name, which what came without one must not have as well. `name`: of that."""
    agent = name.partition("/")[0]
    return (
        f"./{called}"
        if called == agent or called.startswith((f"{agent}, ", f"{agent}/"))
        else called
    )


def _as_of(at: Timestamp, documents: Iterator[Spooled]) -> Iterator[Spooled]:
    return (replace(one, modified_at=at) for one in documents)


def _of_training_data(
    name: str, training_data: str | list[str | Json] | None, limit: _Limit
) -> Iterator[Spooled]:
    if isinstance(training_data, str):
        limit.take(len(training_data.encode("utf-8", "replace")))
        yield from _of_text(training_data, name, _TRAINING_DATA)
    elif training_data is not None:
        for n, one in enumerate(training_data, 1):
            yield from _of_item(one, f"{name}/{n}", f"{_TRAINING_DATA}[{n - 1}]", limit)


def _of_text(text: str, path: str, where: str) -> Iterator[Spooled]:
    """Of one text, whether it holds JSON lines, Markdown, or plain words."""
    _refuse_binary(text, where)
    text = text.removeprefix("\ufeff")
    if _is_json_lines(text):
        yield from _of_lines(text, path, where)
    else:
        yield from _parts(text, path, "")


def _is_json_lines(text: str) -> bool:
    """By its first lines: every one looks like an object, and the first one has a field of ours."""
    head = [line for line in text[:_SNIFFED].splitlines()[:3] if line.strip()]
    looks = all(line.lstrip().startswith("{") for line in head)
    return (
        looks and bool(head) and re.search(r'"(?:question|answer|text)"\s*:', head[0]) is not None
    )


def _of_lines(text: str, path: str, where: str) -> Iterator[Spooled]:
    for n, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        at = Phrase("agent_line", where=where, n=n)
        try:
            item: Any = codec.decode(line, dict)
        except (codec.Malformed, RecursionError) as error:
            raise AlvoError(errors.AGENT_DATA_INVALID, where=at, reason=str(error)) from None
        yield _of_object(item, f"{path}:{n}", at)


def _of_item(one: str | Json, path: str, where: str, limit: _Limit) -> Iterator[Spooled]:
    if isinstance(one, str):
        limit.take(len(one.encode("utf-8", "replace")))
        yield from _of_text(one, path, where)
        return
    limit.take(len(codec.encode(one)))
    document = _of_object(one, path, where)
    yield from (
        [document] if document.form is Form.PAIR else _parts(document.text, path, document.title)
    )


def _of_object(item: Json, path: str, where: object) -> Spooled:
    """A question with its answer, or a text with perhaps a title."""
    known = {"question", "answer"} if "question" in item else {"text", "title"}
    for field, value in item.items():
        if field in known and not isinstance(value, str):
            reason = Phrase("agent_field_text", field=field)
            raise AlvoError(errors.AGENT_DATA_INVALID, where=where, reason=reason)
    needed = ("question", "answer") if "question" in item else ("text",)
    for field in needed:
        if not str(item.get(field, "")).strip():
            reason = Phrase("agent_field_missing", field=field)
            raise AlvoError(errors.AGENT_DATA_INVALID, where=where, reason=reason)
    for field in needed:
        _refuse_binary(item[field], str(where))
    if "question" in item:
        return Spooled(Form.PAIR, path, item["answer"], question=item["question"])
    title = str(item.get("title", ""))[:_TITLE_CHARS]
    return Spooled(_form(item["text"]), path, item["text"], title)


def _of_file(file: str, path: str, where: str, limit: _Limit) -> Iterator[Spooled]:
    """`path`: of its documents, as citations show it; `where`: what errors call it."""
    content, modified_at = _content(file, limit)
    if not content.strip():
        raise AlvoError(errors.AGENT_DATA_EMPTY, where=where)
    yield from _as_of(modified_at, _of_content(content, Path(file).suffix.lower(), path, where))


def _of_content(content: bytes, suffix: str, path: str, where: str) -> Iterator[Spooled]:
    if suffix not in (*_JSON_LINES, *_TEXTS):
        yield Spooled(Form.FILE, path, base64.b64encode(content).decode())
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if suffix in _JSON_LINES or _is_binary_bytes(content):
            raise AlvoError(errors.AGENT_DATA_BINARY, where=where) from None
        # Text in some older encoding: who reads files finds out which.
        yield Spooled(Form.FILE, path, base64.b64encode(content).decode())
        return
    _refuse_binary(text, where)
    if suffix in _JSON_LINES:
        yield from _of_lines(text, path, where)
    else:
        yield from _parts(text, path, "")


def _content(path: str, limit: _Limit) -> tuple[bytes, Timestamp]:
    """And when it was changed."""
    if not Path(path).is_absolute() or "\0" in path:
        raise AlvoError(
            errors.AGENT_FILE_UNREADABLE, path=path, reason=Phrase("agent_path_absolute")
        )
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                reason = Phrase("unread_not_regular")
                raise AlvoError(errors.AGENT_FILE_UNREADABLE, path=path, reason=reason)
            # A file may grow while it is read.
            limit.take(status.st_size)
            return file.read(status.st_size + 1)[: status.st_size], _moment(status.st_mtime)
    except OSError as error:
        raise AlvoError(errors.AGENT_FILE_UNREADABLE, path=path, reason=_reason(error)) from None


def _reason(error: OSError) -> Phrase | str:
    match error:
        case FileNotFoundError():
            return Phrase("unread_missing")
        case PermissionError():
            return Phrase("unread_no_permission")
        case IsADirectoryError():
            return Phrase("agent_path_folder")
    return error.strerror or "?"


def _moment(seconds: float) -> Timestamp:
    try:
        return timestamp(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError):
        # A file system may hold what no calendar does.
        return now()


def _parts(text: str, path: str, title: str) -> Iterator[Spooled]:
    """Whole where it is short enough, else cut between paragraphs."""
    form = _form(text)
    start = part = 0
    while start < len(text):
        end = _end_of_part(text, start)
        part += 1
        piece = text[start:end]
        if piece.strip():
            yield Spooled(form, path, piece, title, part=part)
        start = end


def _end_of_part(text: str, start: int) -> int:
    limit = start + _PART_CHARS
    if limit >= len(text):
        return len(text)
    for between in ("\n\n", "\n", " "):
        found = text.rfind(between, start + _PART_CHARS // 2, limit)
        if found > 0:
            return found + len(between)
    return limit


def _form(text: str) -> Form:
    return Form.MARKDOWN if _MARKDOWN.search(text) else Form.TEXT


def _refuse_binary(text: str, where: str) -> None:
    head = text[:_SNIFFED]
    control = sum(char < " " and char not in "\t\n\r\f\b\x1b" for char in head)
    broken = head.count("\ufffd")
    if "\0" in text or (control + broken) * 50 > len(head):
        raise AlvoError(errors.AGENT_DATA_BINARY, where=where)


def _is_binary_bytes(content: bytes) -> bool:
    head = content[:_SNIFFED]
    return b"\0" in head or sum(
        byte < 32 and byte not in b"\t\n\r\f\b\x1b" for byte in head
    ) * 50 > len(head)
