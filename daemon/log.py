"""The daemon's log: a line of JSON each in a rotating file, a readable line on standard error."""

import json
import logging
import logging.handlers
import os
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daemon.protocol.escape import escape

MAX_BYTES: Final = 5 * 1024 * 1024
KEPT_FILES: Final = 3

# sd-daemon(3): the journal takes the level from the line's beginning.
_PRIORITIES: Final = ((logging.ERROR, "<3>"), (logging.WARNING, "<4>"), (logging.INFO, "<6>"))


def set_up(file: Path, environ: Mapping[str, str]) -> None:
    """Warnings of libraries and all of ours from INFO on. The file is for this user alone."""
    readable = logging.StreamHandler(sys.stderr)
    readable.setFormatter(_Readable(journal="JOURNAL_STREAM" in environ))
    handlers: list[logging.Handler] = [readable]
    try:
        lasting = _PrivateFile(file, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
    except OSError as error:
        reason = error.strerror
    else:
        lasting.setFormatter(_Json())
        handlers.append(lasting)
        reason = None
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    logging.getLogger("daemon").setLevel(logging.INFO)
    if reason is not None:
        logging.getLogger(__name__).warning("no log file at %s: %s", file, reason)


class _PrivateFile(logging.handlers.RotatingFileHandler):
    def _open(self) -> object:  # type: ignore[override]  # a text stream, as in the base class
        return open(
            self.baseFilename, "a", encoding="utf-8", errors="backslashreplace", opener=_private
        )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


class _Json(logging.Formatter):
    """ASCII: every control, bidirectional and invisible character is a JSON escape."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": _moment(record.created),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, default=str)


class _Readable(logging.Formatter):
    def __init__(self, *, journal: bool) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        told = [
            record.getMessage(),
            *(f"{name}={value}" for name, value in _fields(record).items()),
        ]
        text = f"{record.levelname.lower()} {record.name}: {escape(' '.join(told))}"
        if record.exc_info and record.exc_info[0] is not None:
            lines = "".join(traceback.format_exception(*record.exc_info)).splitlines()
            text = "\n".join([text, *(escape(line) for line in lines)])
        if not self._journal:
            return f"{_moment(record.created)} {text}"
        priority = next((mark for level, mark in _PRIORITIES if record.levelno >= level), "<7>")
        return "\n".join(priority + line for line in text.split("\n"))


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """What a message is about, as `extra={"fields": …}` gives it."""
    fields: dict[str, object] = getattr(record, "fields", {})
    return fields


def _moment(seconds: float) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{moment}.{int(seconds % 1 * 1000):03d}Z"
