"""CSV and TSV files, read into an SQLite file of ours that is then asked like any other."""

import codecs
import csv
import io
import itertools
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import apsw

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

_SAMPLE: Final = 64 * 1024
_CHUNK: Final = 1 << 20
_GUESS_ROWS: Final = 2000
_MOST_COLUMNS: Final = 1000
_LONGEST_FIELD: Final = 16 * 1024 * 1024
_BATCH: Final = 5000
_DELIMITERS: Final = ",;\t|"
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_INTEGER: Final = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_REAL: Final = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?")
_COMMA_REAL: Final = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
"""As written in Portuguese: `1.234,50`."""


def import_table_file(source: Path, into: Path) -> None:
    """One table, called as the file. Types, header, delimiter and encoding are found out.

    `into` is replaced in one step, or left as it was. Raises `DATABASE_GONE`,
    `DATABASE_NOT_READABLE` and `DATABASE_EMPTY`.
    """
    partial = into.with_name(into.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        with _opened(source) as text:
            _write(_records(text, source), source, partial)
        partial.replace(into)
    except (csv.Error, UnicodeError) as error:
        raise _unreadable(source, str(error)) from None
    except OSError as error:
        raise _unreadable(source, error.strerror or str(error)) from None
    finally:
        partial.unlink(missing_ok=True)


def _opened(source: Path) -> io.TextIOWrapper:
    try:
        described = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise AlvoError(errors.DATABASE_GONE, database=source.name, location=str(source)) from None
    binary = os.fdopen(described, "rb")
    if not source.is_file():
        binary.close()
        raise _unreadable(source, "not a regular file")
    try:
        encoding = _encoding(binary, source)
        binary.seek(0)
    except BaseException:
        binary.close()
        raise
    return io.TextIOWrapper(binary, encoding, errors="replace", newline="")


def _encoding(binary: BinaryIO, source: Path) -> str:
    """By its mark; else UTF-8 if all of it is, else what spreadsheets of the west write."""
    start = binary.read(4)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    binary.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := binary.read(_CHUNK):
            if b"\0" in chunk:
                raise _unreadable(source, "binary")
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _records(text: io.TextIOWrapper, source: Path) -> Iterator[list[str]]:
    sample = text.read(_SAMPLE)
    text.seek(0)
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(text, delimiter=_delimiter(sample, source), skipinitialspace=True)
    return (record for record in reader if any(field.strip() for field in record))


def _delimiter(sample: str, source: Path) -> str:
    """The one that parts the most lines into one same number of fields."""
    if source.suffix.lower() == ".tsv":
        return "\t"
    lines = sample.splitlines()[:100]
    whole = lines[:-1] if len(sample) == _SAMPLE else lines

    def evenness(delimiter: str) -> tuple[float, int]:
        widths = [len(record) for record in csv.reader(whole, delimiter=delimiter) if record]
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0, usual)

    return max(_DELIMITERS, key=evenness)


def _write(records: Iterator[list[str]], source: Path, into: Path) -> None:
    first = list(itertools.islice(records, _GUESS_ROWS))
    if not first:
        raise AlvoError(errors.DATABASE_EMPTY, database=source.name, location=str(source))
    width = max(map(len, first))
    if width > _MOST_COLUMNS:
        raise _unreadable(source, f"{width} columns")
    header = _is_header(first)
    body = first[1:] if header else first
    names = _names(first[0] if header else [], width)
    kinds = [_kind([row[n] for row in body if n < len(row)]) for n in range(width)]
    connection = apsw.Connection(str(into))
    try:
        for pragma in ("journal_mode = off", "synchronous = off"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        columns = ", ".join(
            f"{_quoted(name)} {kind}" for name, kind in zip(names, kinds, strict=True)
        )
        table = _quoted(_table_name(source))
        connection.execute(f"CREATE TABLE {table} ({columns})")
        insert = f"INSERT INTO {table} VALUES ({', '.join('?' * width)})"
        every = (_row(record, kinds) for record in itertools.chain(body, records))
        with connection:
            while batch := list(itertools.islice(every, _BATCH)):
                connection.executemany(insert, batch)
    finally:
        connection.close()


def _is_header(records: Sequence[list[str]]) -> bool:
    """Names are there, each once, none a number.

    And a column below is of another kind, or no name occurs again as a value.
    """
    head = [field.strip() for field in records[0]]
    if not all(head) or len({name.lower() for name in head}) < len(head):
        return False
    if any(_kind([name]) != "TEXT" for name in head):
        return False
    body = records[1:]
    if not body:
        return True
    below = [[row[n] for row in body if n < len(row)] for n in range(len(head))]
    if any(_kind(values) != "TEXT" for values in below if values):
        return True
    return not any(name in values for name, values in zip(head, below, strict=True))


def _names(head: Sequence[str], width: int) -> list[str]:
    names: list[str] = []
    taken: set[str] = set()
    for n in range(width):
        given = " ".join(head[n].split()) if n < len(head) else ""
        name = given or f"column_{n + 1}"
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        names.append(name)
    return names


def _kind(values: Sequence[str]) -> str:
    """A code such as `007` is a text."""
    filled = [value.strip() for value in values if value.strip()]
    if not filled:
        return "TEXT"
    if all(_INTEGER.fullmatch(value) for value in filled):
        return "INTEGER"
    if any(re.match(r"[+-]?0\d", value) for value in filled):
        return "TEXT"
    numbers = all(_REAL.fullmatch(value) or _COMMA_REAL.fullmatch(value) for value in filled)
    return "REAL" if numbers else "TEXT"


def _row(record: Sequence[str], kinds: Sequence[str]) -> list[str | int | float | None]:
    return [
        _value(record[n].strip(), kind) if n < len(record) else None for n, kind in enumerate(kinds)
    ]


def _value(field: str, kind: str) -> str | int | float | None:
    """What does not fit the kind that the beginning of the file had stays as it is written."""
    if not field:
        return None
    if kind == "INTEGER" and _INTEGER.fullmatch(field):
        return int(field)
    if kind == "REAL":
        if _COMMA_REAL.fullmatch(field):
            return float(field.replace(".", "").replace(",", "."))
        if _REAL.fullmatch(field):
            return float(field)
    return field


def _table_name(source: Path) -> str:
    name = re.sub(r"\W+", "_", source.stem).strip("_")
    return name if name and not name.lower().startswith("sqlite_") else f"table_{name}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _unreadable(source: Path, reason: str) -> AlvoError:
    return AlvoError(
        errors.DATABASE_NOT_READABLE, database=source.name, location=str(source), reason=reason
    )
