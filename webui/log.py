"""The bridge's log: a line of JSON each, on standard error and in a rotating file."""

import json
import logging
import logging.handlers
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 5 * 1024 * 1024
KEPT_FILES: Final = 2


def set_up(file: Path) -> None:
    """Warnings of libraries and all of ours from INFO on. The file is for this user alone."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    try:
        handlers.append(_PrivateFile(file, maxBytes=MAX_BYTES, backupCount=KEPT_FILES))
    except OSError as error:
        logging.getLogger(__name__).warning("no log file at %s: %s", file, error.strerror)
    for handler in handlers:
        handler.setFormatter(_Json())
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    logging.getLogger("webui").setLevel(logging.INFO)


class _PrivateFile(logging.handlers.RotatingFileHandler):
    def _open(self) -> object:  # type: ignore[override]  # a text stream, as in the base class
        return open(self.baseFilename, "a", encoding="utf-8", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


class _Json(logging.Formatter):
    """ASCII: every control, bidirectional and invisible character is a JSON escape."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line)
